import { pause } from './backoff.ts';
import type { Kube } from './client.ts';
import { isConflict, unlessMissing } from './errors.ts';
import { microTime } from './micro-time.ts';
import { RESOURCES } from './resources.ts';
import type { KubeObject } from './types.ts';

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface ElectionOptions {
  readonly kube: Kube;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process. */
  readonly identity: string;
  /** Called when this process leads; the signal is aborted when it leads no more. */
  readonly lead: (signal: AbortSignal) => void;
  readonly onError?: (error: unknown) => void;
  readonly timings?: Partial<ElectionTimings>;
}
/** Milliseconds. */
export interface ElectionTimings {
  /** After this without a renewal others may take over. */
  readonly leaseMs: number;
  /** The leader steps down when it could not renew for so long. */
  readonly renewMs: number;
  readonly retryMs: number;
}
const TIMINGS: ElectionTimings = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };

export interface Election {
  start(): void;
  /** Gives the lease back, so that another leads at once. */
  stop(): Promise<void>;
  isLeader(): boolean;
  /** The identity that holds the lease as far as this process has seen; undefined when nobody does. */
  leader(): string | undefined;
}

/**
 * Leader election by a Lease (coordination.k8s.io/v1), as client-go does it: whether a lease has run out is
 * judged by how long this process has seen no change of it, never by comparing clocks. A lease does not fence:
 * what the leader writes must carry a resourceVersion or be server-side apply.
 */
export function createElection(options: ElectionOptions): Election {
  const { kube, namespace, name, identity } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const ending = new AbortController();
  let seen: Sighting | null = null;
  let term: AbortController | null = null;
  let renewedAt = 0;
  let running: Promise<unknown> = Promise.resolve();

  const holder = () => seen?.lease.spec?.holderIdentity || undefined;

  function observe(lease: Lease): void {
    const same = seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    if (!same) seen = { lease, at: performance.now() };
  }

  /** True when the lease is ours afterwards. */
  async function acquireOrRenew(): Promise<boolean> {
    const sent = performance.now();
    const found = await unlessMissing(kube.get<Lease>(RESOURCES.leases, { namespace, name }));
    if (found !== undefined) observe(found);
    const taken = found?.spec?.holderIdentity && found.spec.holderIdentity !== identity;
    if (taken && seen !== null && !ranOut(seen, timings.leaseMs)) return false;
    const spec = specFor(identity, found, timings.leaseMs);
    const written = await writeLease(kube, found, { metadata: { namespace, name }, spec });
    if (written !== null) {
      observe(written);
      renewedAt = sent;
    }
    return written !== null;
  }

  function stepDown(): void {
    term?.abort();
    term = null;
  }

  async function turn(): Promise<void> {
    try {
      const deadline = AbortSignal.timeout(timings.renewMs);
      const won = await Promise.race([acquireOrRenew(), aborted(deadline)]);
      if (won && term === null && !ending.signal.aborted) {
        term = new AbortController();
        options.lead(term.signal);
      } else if (!won && term !== null && holder() !== identity) stepDown();
    } catch (error) {
      options.onError?.(error);
    }
    if (term !== null && performance.now() - renewedAt > timings.renewMs) stepDown();
  }

  async function release(): Promise<void> {
    const lease = seen?.lease;
    if (lease === undefined || holder() !== identity) return;
    const spec = {
      ...lease.spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: microTime(Date.now()),
    };
    const given = writeLease(kube, lease, { ...lease, spec });
    const deadline = AbortSignal.timeout(timings.retryMs);
    await Promise.race([given, aborted(deadline)]).catch((error) => options.onError?.(error));
  }

  return {
    isLeader: () => term !== null,
    leader: holder,
    start() {
      running = (async () => {
        while (!ending.signal.aborted) {
          await turn();
          await pause(timings.retryMs * (0.8 + Math.random() * 0.4), ending.signal);
        }
      })();
    },
    async stop() {
      ending.abort();
      await running;
      stepDown();
      await release();
    },
  };
}

interface Sighting {
  readonly lease: Lease;
  /** By this process's own clock, which nobody sets. */
  readonly at: number;
}

function ranOut({ lease, at }: Sighting, leastMs: number): boolean {
  const promised = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
  return performance.now() - at > Math.max(promised, leastMs);
}

function specFor(identity: string, before: Lease | undefined, leaseMs: number): NonNullable<Lease['spec']> {
  const now = microTime(Date.now());
  const mine = before?.spec?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseMs / 1000),
    acquireTime: mine ? (before?.spec?.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: (before?.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1),
  };
}

/** Null when another was faster. */
async function writeLease(
  kube: Kube,
  before: Lease | undefined,
  { metadata, spec }: Lease,
): Promise<Lease | null> {
  try {
    if (before === undefined) return await kube.create<Lease>(RESOURCES.leases, { metadata, spec });
    return await kube.replace<Lease>(RESOURCES.leases, { ...before, spec } as Lease);
  } catch (error) {
    if (isConflict(error)) return null;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
