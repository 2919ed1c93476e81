import { codeOf, type Problem } from '@rankguard/contract';
import type { ConnectionStatus } from '@rankguard/contract/resources';
import type { InForce } from '../bundles/index.ts';
import type { Plan, Planner } from '../compile/index.ts';
import type { Recorder } from '../events/index.ts';
import { keyIsForAll } from '../injection/index.ts';
import { type Kube, keyOf, RESOURCES, splitKey } from '../kube/index.ts';
import type { Replica } from '../replicas/index.ts';
import type { Activation } from './activation.ts';
import type { Caches } from './caches.ts';
import { closePorts } from './closing.ts';
import type { ConnectionObject } from './conflicts.ts';
import { olderRival } from './conflicts.ts';
import { activation, troubles } from './connection-events.ts';
import { connectionStatus } from './connection-status.ts';
import { networkPolicyName } from './network-policy.ts';
import { type Confirmed, capturesOf, type PodObject, type PodsSeen, sortPods } from './pods.ts';
import { writeStatus } from './status-writer.ts';
import { generatedKeyOf, isGeneratedKey } from './upstream-key.ts';

/** Ways round the sidecar that remain, as sentences with a code. */
export type FindBypass = (
  connection: ConnectionObject,
  pods: PodsSeen,
) => Promise<readonly { readonly code: string; readonly message: string }[]>;

export interface ConnectionDeps {
  readonly kube: Kube;
  readonly caches: Caches;
  readonly planner: Planner;
  readonly activation: Activation;
  readonly inForce: (key: string) => InForce | undefined;
  readonly replicas: () => readonly Replica[];
  readonly confirmed: Confirmed;
  readonly findBypass: FindBypass;
  readonly recorder: Pick<Recorder, 'record'>;
  readonly now: () => number;
}

/** Milliseconds until a connection is looked at again though nothing has changed. */
const CALM_MS = 300_000;
const UNGUARDED_MS = 15_000;
const LEAVING_MS = 15_000;
const NO_PODS: PodsSeen = { guarded: [], unguarded: [] };

/** Brings one connection to its wanted state. Gather, decide, act. */
export function createConnectionController(deps: ConnectionDeps) {
  const { kube, caches } = deps;

  async function reconcile(key: string): Promise<number> {
    const connection = caches.connections.get(key);
    if (connection === undefined) return await leave(key);
    const before = connection.status as ConnectionStatus | undefined;
    const injection = injectionOf(deps.replicas());
    const rival = olderRival(connection, caches.connections.list());
    if (!accepts(before, injection)) {
      // Until it is there, admission refuses every pod of the connection: what closes their ports comes before.
      if (before?.injection === undefined) await closePorts(kube, connection, { rival, pods: NO_PODS });
      await writeStatus(kube, RESOURCES.connections, connection, { ...before, injection });
    }
    const generated = generatedKeyOf(connection);
    const plan = await deps.planner.plan(inputOf(caches, connection, generated));
    const outcome = rival ? standing(key, plan) : await activate(key, connection, plan);
    const pods = await podsOf(kube, connection);
    const upstreamKeySecret = await closePorts(kube, connection, { rival, pods });
    const status = connectionStatus({
      generation: connection.metadata.generation ?? 0,
      now: deps.now(),
      before,
      rival: rival ? keyOf(rival) : null,
      pods,
      injection,
      confirmed: deps.confirmed,
      bypass: await deps.findBypass(connection, pods),
      upstreamKeySecret,
      capture: captureOf(connection, pods),
      ...outcome,
    });
    await writeStatus(kube, RESOURCES.connections, connection, status);
    for (const one of troubles(connection, before, status)) deps.recorder.record(one);
    return pods.unguarded.length > 0 ? UNGUARDED_MS : CALM_MS;
  }

  const standing = (key: string, plan: Plan) => ({ plan, active: deps.inForce(key) ?? null });

  async function activate(key: string, connection: ConnectionObject, plan: Plan) {
    if (!plan.ok) return standing(key, plan);
    const atLeast = (connection.status as ConnectionStatus | undefined)?.activeRevision ?? 0;
    try {
      const active = await deps.activation.activate(key, plan.bundle, atLeast);
      if (active.isNew) deps.recorder.record(activation(connection, active));
      return { plan, active };
    } catch (error) {
      if (codeOf(error) !== 'CONFIG_INVALID') throw error;
      return standing(key, { ok: false, problems: [problemOf(error as Error)] });
    }
  }

  /** After a deletion its pods are guarded as before, until the last of them is gone. */
  async function leave(key: string): Promise<number> {
    const { namespace, name } = splitKey(key);
    const remain = caches.pods
      .list()
      .some((pod) => pod.metadata.namespace === namespace && capturesOf(pod).has(name));
    if (remain) return LEAVING_MS;
    const last = deps.activation.bundleOf(key);
    await kube.remove(RESOURCES.networkPolicies, { namespace, name: networkPolicyName(name) });
    const { upstreamKey, generatedKey } = last?.connection ?? {};
    const secret = upstreamKey?.name ?? generatedKey?.name ?? '';
    if (isGeneratedKey(name, secret)) await kube.remove(RESOURCES.secrets, { namespace, name: secret });
    // Last of all: as long as it is there, an operator that was stopped in between comes back to it.
    await deps.activation.end(key);
    return CALM_MS;
  }

  return { reconcile };
}

