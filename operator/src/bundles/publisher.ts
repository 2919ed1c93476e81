import type { Bundle } from '@rankguard/contract';
import type { SignedBundle } from '@rankguard/contract/control';
import type { BundleStore } from '../control/index.ts';
import type { ReflectorLog } from '../kube/index.ts';
import { untilRenewal } from '../signing/index.ts';
import { readSnapshot, type SnapshotObject } from './snapshot.ts';

/** Signs a bundle for the time that its connection lets it serve without the operator. */
export type SignBundle = (bundle: Bundle) => Promise<SignedBundle>;

export interface PublisherDeps {
  readonly sign: SignBundle;
  readonly store: Pick<BundleStore, 'publish' | 'remove'>;
  readonly log: ReflectorLog;
  /** Milliseconds until the same revision is signed again; well below what a signature is good for. */
  readonly renewMs?: (bundle: Bundle) => number;
}

/** What is in force, without its content. */
export interface InForce {
  readonly revision: number;
  readonly digest: string;
  readonly policies: readonly { readonly name: string; readonly mode: string; readonly digest: string }[];
}

/** Serves what the snapshots say: signs each, and again before the signature runs out. */
export interface Publisher {
  /** Call it for each change of a snapshot, in order. */
  take(next: SnapshotObject | undefined, previous: SnapshotObject | undefined): void;
  inForce(key: string): InForce | undefined;
  /** Keys of all connections that have a snapshot. */
  keys(): readonly string[];
  /** Signs everything again: keys, CA or the cluster's issuer have changed. */
  renew(): void;
  /** Resolves when everything taken so far is served. */
  settled(): Promise<void>;
  /** How many connections could not be signed. */
  failing(): number;
  stop(): void;
}

const RETRY_MS = 2_000;

export function createPublisher(deps: PublisherDeps): Publisher {
  const { sign, store, log, renewMs = (bundle) => untilRenewal(bundle, Date.now()) } = deps;
  /** The snapshot itself is kept compressed: policies are large, and signing is rare. */
  const entries = new Map<string, { readonly object: SnapshotObject; readonly inForce: InForce }>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failed = new Set<string>();
  const working = new Set<Promise<void>>();
  let stopped = false;

  function publish(key: string): void {
    const work = signAndStore(key).finally(() => working.delete(work));
    working.add(work);
  }

  async function signAndStore(key: string): Promise<void> {
    clearTimeout(timers.get(key));
    const entry = entries.get(key);
    const snapshot = entry && readSnapshot(entry.object);
    if (snapshot === undefined || stopped) return;
    let again = renewMs(snapshot.bundle);
    try {
      const signed = await sign(snapshot.bundle);
      // Another revision, or none, may have come while this one was signed.
      if (entries.get(key) === entry) store.publish(key, signed);
      failed.delete(key);
    } catch (error) {
      failed.add(key);
      again = RETRY_MS;
      log('error', 'a bundle cannot be signed', { connection: key, error: String(error) });
    }
    if (entries.get(key) === entry && !stopped) {
      clearTimeout(timers.get(key));
      timers.set(key, setTimeout(() => publish(key), again).unref());
    }
  }

  function drop(key: string): void {
    entries.delete(key);
    failed.delete(key);
    clearTimeout(timers.get(key));
    timers.delete(key);
    store.remove(key);
  }

  return {
    take(next, previous) {
      const snapshot = next && readSnapshot(next);
      if (next !== undefined && snapshot !== undefined) {
        entries.set(snapshot.key, { object: next, inForce: inForceOf(snapshot.bundle) });
        publish(snapshot.key);
      } else if (next !== undefined) {
        // Whoever damaged it must not switch the guard off: what was served stays.
        log('error', 'a snapshot cannot be read', { snapshot: next.metadata.name });
      } else if (previous !== undefined) {
        const gone = readSnapshot(previous);
        if (gone !== undefined) drop(gone.key);
      }
    },
    inForce: (key) => entries.get(key)?.inForce,
    keys: () => [...entries.keys()],
    renew() {
      for (const key of entries.keys()) publish(key);
    },
    async settled() {
      while (working.size > 0) await Promise.all(working);
    },
    failing: () => failed.size,
    stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

function inForceOf({ revision, digest, policies }: Bundle): InForce {
  const kept = policies.map(({ name, mode, digest: own }) => ({ name, mode, digest: own }));
  return { revision, digest, policies: kept };
}
