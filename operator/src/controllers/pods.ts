import type { V1Pod } from '@kubernetes/client-node';
import {
  ANNOTATIONS,
  ENVIRONMENT,
  LABELS,
  type PodListener,
  SIDECAR_CONTAINER,
} from '@rankguard/contract/pod';
import type { ConnectionStatus } from '@rankguard/contract/resources';
import type { KubeObject } from '../kube/index.ts';

export type PodObject = KubeObject & Pick<V1Pod, 'spec' | 'status'>;

/** What is known of the pods that a connection selects. */
export interface PodsSeen {
  readonly guarded: readonly PodObject[];
  readonly unguarded: readonly PodObject[];
}

/** Revisions that sidecars confirmed, by the UID of the pod. */
export type Confirmed = ReadonlyMap<string, { readonly revision: number; readonly refused: string | null }>;

const hasEnded = ({ status }: PodObject) => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** Which of the pods run the sidecar for this connection. Pods that have ended serve nobody. */
export function sortPods(connection: string, pods: readonly PodObject[]): PodsSeen {
  const alive = pods.filter((pod) => !hasEnded(pod));
  const isGuarded = (pod: PodObject) => capturesOf(pod).has(connection) && hasSidecar(pod);
  return { guarded: alive.filter(isGuarded), unguarded: alive.filter((pod) => !isGuarded(pod)) };
}

/** Admission lets no pod through that has the container's name and is not ours. */
function hasSidecar({ metadata, spec }: PodObject): boolean {
  const labelled = metadata.labels?.[LABELS.injected] === 'true';
  return labelled && (spec?.initContainers ?? []).some(({ name }) => name === SIDECAR_CONTAINER);
}

/** Capture by connection, as injection noted it on the pod. */
export function capturesOf({ metadata }: KubeObject): ReadonlyMap<string, string> {
  const noted = metadata.annotations?.[ANNOTATIONS.connections] ?? '';
  return new Map(
    noted
      .split(',')
      .filter(Boolean)
      .map((entry) => {
        const [name = '', capture = ''] = entry.trim().split('=');
        return [name, capture];
      }),
  );
}

const MOST_NAMES = 32;
const MOST_REVISIONS = 16;

/** `status.pods` of a connection. */
export function podsStatus(
  { guarded, unguarded }: PodsSeen,
  confirmed: Confirmed,
): NonNullable<ConnectionStatus['pods']> {
  const byRevision = new Map<number, number>();
  for (const { metadata } of guarded) {
    const revision = confirmed.get(metadata.uid ?? '')?.revision;
    if (revision !== undefined) byRevision.set(revision, (byRevision.get(revision) ?? 0) + 1);
  }
  const revisions = [...byRevision]
    .map(([revision, pods]) => ({ revision, pods }))
    .toSorted((a, b) => b.revision - a.revision)
    .slice(0, MOST_REVISIONS);
  const unguardedNames = unguarded
    .map(({ metadata }) => metadata.name)
    .toSorted()
    .slice(0, MOST_NAMES);
  return {
    guarded: guarded.length,
    unguarded: unguarded.length,
    ...(unguardedNames.length > 0 && { unguardedNames }),
    ...(revisions.length > 0 && { revisions }),
  };
}

/** Whether the app of the pod answers only to the connection's generated key. */
export function isLocked(connection: string, { spec }: PodObject): boolean {
  return listenersOf(spec).some((one) => one.connection === connection && one.locked === true);
}

/** Ports of the pod that must stay reachable when the app's own is closed to the network: every declared other one. */
export function openPorts(connection: string, { spec }: PodObject): readonly number[] {
  const all = listenersOf(spec);
  const listener = all.find((one) => one.connection === connection);
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const declared = containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));
  return [...new Set([...declared, ...all.map(({ port }) => port)])].filter(
    (port) => port !== listener?.appPort,
  );
}

function listenersOf(spec: PodObject['spec']): readonly PodListener[] {
  const sidecar = spec?.initContainers?.find(({ name }) => name === SIDECAR_CONTAINER);
  const value = sidecar?.env?.find(({ name }) => name === ENVIRONMENT.listeners)?.value;
  try {
    return JSON.parse(value ?? '[]') as PodListener[];
  } catch {
    return [];
  }
}
