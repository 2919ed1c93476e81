import type { Capture, PodListener } from '@rankguard/contract/pod';
import {
  type Container,
  type GuardingConnection,
  guardsOf,
  isOwn,
  type Pod,
  pastTheName,
  readEarlier,
  type Service,
  selectingServices,
  serverOfImage,
  upstreamKeyOf,
} from '../injection/index.ts';
import { type Grant, type Rights, WAYS_IN, type WayIn } from '../rights/index.ts';

/** One way in which a caller may reach the app without the sidecar. */
export interface Bypass {
  readonly reason: BypassReason;
  /** What is open, and how to close it. */
  readonly message: string;
}

/** Words of the condition `BypassPossible`; the worst come first. */
export const BYPASS_REASONS = [
  'UnguardedPods',
  'ServiceAroundTheSidecar',
  'PortByNumber',
  'UnselectedReranker',
  'UndeclaredPort',
  'ExecAllowed',
] as const;
export type BypassReason = (typeof BYPASS_REASONS)[number];

export interface BypassInput {
  readonly connection: GuardingConnection;
  /** Pods of the namespace. One without a `spec` (metadata alone) is judged by its marks only. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  /** Whether a NetworkPolicy keeps other pods from the app's port, as the operator makes it for `port-name`. */
  readonly networkPolicy: boolean;
  /** Who may get into pods of the namespace by rights of the API, besides cluster admins. */
  readonly rights: Rights;
}

type Find = (input: BypassInput, selected: readonly Pod[]) => readonly string[];

/** Every way round that remains for a connection. Pure. */
export function findBypasses(input: BypassInput): Bypass[] {
  const live = { ...input, pods: input.pods.filter(isLive) };
  const selected = live.pods.filter((pod) => selects(input.connection, pod));
  return BYPASS_REASONS.flatMap((reason) =>
    FINDERS[reason](live, selected).map((message) => ({ reason, message })),
  );
}

/** The condition that says so, without its times. */
export function bypassCondition(bypasses: readonly Bypass[]) {
  const [first] = bypasses;
  if (first === undefined) {
    const message = 'No way round the sidecar is known.';
    return { type: 'BypassPossible', status: 'False', reason: 'NoneKnown', message } as const;
  }
  const message = bypasses.map((one) => one.message).join('; ');
  return { type: 'BypassPossible', status: 'True', reason: first.reason, message } as const;
}

const FINDERS: Readonly<Record<BypassReason, Find>> = {
  UnguardedPods({ connection }, selected) {
    const open = selected.filter(
      (pod) => captureOf(pod, connection.name) === undefined && !isConflicted(pod, connection),
    );
    if (open.length === 0) return [];
    return [`pods without the sidecar, older than the connection: ${names(open)}; replace them`];
  },

  ServiceAroundTheSidecar({ connection, services }, selected) {
    const byName = selected.filter((pod) => captureOf(pod, connection.name) === 'port-name');
    return unique(
      byName.flatMap((pod) => {
        const port = guardedPort(pod, connection.name);
        if (port === undefined) return [];
        return selectingServices(services, pod.metadata?.labels ?? {}).flatMap(
          (service) => pastTheName(service, port.name, port.number) ?? [],
        );
      }),
    );
  },

  PortByNumber({ connection, networkPolicy }, selected) {
    const open = selected.filter(
      (pod) => captureOf(pod, connection.name) === 'port-name' && !isLocked(pod, connection),
    );
    if (open.length === 0 || networkPolicy) return [];
    return [
      `the app's port is open by number in ${names(open)}: set ingress.upstreamKey for a server whose key covers its rerank routes, state ingress.relocate, or add a NetworkPolicy`,
    ];
  },

  UnselectedReranker({ pods, services, connection }) {
    const known = pods.filter(
      (pod) =>
        !selects(connection, pod) &&
        !isGuarded(pod) &&
        apps(pod).some(({ image }) => serverOfImage(image ?? '')),
    );
    if (known.length === 0) return [];
    const routed = unique(
      known.flatMap((pod) =>
        selectingServices(services, pod.metadata?.labels ?? {}).map(({ metadata }) => metadata?.name ?? ''),
      ),
    );
    const reached = routed.length === 0 ? '' : `, reached through Services ${routed.join(', ')}`;
    return [`rerankers that no connection selects: ${names(known)}${reached}`];
  },

  UndeclaredPort({ connection }, selected) {
    const declared = connection.spec.ingress.otherPorts.map(({ port }) => port);
    return unique(
      selected.flatMap((pod) => {
        if (captureOf(pod, connection.name) === undefined) return [];
        const known = [...declared, ...guardedPorts(pod)];
        return apps(pod).flatMap(({ name, ports }) =>
          (ports ?? [])
            .filter(({ containerPort }) => !known.includes(containerPort))
            .map(
              ({ containerPort }) =>
                `port ${containerPort} of container ${name} is neither guarded nor declared in otherPorts`,
            ),
        );
      }),
    );
  },

  ExecAllowed({ connection, rights }, selected) {
    if (selected.length === 0) return [];
    if (!rights.known) return [`who may exec into pods or forward their ports is not known: ${rights.why}`];
    const open = waysInto(connection, selected);
    const grants = rights.grants.flatMap((grant) => {
      const ways = grant.ways.filter((way) => open.get(way)?.some((name) => isMeant(grant, name)));
      return ways.length === 0 ? [] : [`${grant.subject} (${ways.join(', ')}: ${grant.by})`];
    });
    if (grants.length === 0) return [];
    return [`rights of the API lead past the sidecar: ${some(unique(grants))}`];
  },
};

