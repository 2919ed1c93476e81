import type { SecretRef } from '@rankguard/contract';
import {
  ANNOTATIONS,
  LABELS,
  MOST_CONNECTIONS,
  PORTS,
  type PodListener,
  RESERVED_PREFIX,
  SIDECAR_CONTAINER,
} from '@rankguard/contract/pod';
import { findAppPort } from './app-port.ts';
import { type CapturePlan, planCapture } from './capture.ts';
import { type RewrittenChecks, rewriteChecks } from './checks.ts';
import { readEarlier } from './earlier.ts';
import { keyOfPod, lockWithKey, upstreamKeyOf } from './key-lock.ts';
import { isOwn, refusalOfPod } from './refusals.ts';
import { isGuaranteed, keepSpelling, sidecarResources } from './resources.ts';
import { secretsOf } from './secrets.ts';
import { delayShutdown } from './shutdown.ts';
import { digestOfParts, type SidecarParts, sidecarParts } from './sidecar.ts';
import type {
  Container,
  Earlier,
  GuardingConnection,
  InjectionInput,
  InjectionResult,
  Pod,
  Refusal,
  Volume,
} from './types.ts';

/**
 * Puts the sidecar into a pod, or says why the pod cannot be guarded. Pure: equal input gives equal output, the
 * input is left alone, and a pod that was injected with the same connections and settings comes back as it is.
 */
export function inject(input: InjectionInput): InjectionResult {
  const selected = selectingConnections(input);
  if (selected.length === 0) return { kind: 'not-selected' };
  const refusal = refusalOfPod(input.pod);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const earlier = readEarlier(input.pod);
  const planned = plan(input, selected, earlier);
  if ('refusal' in planned) return { kind: 'refused', refusal: planned.refusal };
  return build(input, planned, earlier);
}

/** Connections of the pod's namespace that select it, older ones first. */
export function selectingConnections({
  pod,
  namespace,
  connections,
}: Pick<InjectionInput, 'pod' | 'namespace' | 'connections'>): GuardingConnection[] {
  const labels = pod.metadata?.labels ?? {};
  return connections
    .filter((connection) => connection.namespace === namespace)
    .filter(({ spec }) =>
      Object.entries(spec.selector.matchLabels).every(([key, value]) => labels[key] === value),
    )
    .sort(byAge);
}

