import type { PodListener } from '@rankguard/contract/pod';
import { serverOfImage } from './servers.ts';
import type { Container, GuardingConnection, Refusal } from './types.ts';

/** Where the app of a connection is in the pod. */
export interface AppPort {
  readonly container: string;
  readonly number: number;
  /** Name of the container port; null: it has none. */
  readonly name: string | null;
}

export interface AppPortInput {
  readonly connection: GuardingConnection;
  /** Containers but the sidecar's. */
  readonly containers: readonly Container[];
  /** What an earlier injection made of the pod: with `port-name` a port gave its name away. */
  readonly earlier: readonly PodListener[];
}

type Found = { readonly app: AppPort } | { readonly refusal: Refusal };

/** The container and number of the port that a connection guards. */
export function findAppPort(input: AppPortInput): Found {
  const { connection, containers } = input;
  const wanted = numberOf(connection.spec.ingress.port);
  return typeof wanted === 'number' ? byNumber(input, wanted) : byName(input, wanted, containers);
}

/** The name that a port has, or had before the sidecar took it. */
function nameOf(
  { name, containerPort }: NonNullable<Container['ports']>[number],
  earlier: readonly PodListener[],
): string | null {
  if (name !== undefined && name !== '') return name;
  const taken = earlier.find(({ capture, appPort }) => capture === 'port-name' && appPort === containerPort);
  return taken?.portName ?? null;
}

/** A number may be written as text where the field takes both. */
function numberOf(port: string | number): string | number {
  return typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port;
}

function byName(
  { connection, earlier }: AppPortInput,
  name: string,
  containers: readonly Container[],
): Found {
  for (const container of containers) {
    for (const port of container.ports ?? []) {
      if (nameOf(port, earlier) !== name) continue;
      if ((port.protocol ?? 'TCP') !== 'TCP') return notTcp(connection, name);
      return { app: { container: container.name, number: port.containerPort, name } };
    }
  }
  return refuse(connection, 'POD_PORT_MISSING', `no container has a port called ${name}`);
}

function byNumber({ connection, containers, earlier }: AppPortInput, number: number): Found {
  const declared = containers.flatMap((container) =>
    (container.ports ?? [])
      .filter(({ containerPort }) => containerPort === number)
      .map((port) => ({ container, port })),
  );
  const tcp = declared.find(({ port }) => (port.protocol ?? 'TCP') === 'TCP');
  if (tcp !== undefined) {
    return { app: { container: tcp.container.name, number, name: nameOf(tcp.port, earlier) } };
  }
  if (declared.length > 0) return notTcp(connection, String(number));
  const known = containers.filter(({ image }) => serverOfImage(image ?? '') !== undefined);
  const [only, second] = known.length > 0 ? known : containers;
  if (only !== undefined && second === undefined) {
    return { app: { container: only.name, number, name: null } };
  }
  const why = `no container declares port ${number}, and the pod has several containers; declare it in \`ports\``;
  return refuse(connection, 'POD_PORT_MISSING', why);
}

function notTcp(connection: GuardingConnection, port: string): Found {
  return refuse(connection, 'POD_PORT_MISSING', `port ${port} is not TCP`);
}

function refuse({ name }: GuardingConnection, code: Refusal['code'], message: string): Found {
  return { refusal: { code, message, connection: name } };
}