/** Names of the pods whose app answers to whoever comes by a way. */
function waysInto(
  connection: GuardingConnection,
  pods: readonly Pod[],
): ReadonlyMap<WayIn, readonly string[]> {
  const answers: Readonly<Record<WayIn, (pod: Pod) => boolean>> = {
    // In the pod, the key can be read as well.
    exec: () => true,
    'port-forward': (pod) => !isLocked(pod, connection),
    proxy: (pod) => !isLocked(pod, connection) && captureOf(pod, connection.name) === 'port-name',
  };
  return new Map(
    WAYS_IN.map((way) => [way, pods.filter(answers[way]).map(({ metadata }) => metadata?.name ?? '')]),
  );
}

const isMeant = ({ pods }: Grant, name: string) => pods === null || pods.includes(name);

const MOST_NAMES = 5;

const names = (pods: readonly Pod[]) => some(pods.map(({ metadata }) => metadata?.name ?? '').sort());

function some(all: readonly string[]): string {
  const more = all.length - MOST_NAMES;
  return all.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

function isLive({ metadata, status }: Pod): boolean {
  return metadata?.deletionTimestamp === undefined && !['Succeeded', 'Failed'].includes(status?.phase ?? '');
}

/** Whether the pod is one of the connection's, by its namespace and labels. */
export function selects({ spec, namespace }: GuardingConnection, { metadata }: Pod): boolean {
  const labels = metadata?.labels ?? {};
  if (metadata?.namespace !== undefined && metadata.namespace !== namespace) return false;
  return Object.entries(spec.selector.matchLabels).every(([key, value]) => labels[key] === value);
}

const isGuarded = (pod: Pod): boolean => guardsOf(pod).size > 0;

/** The capture by which the connection guards the pod; undefined: it does not. */
function captureOf(pod: Pod, connection: string): Capture | undefined {
  return guardsOf(pod).get(connection);
}

/** Another connection guards the port: the newer one is Conflicted, which its own condition says. */
function isConflicted(pod: Pod, { spec }: GuardingConnection): boolean {
  const { port } = spec.ingress;
  return listeners(pod).some(
    ({ appPort, portName }) => String(appPort) === String(port) || portName === port,
  );
}

function apps({ spec }: Pod): Container[] {
  return (spec?.containers ?? []).filter((container) => !isOwn(container));
}

const listeners = (pod: Pod): readonly PodListener[] => readEarlier(pod).listeners;

function guardedPort(
  pod: Pod,
  connection: string,
): { readonly name: string; readonly number: number } | undefined {
  const listener = listeners(pod).find((one) => one.connection === connection);
  if (listener === undefined || listener.portName === null) return undefined;
  return { name: listener.portName, number: listener.appPort };
}

const guardedPorts = (pod: Pod): number[] => listeners(pod).map(({ appPort }) => appPort);

/** Whether the app answers only with the connection's key on every route that ranks. */
function isLocked(pod: Pod, connection: GuardingConnection): boolean {
  const listener = listeners(pod).find((one) => one.connection === connection.name);
  if (upstreamKeyOf(connection) === null && listener?.locked !== true) return false;
  const servers = apps(pod).flatMap(({ image }) => serverOfImage(image ?? '') ?? []);
  const named = connection.spec.ingress.server;
  return servers.some((server) => server.keyCoversRerank && (named === undefined || server.name === named));
}
