import { readFile } from 'node:fs/promises';
import { REASONS } from '@rankguard/contract';
import type { AuditBatch, AuditEntry, PodIdentity } from '@rankguard/contract/control';
import { LABELS } from '@rankguard/contract/pod';
import type { ControlPorts } from '../control/index.ts';
import { type Caches, type Controllers, capturesOf, regarding } from '../controllers/index.ts';
import type { Recorder } from '../events/index.ts';
import {
  type Election,
  type Kube,
  type KubeObject,
  RESOURCES,
  reviewToken,
  unlessMissing,
} from '../kube/index.ts';
import type { OperatorMetrics } from '../metrics/index.ts';
import type { Replicas } from '../replicas/index.ts';
import { OPERATOR_TOKEN_FILE, type OperatorSettings } from '../settings/index.ts';

export interface ControlDeps {
  readonly kube: Kube;
  readonly caches: Caches;
  readonly controllers: Pick<Controllers, 'acknowledged'>;
  readonly election: Pick<Election, 'isLeader' | 'leader'>;
  readonly replicas: Pick<Replicas, 'live'>;
  readonly recorder: Pick<Recorder, 'record'>;
  readonly metrics: OperatorMetrics;
  readonly settings: OperatorSettings;
  /** Another place than in the operator's pod, for the operator outside one. */
  readonly tokenFile?: string;
}

/** What the control API needs of this replica. */
export function createControlPorts(deps: ControlDeps): ControlPorts {
  const { kube, caches, controllers, election, replicas, metrics, settings } = deps;
  const { namespace, serviceAccount } = settings;
  return {
    reviewToken: (token, audiences) => reviewToken(kube, token, audiences),
    async guards({ name }, pod) {
      // A pod is younger than what this replica has seen when it asks for the first time.
      const known = caches.pods.get(`${pod.namespace}/${pod.name}`);
      const found = known?.metadata.uid === pod.uid ? known : await findPod(kube, pod);
      return found?.metadata.uid === pod.uid && capturesOf(found).has(name);
    },
    guardedPods: ({ namespace, name }) =>
      caches.pods
        .list()
        .filter(({ metadata }) => metadata.namespace === namespace && !metadata.deletionTimestamp)
        .filter((pod) => capturesOf(pod).has(name))
        .flatMap(({ metadata }) => metadata.uid ?? []),
    acknowledged(ack) {
      metrics.acknowledged(ack.refused === null);
      controllers.acknowledged(ack);
    },
    audited: (batch, pod) => record(deps, batch, pod),
    leader() {
      if (election.isLeader()) return { self: true };
      const leader = replicas.live().find(({ name }) => name === election.leader());
      return leader === undefined ? null : { self: false, url: leader.url };
    },
    operatorToken: async () => (await readFile(deps.tokenFile ?? OPERATOR_TOKEN_FILE, 'utf8')).trim(),
    operatorUser: `system:serviceaccount:${namespace}:${serviceAccount}`,
  };
}

async function findPod(kube: Kube, { namespace, name }: PodIdentity): Promise<KubeObject | undefined> {
  const pod = await unlessMissing(kube.get<KubeObject>(RESOURCES.pods, { namespace, name }));
  return pod?.metadata.labels?.[LABELS.injected] === 'true' ? pod : undefined;
}

const ACTIONS: Readonly<Record<AuditEntry['kind'], string>> = {
  denial: 'Deny',
  fault: 'Refuse',
  guard: 'Report',
};

/** Happenings of a pod as Events on its connection. The sidecar has masked the messages. */
function record(
  { caches, recorder }: ControlDeps,
  { connection, entries }: AuditBatch,
  pod: PodIdentity,
): void {
  const object = caches.connections.get(`${connection.namespace}/${connection.name}`);
  if (object === undefined) return;
  for (const { kind, reason, policy, policyCode, message, count } of entries) {
    const who = [policy, policyCode].filter((part) => part !== null).join(' ');
    const what = message ?? REASONS[reason].sentence;
    // Of many pods with the same trouble one Event is enough, but which pod is broken matters.
    const where = kind === 'guard' ? `pod ${pod.name}: ` : '';
    const note = `${where}${[who, what].filter(Boolean).join(': ')}`;
    recorder.record({
      regarding: regarding(object),
      type: 'Warning',
      reason,
      action: ACTIONS[kind],
      note,
      count,
    });
  }
}