/** Older first; without a cluster, or in the same second, by name. */
export function byAge(
  a: Pick<GuardingConnection, 'created' | 'name'>,
  b: Pick<GuardingConnection, 'created' | 'name'>,
): number {
  const [first, second] = [a.created ?? '', b.created ?? ''];
  if (first !== second) return first < second ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

interface LockedPlan extends CapturePlan {
  /** The key that the operator made, where this pod's app is locked with it. */
  readonly generatedKey: SecretRef | null;
}

interface Planned {
  readonly plans: readonly LockedPlan[];
  /** The app's containers as the captures leave them. */
  readonly containers: readonly Container[];
  readonly conflicted: readonly { readonly connection: string; readonly winner: string }[];
  readonly warnings: readonly string[];
}

function plan(
  { pod, services }: InjectionInput,
  connections: readonly GuardingConnection[],
  earlier: Earlier,
): Planned | { readonly refusal: Refusal } {
  const plans: LockedPlan[] = [];
  const conflicted: { connection: string; winner: string }[] = [];
  const warnings: string[] = [];
  let containers = (pod.spec?.containers ?? []) as readonly Container[];
  for (const connection of connections) {
    const found = findAppPort({ connection, containers, earlier: earlier.listeners });
    if ('refusal' in found) return found;
    const { app } = found;
    const taken = plans.find((one) => one.app.number === app.number);
    if (taken !== undefined) {
      conflicted.push({ connection: connection.name, winner: taken.connection.name });
      continue;
    }
    if (plans.length === MOST_CONNECTIONS) return tooMany(connection);
    const container = containers.find(({ name }) => name === app.container)!;
    const relocatedPort = PORTS.relocated + plans.length;
    const planned = planCapture({ connection, app, container, pod, services, relocatedPort });
    if ('refusal' in planned) return planned;
    const { capture, server, moved } = planned.plan;
    const generated = keyOfPod(connection, capture, server, container);
    plans.push({ ...planned.plan, generatedKey: generated });
    const locked = lockWithKey(moved ?? container, server, upstreamKeyOf(connection) ?? generated);
    warnings.push(...planned.plan.warnings, ...locked.warnings);
    containers = containers.map((one) => (one === container ? locked.container : one));
  }
  return { plans, containers, conflicted, warnings };
}

function tooMany({ name }: GuardingConnection): { readonly refusal: Refusal } {
  const message = `more than ${MOST_CONNECTIONS} connections select the pod`;
  return { refusal: { code: 'POD_CAPTURE_IMPOSSIBLE', message, connection: name } };
}

function listenerOf({ connection, capture, app, generatedKey }: LockedPlan, index: number): PodListener {
  const port = capture === 'relocate' ? app.number : PORTS.listener + index;
  const tlsSecret = connection.spec.tls?.listener?.secretName;
  return {
    connection: connection.name,
    capture,
    port,
    appPort: app.number,
    portName: app.name,
    upstreamPort: capture === 'relocate' ? PORTS.relocated + index : app.number,
    ...(tlsSecret !== undefined && { tlsSecret }),
    ...(generatedKey !== null && { locked: true as const }),
  };
}

function build(input: InjectionInput, planned: Planned, earlier: Earlier): InjectionResult {
  const { pod, settings } = input;
  const listeners = planned.plans.map(listenerOf);
  const guardedPorts = new Map(listeners.map(({ appPort, upstreamPort }) => [appPort, upstreamPort]));
  const others = (pod.spec?.initContainers ?? []).filter((container) => !isOwn(container));
  const checked = rewriteChecks([...planned.containers, ...others], guardedPorts, earlier.checks);
  if (checked.unknown !== undefined) return lostCheck(checked.unknown);
  const connections = planned.plans.map(({ connection }) => connection);
  const declaredPorts = [
    ...new Set(connections.flatMap(({ spec }) => spec.ingress.otherPorts.map(({ port }) => port))),
  ].sort((a, b) => a - b);
  const apps = pod.spec?.containers ?? [];
  const wanted = sidecarResources(connections, settings, isGuaranteed([...apps, ...others]));
  const parts = sidecarParts({
    settings,
    listeners,
    checks: checked.checks,
    declaredPorts,
    secrets: secretsOf(
      connections,
      planned.plans.flatMap(({ generatedKey }) => generatedKey?.name ?? []),
    ),
    resources: keepSpelling(wanted, earlier.sidecar?.resources),
    runsAsRoot: pod.spec?.securityContext?.runAsUser === 0,
    imagePullPolicy: earlier.sidecar?.imagePullPolicy ?? settings.imagePullPolicy,
  });
  return {
    kind: 'injected',
    pod: assemble(input, planned, checked, parts),
    guarded: planned.plans.map(({ connection, capture, app }) => ({
      connection: connection.name,
      capture,
      container: app.container,
    })),
    conflicted: planned.conflicted,
    warnings: [
      ...planned.warnings,
      ...checked.warnings,
      ...undeclaredPorts(apps, [...guardedPorts.keys(), ...declaredPorts]),
    ],
  };
}

function lostCheck(id: string): InjectionResult {
  const message = `the check ${id} points to the sidecar, and what it checked is not known; apply the pod's own manifest`;
  return { kind: 'refused', refusal: { code: 'POD_CHANGED', message, connection: null } };
}

function undeclaredPorts(containers: readonly Container[], known: readonly number[]): string[] {
  return containers.flatMap(({ name, ports }) =>
    (ports ?? [])
      .filter(({ containerPort }) => !known.includes(containerPort))
      .map(
        ({ containerPort }) =>
          `port ${containerPort} of container ${name} is neither guarded nor declared in otherPorts`,
      ),
  );
}

function assemble(
  { pod, settings }: InjectionInput,
  { plans, containers }: Planned,
  checked: RewrittenChecks,
  parts: SidecarParts,
): Pod {
  const rewritten = checked.containers
    .slice(0, containers.length)
    .map((one) => withoutTakenNames(one, plans));
  const shutdown = delayShutdown(rewritten, pod.spec?.terminationGracePeriodSeconds);
  const pullSecrets = plans.flatMap(({ connection }) => connection.spec.sidecar?.imagePullSecrets ?? []);
  const present = pod.spec?.imagePullSecrets ?? [];
  const missing = pullSecrets.filter(({ name }) => !present.some((one) => one.name === name));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata?.labels, [LABELS.injected]: 'true' },
      annotations: {
        ...pod.metadata?.annotations,
        [ANNOTATIONS.injected]: digestOfParts(parts),
        [ANNOTATIONS.revision]: settings.version,
        [ANNOTATIONS.connections]: plans
          .map(({ connection, capture }) => `${connection.name}=${capture}`)
          .join(','),
      },
    },
    spec: {
      ...pod.spec,
      containers: [...shutdown.containers],
      initContainers: withParts(
        pod.spec?.initContainers ?? [],
        checked.containers.slice(containers.length),
        parts.initContainers,
      ),
      volumes: withVolumes(pod.spec?.volumes ?? [], parts.volumes),
      terminationGracePeriodSeconds: shutdown.graceSeconds,
      ...(present.length + missing.length > 0 && { imagePullSecrets: [...present, ...dedupe(missing)] }),
    },
  };
}

const dedupe = <T extends { name?: string }>(refs: readonly T[]): T[] =>
  refs.filter((one, index) => refs.findIndex(({ name }) => name === one.name) === index);

/** With `port-name` the name is the sidecar's; a Service looks at the app's container first. */
function withoutTakenNames(container: Container, plans: readonly CapturePlan[]): Container {
  const taken = plans
    .filter(({ capture, app }) => capture === 'port-name' && app.container === container.name)
    .map(({ app }) => app.number);
  if (taken.length === 0 || container.ports === undefined) return container;
  const ports = container.ports.map((port) => {
    const { name: _, ...unnamed } = port;
    return taken.includes(port.containerPort) ? unnamed : port;
  });
  return { ...container, ports };
}

/** The sidecar starts before every other container; where an earlier injection put it, it stays. */
function withParts(
  before: readonly Container[],
  others: readonly Container[],
  parts: readonly Container[],
): Container[] {
  const left = [...others];
  const inPlace = before.flatMap((container) => {
    if (!isOwn(container)) return [left.shift()!];
    const part = parts.find(({ name }) => name === container.name);
    return part === undefined ? [] : [part];
  });
  const added = parts.filter(({ name }) => !before.some((container) => container.name === name));
  return [...added, ...inPlace];
}

function withVolumes(before: readonly Volume[], parts: readonly Volume[]): Volume[] {
  const kept = before.flatMap((volume) => {
    if (!volume.name.startsWith(RESERVED_PREFIX)) return [volume];
    return parts.filter(({ name }) => name === volume.name);
  });
  return [...kept, ...parts.filter(({ name }) => !before.some((volume) => volume.name === name))];
}

/** Whether the pod runs a container that claims to be the sidecar. */
export function claimsInjection({ spec }: Pod): boolean {
  return (spec?.initContainers ?? []).some(({ name }) => name === SIDECAR_CONTAINER);
}
