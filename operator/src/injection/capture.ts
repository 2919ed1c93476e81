import type { Capture } from '@rankguard/contract/pod';
import type { AppPort } from './app-port.ts';
import { relocate } from './relocate.ts';
import { type KnownServer, serverNamed, serverOfImage } from './servers.ts';
import { pastTheName, selectingServices, usesTheName } from './services.ts';
import type { Container, GuardingConnection, Pod, Refusal, Service } from './types.ts';

/** How a connection gets in front of its app in this pod. */
export interface CapturePlan {
  readonly connection: GuardingConnection;
  readonly app: AppPort;
  readonly capture: Capture;
  readonly server: KnownServer | undefined;
  /** The app's container, moved; null where the capture leaves it in place. */
  readonly moved: Container | null;
  readonly warnings: readonly string[];
}

export interface CaptureInput {
  readonly connection: GuardingConnection;
  readonly app: AppPort;
  readonly container: Container;
  readonly pod: Pod;
  readonly services: readonly Service[];
  /** Loopback port for a relocated app. */
  readonly relocatedPort: number;
}

type Planned = { readonly plan: CapturePlan } | { readonly refusal: Refusal };
type Tried =
  | { readonly ok: true; readonly moved: Container | null; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Decides the capture: the one that is asked for, or with `auto` relocation, else the port's name, else none. */
export function planCapture(input: CaptureInput): Planned {
  const { connection, container } = input;
  const { capture: asked, server: named } = connection.spec.ingress;
  const server = named === undefined ? serverOfImage(container.image ?? '') : serverNamed(named);
  const wanted: readonly Capture[] = asked === 'auto' ? ['relocate', 'port-name'] : [asked];
  const whyNot: string[] = [];
  for (const capture of wanted) {
    const tried = TRY[capture](input, server);
    if (tried.ok) {
      const { moved, warnings } = tried;
      // What `auto` settled for less than relocation is said, because it leaves more ways round.
      const settled = whyNot.map((why) => `capture is ${capture}: ${why}`);
      return {
        plan: { connection, app: input.app, capture, server, moved, warnings: [...settled, ...warnings] },
      };
    }
    whyNot.push(`${capture} is not possible: ${tried.why}`);
  }
  const refusal = {
    code: 'POD_CAPTURE_IMPOSSIBLE',
    message: whyNot.join('; '),
    connection: connection.name,
  } as const;
  return { refusal };
}

const TRY: Readonly<Record<Capture, (input: CaptureInput, server: KnownServer | undefined) => Tried>> = {
  relocate({ connection, app, container, relocatedPort }, server) {
    const stated = connection.spec.ingress.relocate;
    const result = relocate({ container, server, stated, appPort: app.number, to: relocatedPort });
    return result.ok ? { ok: true, moved: result.container, warnings: [] } : result;
  },
  redirect({ pod }) {
    const mesh = meshProxy(pod);
    if (mesh !== undefined) return { ok: false, why: `${mesh} redirects the same traffic` };
    return { ok: true, moved: null, warnings: [] };
  },
  'port-name'({ connection, app, container, pod, services }) {
    return byPortName(app, container, selectingServices(services, pod.metadata?.labels ?? {}), connection);
  },
};

function byPortName(
  { name, number }: AppPort,
  container: Container,
  services: readonly Service[],
  { spec }: GuardingConnection,
): Tried {
  if (name === null) return { ok: false, why: `container port ${number} has no name` };
  const hostPort = (container.ports ?? []).find(
    (port) => port.containerPort === number && (port.hostPort ?? 0) > 0,
  );
  if (hostPort !== undefined) return { ok: false, why: `port ${number} is also open on the node (hostPort)` };
  const [past] = services.flatMap((service) => pastTheName(service, name, number) ?? []);
  if (past !== undefined) return { ok: false, why: past };
  const routed = services.some((service) => usesTheName(service, name));
  if (!routed && spec.ingress.capture === 'auto') {
    return { ok: false, why: `no Service routes to port ${name} by its name` };
  }
  const warning = `calls to port ${number} of the pod's address go past the sidecar unless a key or a NetworkPolicy stops them`;
  return { ok: true, moved: null, warnings: [warning] };
}

function meshProxy({ spec, metadata }: Pod): string | undefined {
  const proxies = ['istio-proxy', 'linkerd-proxy', 'kuma-sidecar', 'consul-dataplane'];
  const found = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(({ name }) =>
    proxies.includes(name),
  );
  if (found !== undefined) return found.name;
  const annotations = Object.keys(metadata?.annotations ?? {});
  const ambient = annotations.find((name) => name === 'ambient.istio.io/redirection');
  return ambient === undefined ? undefined : 'Istio (ambient)';
}
