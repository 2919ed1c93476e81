import type { PodAck } from '@rankguard/contract/control';
import { type InForce, type Publisher, readSnapshot, type SnapshotObject } from '../bundles/index.ts';
import type { Planner } from '../compile/index.ts';
import type { Recorder } from '../events/index.ts';
import {
  type Change,
  createWorkQueue,
  type Kube,
  type KubeObject,
  RESOURCES,
  type ReflectorLog,
  type WorkQueue,
} from '../kube/index.ts';
import type { Replicas } from '../replicas/index.ts';
import { createActivation } from './activation.ts';
import type { CacheName, Caches } from './caches.ts';
import { createConnectionController, type FindBypass } from './connection.ts';
import { capturesOf } from './pods.ts';
import { createPolicyController, createProfileController } from './policy.ts';
import { createWebhookController, EVERY_NAMESPACE, type WebhooksOf } from './webhooks.ts';

export {
  allCaches,
  type CacheName,
  type Caches,
  createCaches,
  MANAGED,
  type ServiceObject,
} from './caches.ts';
export type { ConnectionObject } from './conflicts.ts';
export type { FindBypass } from './connection.ts';
export { regarding } from './connection-events.ts';
export { capturesOf, type PodObject, type PodsSeen } from './pods.ts';
export { MANAGER } from './status-writer.ts';
export { generatedKeyOf } from './upstream-key.ts';
export { EVERY_NAMESPACE, type WebhooksOf } from './webhooks.ts';

export interface ControllersDeps {
  readonly kube: Kube;
  /** Of the operator. */
  readonly namespace: string;
  readonly caches: Caches;
  readonly planner: Planner;
  readonly publisher: Publisher;
  readonly replicas: Pick<Replicas, 'live' | 'sweep'>;
  readonly recorder: Pick<Recorder, 'record'>;
  readonly findBypass: FindBypass;
  readonly webhooksOf: WebhooksOf;
  readonly namespaceOf: (configuration: KubeObject) => string | undefined;
  readonly log: ReflectorLog;
  readonly metrics: ControllerMetrics;
  readonly now: () => number;
}
export interface ControllerMetrics {
  reconciled(controller: string, seconds: number): void;
  failed(controller: string): void;
}

/** Everything that the leader keeps in its wanted state. */
export interface Controllers {
  /** Works until the signal is aborted. */
  lead(signal: AbortSignal): void;
  /** Call it for every change of a cache, leader or not. */
  changed(cache: CacheName, change: Change<KubeObject>): void;
  /** Replicas have come or gone, or the certificates that webhooks trust have changed. */
  everythingChanged(): void;
  /** What a sidecar says of a revision. */
  acknowledged(ack: PodAck): void;
  /** Names that wait or are worked on. */
  depth(): number;
}

/** Bursts of pods and acknowledgements become one look. */
const GATHER_MS = 500;
const SWEEP_MS = 60_000;
const CONCURRENCY = 4;

type Reconcile = (key: string) => Promise<number | undefined>;

export function createControllers(deps: ControllersDeps): Controllers {
  const { caches, publisher } = deps;
  const confirmed = new Map<string, { readonly revision: number; readonly refused: string | null }>();
  const work = reconcilers(deps, confirmed);
  let queue: WorkQueue | null = null;

  const add = (controller: string, key: string, afterMs = 0) => {
    const name = `${controller} ${key}`;
    if (afterMs > 0) queue?.addAfter(name, afterMs);
    else queue?.add(name);
  };
  const route = createRoutes(deps, add, (uid) => confirmed.delete(uid));

  function addEverything(): void {
    add('webhooks', EVERY_NAMESPACE);
    for (const key of new Set([...caches.connections.list().map(keyIn), ...publisher.keys()]))
      route.connection(key);
    for (const object of caches.policies.list()) add('policy', keyIn(object));
    for (const object of caches.clusterPolicies.list()) add('cluster-policy', keyIn(object));
    for (const object of caches.profiles.list()) add('profile', keyIn(object));
    for (const object of caches.clusterProfiles.list()) add('cluster-profile', keyIn(object));
    for (const configuration of [...caches.mutatingWebhooks.list(), ...caches.validatingWebhooks.list()]) {
      const namespace = deps.namespaceOf(configuration);
      if (namespace !== undefined) add('webhooks', namespace);
    }
  }

  return {
    lead(signal) {
      const own = startQueue(deps, work);
      queue = own;
      add('sweep', 'replicas');
      addEverything();
      signal.addEventListener('abort', () => {
        if (queue === own) queue = null;
        void own.stop();
      });
    },
    changed: (cache, change) => route.change(cache, change),
    everythingChanged: addEverything,
    acknowledged({ connection: { namespace, name }, pod, revision, refused }) {
      const before = confirmed.get(pod.uid);
      const why = refused === null ? null : `${refused.code}: ${refused.message}`;
      if (before?.revision === revision && before.refused === why) return;
      // A refused revision is not the one that runs.
      confirmed.set(pod.uid, {
        revision: refused === null ? revision : (before?.revision ?? 0),
        refused: why,
      });
      add('connection', `${namespace}/${name}`, GATHER_MS);
    },
    depth: () => queue?.depth ?? 0,
  };
}