async function podsOf(kube: Kube, { metadata, spec }: ConnectionObject): Promise<PodsSeen> {
  const labels = Object.entries(spec.selector.matchLabels).map(([name, value]) => `${name}=${value}`);
  const { namespace = '', name } = metadata;
  const scope = { namespace, labelSelector: labels.join(',') };
  const { items } = await kube.list<PodObject>(RESOURCES.pods, scope);
  return sortPods(name, items);
}

function injectionOf(replicas: readonly Replica[]): NonNullable<ConnectionStatus['injection']> {
  const images = [...new Set(replicas.map(({ image }) => image))].toSorted().slice(0, 8);
  const keys = [...new Set(replicas.flatMap((replica) => replica.keys))].toSorted().slice(0, 8);
  return { images, keys };
}

function accepts(
  status: ConnectionStatus | undefined,
  injection: NonNullable<ConnectionStatus['injection']>,
) {
  return JSON.stringify(status?.injection) === JSON.stringify(injection);
}

function inputOf(
  caches: Caches,
  connection: ConnectionObject,
  generated: { name: string; key: string } | null,
) {
  const { namespace } = connection.metadata;
  const here = ({ metadata }: { readonly metadata: { readonly namespace?: string } }) =>
    metadata.namespace === namespace;
  const isForAll = keyIsForAll(connection.spec.ingress);
  const ingress = {
    ...connection.spec.ingress,
    ...(generated && isForAll && { upstreamKey: { secretKeyRef: generated } }),
  };
  return {
    connection: { ...connection, spec: { ...connection.spec, ingress } },
    generatedKey: isForAll ? null : generated,
    policies: caches.policies.list().filter(here),
    clusterPolicies: caches.clusterPolicies.list(),
    profiles: caches.profiles.list().filter(here),
    clusterProfiles: caches.clusterProfiles.list(),
    namespaceLabels: caches.namespaces.get(namespace ?? '')?.metadata.labels ?? {},
  };
}

function captureOf({ metadata }: ConnectionObject, { guarded }: PodsSeen): string | null {
  const found = new Set(guarded.map((pod) => capturesOf(pod).get(metadata.name) ?? ''));
  return found.size === 0 ? null : [...found].toSorted().join(', ').slice(0, 32);
}

function problemOf(error: Error): Problem {
  return {
    severity: 'error',
    code: 'CONFIG_INVALID',
    message: error.message,
    file: null,
    line: null,
    path: null,
  };
}
