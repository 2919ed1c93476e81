import {
  createReflector,
  type Kube,
  type KubeObject,
  microTime,
  pause,
  RESOURCES,
  type ReflectorLog,
} from '../kube/index.ts';

/** What one replica of the operator injects, and where the others find it. */
export interface Replica {
  readonly name: string;
  readonly image: string;
  /** Root keys that it puts into pods. */
  readonly keys: readonly string[];
  /** Base URL of its own control API. */
  readonly url: string;
  /** PEM: the certificates of the control API that it puts into pods. */
  readonly ca: string;
}

export interface ReplicasOptions {
  readonly kube: Kube;
  readonly namespace: string;
  /** Prefix of the Leases' names. */
  readonly release: string;
  /** As it is now: keys and certificates rotate. */
  readonly own: () => Replica;
  readonly log: ReflectorLog;
  /** Called when replicas come, go, or change what they inject. */
  readonly onChange: () => void;
  readonly renewMs?: number;
}

/**
 * Which replicas live, by a Lease for each. During an upgrade two versions inject at once, and admission must
 * accept what both put into pods.
 */
export interface Replicas {
  start(): Promise<void>;
  /** Whether the others can know of this one. */
  isAnnounced(): boolean;
  /** Says at once what is new about this replica. */
  renew(): Promise<void>;
  /** Takes this replica off the list. */
  stop(): Promise<void>;
  /** The own one always, then the others by name. */
  live(): readonly Replica[];
  /** Deletes what replicas left behind that ended without a word. The leader does it. */
  sweep(): Promise<void>;
}

interface ReplicaLease extends KubeObject {
  readonly spec?: { readonly renewTime?: string };
}

const LABEL = 'rankguard.dev/replica';
const ANNOTATION = 'rankguard.dev/injects';
const RENEW_MS = 10_000;
/** Missed renewals after which a replica counts as gone, and as forgotten. */
const GONE = 5;
const FORGOTTEN = 60;

export function createReplicas(options: ReplicasOptions): Replicas {
  const { kube, namespace, release, own, onChange, renewMs = RENEW_MS } = options;
  const ending = new AbortController();
  /** When a Lease last changed, by this process's own clock. */
  const seen = new Map<string, number>();
  let shown = '';
  let isAnnounced = false;
  let running: Promise<unknown> = Promise.resolve();
  const name = `${release}-replica-${own().name}`;
  const leases = createReflector<ReplicaLease>({
    kube,
    resource: RESOURCES.leases,
    scope: { namespace, labelSelector: `${LABEL}=${release}` },
    log: options.log,
    onChange({ key, next }) {
      if (next) seen.set(key, performance.now());
      else seen.delete(key);
      tell();
    },
  });

  const ageOf = (lease: ReplicaLease) =>
    performance.now() - (seen.get(`${namespace}/${lease.metadata.name}`) ?? 0);

  function live(): readonly Replica[] {
    const others = leases
      .list()
      .filter((lease) => lease.metadata.name !== name && ageOf(lease) < GONE * renewMs)
      .map(readReplica)
      .filter((replica) => replica !== undefined)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return [own(), ...others];
  }

  function tell(): void {
    const now = JSON.stringify(live());
    if (now === shown) return;
    shown = now;
    onChange();
  }

  async function renew(): Promise<void> {
    await kube.apply(RESOURCES.leases, leaseOf(options, name, renewMs), { manager: name });
    tell();
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      await pause(renewMs, ending.signal);
      await renew().catch((error) =>
        options.log('warn', 'the replica cannot be renewed', { error: String(error) }),
      );
      // Nobody tells that somebody has gone silent.
      tell();
    }
  }

  return {
    live,
    renew,
    isAnnounced: () => isAnnounced,
    async start() {
      await renew();
      isAnnounced = true;
      leases.start();
      await leases.synced;
      running = run();
    },
    async stop() {
      ending.abort();
      await running;
      await leases.stop();
      await kube.remove(RESOURCES.leases, { namespace, name }).catch(() => false);
    },
    async sweep() {
      const forgotten = leases.list().filter((lease) => ageOf(lease) > FORGOTTEN * renewMs);
      for (const { metadata } of forgotten) {
        await kube.remove(RESOURCES.leases, { namespace, name: metadata.name });
      }
    },
  };
}

function leaseOf({ namespace, release, own }: ReplicasOptions, name: string, renewMs: number): KubeObject {
  const labels = { [LABEL]: release };
  const annotations = { [ANNOTATION]: JSON.stringify(own()) };
  const spec = {
    holderIdentity: own().name,
    leaseDurationSeconds: Math.ceil((GONE * renewMs) / 1000),
    renewTime: microTime(Date.now()),
  };
  const lease = { metadata: { namespace, name, labels, annotations }, spec };
  return lease;
}

function readReplica({ metadata }: ReplicaLease): Replica | undefined {
  try {
    const read = JSON.parse(metadata.annotations?.[ANNOTATION] ?? '') as Partial<Replica>;
    const { name, image, keys, url, ca } = read;
    if (!name || !image || !Array.isArray(keys) || url === undefined || ca === undefined) return undefined;
    return { name, image, keys, url, ca };
  } catch {
    return undefined;
  }
}