function startQueue({ log, metrics }: ControllersDeps, work: Readonly<Record<string, Reconcile>>): WorkQueue {
  const parts = (name: string) => name.split(' ') as [string, string];
  return createWorkQueue({
    concurrency: CONCURRENCY,
    async work(name) {
      const [controller, key] = parts(name);
      return await work[controller]?.(key);
    },
    onDone: (name, seconds) => metrics.reconciled(parts(name)[0], seconds),
    onError(name, error, retryMs) {
      const [controller, key] = parts(name);
      metrics.failed(controller);
      const message = error instanceof Error ? error.message : String(error);
      log('warn', 'reconciling failed', { controller, key, error: message, retryMs: Math.round(retryMs) });
    },
  });
}

function reconcilers(
  deps: ControllersDeps,
  confirmed: ReadonlyMap<string, { readonly revision: number; readonly refused: string | null }>,
): Readonly<Record<string, Reconcile>> {
  const { caches, publisher, replicas } = deps;
  const activation = createActivation({ ...deps, snapshots: caches.snapshots });
  const inForce = () => {
    const all = publisher.keys().map((key) => [key, publisher.inForce(key)] as const);
    return new Map(all.filter((entry): entry is readonly [string, InForce] => entry[1] !== undefined));
  };
  const policyDeps = { ...deps, inForce };
  const connection = createConnectionController({
    ...deps,
    activation,
    confirmed,
    inForce: publisher.inForce,
    replicas: replicas.live,
  });
  const policy = createPolicyController(policyDeps, RESOURCES.policies, caches.policies);
  const clusterPolicy = createPolicyController(policyDeps, RESOURCES.clusterPolicies, caches.clusterPolicies);
  const profile = createProfileController(deps, RESOURCES.profiles, caches.profiles);
  const clusterProfile = createProfileController(deps, RESOURCES.clusterProfiles, caches.clusterProfiles);
  return {
    connection: connection.reconcile,
    policy: policy.reconcile,
    'cluster-policy': clusterPolicy.reconcile,
    profile: profile.reconcile,
    'cluster-profile': clusterProfile.reconcile,
    webhooks: createWebhookController(deps).reconcile,
    async sweep() {
      await replicas.sweep();
      return SWEEP_MS;
    },
  };
}

const keyIn = ({ metadata: { namespace, name } }: KubeObject) =>
  namespace === undefined ? name : `${namespace}/${name}`;

const namespaceOfKey = (key: string) => key.slice(0, key.indexOf('/'));

/** Our own write, most often: nothing that anything depends on has changed. */
function isStatusAlone({ next, previous }: Change<KubeObject>): boolean {
  const wanted = ({ metadata }: KubeObject) =>
    JSON.stringify([metadata.uid, metadata.generation, metadata.labels]);
  return next !== undefined && previous !== undefined && wanted(next) === wanted(previous);
}

/** Which names a change of a cache is about. */
function createRoutes(
  { caches, publisher, namespaceOf }: ControllersDeps,
  add: (controller: string, key: string, afterMs?: number) => void,
  forgetPod: (uid: string) => void,
) {
  function connection(key: string): void {
    add('connection', key);
    add('webhooks', namespaceOfKey(key));
  }
  const connectionsOf = (namespace: string | undefined) => {
    for (const { metadata } of caches.connections.list()) {
      if (namespace === undefined || metadata.namespace === namespace) add('connection', keyIn({ metadata }));
    }
  };
  function pod({ next, previous }: Change<KubeObject>): void {
    const known = next ?? previous;
    if (known === undefined) return;
    if (next === undefined) forgetPod(known.metadata.uid ?? '');
    for (const name of capturesOf(known).keys())
      add('connection', `${known.metadata.namespace}/${name}`, GATHER_MS);
  }
  function snapshot({ next, previous }: Change<SnapshotObject>): void {
    const object = next ?? previous;
    const found = object && readSnapshot(object);
    if (found === undefined) return void connectionsOf(undefined);
    add('connection', found.key);
    for (const { name, scope } of found.bundle.policies)
      add(scope === 'cluster' ? 'cluster-policy' : 'policy', name);
  }
  function webhook({ next, previous }: Change<KubeObject>): void {
    const namespace = namespaceOf((next ?? previous) as KubeObject);
    if (namespace !== undefined) add('webhooks', namespace);
  }
  const routes: Readonly<Record<CacheName, (change: Change<KubeObject>) => void>> = {
    connections(change) {
      connection(change.key);
      if (isStatusAlone(change)) return;
      // A younger one may have waited for its port.
      connectionsOf(namespaceOfKey(change.key));
    },
    policies(change) {
      const { key } = change;
      if (isStatusAlone(change)) return;
      add('policy', key);
      connectionsOf(namespaceOfKey(key));
    },
    clusterPolicies(change) {
      const { key } = change;
      if (isStatusAlone(change)) return;
      add('cluster-policy', key);
      connectionsOf(undefined);
    },
    profiles(change) {
      const { key } = change;
      if (isStatusAlone(change)) return;
      add('profile', key);
      connectionsOf(namespaceOfKey(key));
    },
    clusterProfiles(change) {
      const { key } = change;
      if (isStatusAlone(change)) return;
      add('cluster-profile', key);
      connectionsOf(undefined);
    },
    namespaces(change) {
      if (!isStatusAlone(change)) connectionsOf(change.key);
    },
    services: () => {},
    pods: pod,
    snapshots: (change) => snapshot(change as Change<SnapshotObject>),
    mutatingWebhooks: webhook,
    validatingWebhooks: webhook,
  };

  return {
    connection,
    change(cache: CacheName, change: Change<KubeObject>): void {
      if (cache === 'snapshots')
        publisher.take(change.next as SnapshotObject, change.previous as SnapshotObject);
      routes[cache](change);
    },
  };
}
