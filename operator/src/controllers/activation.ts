import type { Bundle } from '@rankguard/contract';
import {
  type InForce,
  type Publisher,
  readSnapshot,
  snapshotName,
  snapshotObject,
} from '../bundles/index.ts';
import type { SnapshotObject } from '../bundles/snapshot.ts';
import { type Kube, RESOURCES, type Store } from '../kube/index.ts';

export interface ActivationDeps {
  readonly kube: Kube;
  /** Of the operator. */
  readonly namespace: string;
  readonly snapshots: Store<SnapshotObject>;
  readonly publisher: Pick<Publisher, 'inForce'>;
  readonly now: () => number;
}

/** Puts bundles in force by writing snapshots; only the leader does. */
export interface Activation {
  /**
   * Makes a bundle the active one, under the next revision unless it is already. `atLeast` is the last revision
   * that somebody has seen. Fails with a conflict when another has written meanwhile.
   */
  activate(
    key: string,
    bundle: Omit<Bundle, 'revision'>,
    atLeast: number,
  ): Promise<InForce & { readonly isNew: boolean }>;
  bundleOf(key: string): Bundle | undefined;
  /** Ends what is in force. */
  end(key: string): Promise<void>;
}

export function createActivation({ kube, namespace, snapshots, publisher, now }: ActivationDeps): Activation {
  /** What this leader has given: local copies may not show it yet. */
  const given = new Map<string, number>();
  const find = (key: string) => snapshots.get(`${namespace}/${snapshotName(key)}`);

  return {
    async activate(key, bundle, atLeast) {
      const active = publisher.inForce(key);
      const found = find(key);
      const isThere = found !== undefined && readSnapshot(found) !== undefined;
      if (active?.digest === bundle.digest && isThere) return { ...active, isNew: false };
      const last = Math.max(active?.revision ?? 0, atLeast, given.get(key) ?? 0);
      const revision = nextRevision(last, now());
      given.set(key, revision);
      const next = snapshotObject(namespace, { key, bundle: { ...bundle, revision } as Bundle });
      if (found === undefined) await kube.create(RESOURCES.configMaps, next);
      else {
        const { resourceVersion } = found.metadata;
        const metadata = { ...next.metadata, ...(resourceVersion && { resourceVersion }) };
        await kube.replace(RESOURCES.configMaps, { ...next, metadata });
      }
      const policies = bundle.policies.map(({ name, mode, digest }) => ({ name, mode, digest }));
      return { revision, digest: bundle.digest, policies, isNew: true };
    },
    bundleOf(key) {
      const found = find(key);
      return found && readSnapshot(found)?.bundle;
    },
    async end(key) {
      const found = find(key);
      if (found === undefined) return;
      const { uid } = found.metadata;
      await kube.remove(RESOURCES.configMaps, { namespace, name: found.metadata.name }, uid ? { uid } : {});
    },
  };
}

/**
 * One more than the last. Where nothing is known of a last one it may have been lost with a namespace or a
 * status, and a sidecar refuses to go back: the clock is ahead of any count that began at a clock before.
 */
export function nextRevision(last: number, now: number): number {
  return last > 0 ? last + 1 : Math.floor(now / 1000);
}
