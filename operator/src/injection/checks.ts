import type { V1HTTPGetAction, V1LifecycleHandler } from '@kubernetes/client-node';
import { type AppCheck, type AppChecks, type CheckName, PORTS, PROBE_PATHS } from '@rankguard/contract/pod';
import type { Container, Probe } from './types.ts';

/** Port of the app to the port where it answers on loopback. */
export type GuardedPorts = ReadonlyMap<number, number>;

/** Containers whose checks ask the sidecar's probe port, and what it then asks the app. */
export interface RewrittenChecks {
  readonly containers: readonly Container[];
  readonly checks: AppChecks;
  readonly warnings: readonly string[];
  /** A check that points to the probe port without a record of what it was; undefined: none. */
  readonly unknown: string | undefined;
}

const PROBES = [
  ['startupProbe', 'startup'],
  ['readinessProbe', 'readiness'],
  ['livenessProbe', 'liveness'],
] as const satisfies readonly (readonly [keyof Container, CheckName])[];
const HOOKS = [
  ['postStart', 'post-start'],
  ['preStop', 'pre-stop'],
] as const satisfies readonly (readonly [string, CheckName])[];
/** Hooks have no timeout of their own; the pod's grace period bounds them. */
const HOOK_SECONDS = 30;

/** Points every HTTP, TCP and gRPC probe and HTTP hook of a guarded port to the sidecar. */
export function rewriteChecks(
  containers: readonly Container[],
  guarded: GuardedPorts,
  earlier: AppChecks,
): RewrittenChecks {
  const checks: Record<string, AppCheck> = {};
  const warnings: string[] = [];
  let unknown: string | undefined;
  const visit = (container: Container, name: CheckName, handler: Handler, seconds: number): Handler => {
    const id = `${container.name}/${name}`;
    if (isRewritten(handler)) {
      const known = Object.hasOwn(earlier, id) ? earlier[id] : undefined;
      if (known === undefined || handler.httpGet?.path !== checkPath(id)) unknown ??= id;
      else checks[id] = known;
      return handler;
    }
    const original = originalOf(container, handler, guarded, seconds);
    if (original === undefined) return handler;
    checks[id] = original;
    return { httpGet: { path: checkPath(id), port: PORTS.probe, scheme: 'HTTP' } };
  };
  const rewritten = containers.map((container) => rewriteContainer(container, visit));
  const moved = [...guarded].filter(([from, to]) => from !== to);
  if (moved.length > 0) warnings.push(...containers.flatMap((one) => commandWarnings(one, moved)));
  return { containers: rewritten, checks: sorted(checks), warnings, unknown };
}

type Handler = Pick<Probe, 'exec' | 'grpc' | 'httpGet' | 'tcpSocket'>;
type Visit = (container: Container, name: CheckName, handler: Handler, seconds: number) => Handler;

function rewriteContainer(container: Container, visit: Visit): Container {
  const changed: Container = { ...container };
  for (const [member, name] of PROBES) {
    const probe = container[member];
    if (probe === undefined) continue;
    const { exec, grpc, httpGet, tcpSocket, ...timing } = probe;
    const handler = defined({ exec, grpc, httpGet, tcpSocket });
    changed[member] = { ...timing, ...visit(container, name, handler, probe.timeoutSeconds ?? 1) };
  }
  for (const [member, name] of HOOKS) {
    const hook = container.lifecycle?.[member];
    if (hook?.httpGet === undefined) continue;
    const { httpGet } = visit(container, name, { httpGet: hook.httpGet }, HOOK_SECONDS);
    const handler: V1LifecycleHandler = { ...hook, ...(httpGet && { httpGet }) };
    changed.lifecycle = { ...changed.lifecycle, [member]: handler };
  }
  return changed;
}

/**
 * Commands that probes and hooks run. They stay as they are, and over loopback they find the sidecar where the app was:
 * it wants a token, and has no answer while it has no policies.
 */
function commandWarnings(
  container: Container,
  moved: readonly (readonly [from: number, to: number])[],
): string[] {
  const commands = [
    ...PROBES.map(([member, name]) => [`${name} probe`, container[member]?.exec?.command, true] as const),
    ...HOOKS.map(([member]) => [member, container.lifecycle?.[member]?.exec?.command, false] as const),
  ];
  return commands.flatMap(([what, command, isProbe]) => {
    if (command === undefined) return [];
    const subject = `${what} of container ${container.name} runs a command`;
    const called = moved.find(([from]) => mentions(command, from));
    if (called !== undefined) {
      const [from, to] = called;
      const instead = isProbe ? `make it an httpGet probe, or let it call ${to}` : `let it call ${to}`;
      return [
        `${subject} that calls port ${from}, where the sidecar now answers instead of the app: ${instead}`,
      ];
    }
    // What a script calls cannot be seen; most hooks call nothing.
    const ports = moved.map(([from, to]) => `${to} in place of ${from}`).join(', ');
    return isProbe ? [`${subject}, which is left as it is; the app now listens on ${ports}`] : [];
  });
}

/** Whether a number stands in one of the words by itself, as in `localhost:8080/health`. */
function mentions(command: readonly string[], port: number): boolean {
  const alone = new RegExp(`(?<![0-9.])${port}(?![0-9])`);
  return command.some((word) => alone.test(word));
}

function defined(handler: { readonly [K in keyof Handler]: Handler[K] | undefined }): Handler {
  return Object.fromEntries(Object.entries(handler).filter(([, value]) => value !== undefined));
}

const checkPath = (id: string): string => `${PROBE_PATHS.app}/${id}`;

function isRewritten({ httpGet }: Handler): boolean {
  return httpGet?.port === PORTS.probe;
}

/** The check as the sidecar is to make it; undefined when it is not about a guarded port. */
function originalOf(
  container: Container,
  { httpGet, tcpSocket, grpc }: Handler,
  guarded: GuardedPorts,
  timeoutSeconds: number,
): AppCheck | undefined {
  // A check of another host was never about this pod.
  if ((httpGet?.host ?? '') !== '' || (tcpSocket?.host ?? '') !== '') return undefined;
  const asked = httpGet?.port ?? tcpSocket?.port ?? grpc?.port;
  const port = guarded.get(portNumber(container, asked) ?? -1);
  if (port === undefined) return undefined;
  if (httpGet !== undefined) return { timeoutSeconds, http: httpCheck(httpGet, port) };
  if (grpc !== undefined) return { timeoutSeconds, grpc: { port, service: grpc.service ?? '' } };
  return { timeoutSeconds, tcp: { port } };
}

function httpCheck({ path, scheme, httpHeaders }: V1HTTPGetAction, port: number) {
  return {
    port,
    path: path === undefined || path === '' ? '/' : path,
    scheme: scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
    headers: (httpHeaders ?? []).map(({ name, value }) => ({ name, value })),
  } as const;
}

/** As the kubelet: a number, or a name among the container's own ports. */
function portNumber({ ports }: Container, port: string | number | undefined): number | undefined {
  if (typeof port === 'number') return port;
  if (port === undefined) return undefined;
  const named = (ports ?? []).find(({ name }) => name === port);
  return named?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}

function sorted(checks: Readonly<Record<string, AppCheck>>): AppChecks {
  return Object.fromEntries(Object.entries(checks).sort(([a], [b]) => (a < b ? -1 : 1)));
}
