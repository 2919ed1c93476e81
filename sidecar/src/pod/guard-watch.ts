import type { PodListener } from '@rankguard/contract/pod';
import type { ListeningSocket } from './sockets.ts';

/** What the pod's listening sockets mean for its guard. */
export interface Exposure {
  /** By connection: why its calls could pass the sidecar by. */
  readonly bypassed: ReadonlyMap<string, string>;
  /** Sockets that nobody declared. */
  readonly undeclared: readonly ListeningSocket[];
}

/** Pure. `declared`: ports of the app that are not guarded and said to be so. */
export function judgeSockets(
  sockets: readonly ListeningSocket[],
  listeners: readonly PodListener[],
  declared: ReadonlySet<number>,
): Exposure {
  const open = sockets.filter(({ loopback, own }) => !loopback && !own);
  const bypassed = new Map<string, string>();
  const expected = new Set(declared);
  for (const { connection, capture, port, appPort, upstreamPort } of listeners) {
    // Such an app listens where it always did; what keeps callers away from there is not in this pod's hands.
    if (capture !== 'relocate') expected.add(appPort);
    const foreign = open.find((socket) => socket.port === port);
    const moved = capture === 'relocate' ? open.find((socket) => socket.port === upstreamPort) : undefined;
    if (foreign !== undefined) {
      bypassed.set(connection, `another process listens on ${nameOf(foreign)}, the sidecar's own port`);
    } else if (moved !== undefined) {
      const place = `${nameOf(moved)}, where it was moved to, and not on loopback alone`;
      bypassed.set(connection, `the reranker listens on ${place}: it could be called without the sidecar`);
    }
  }
  const accounted = new Set(listeners.flatMap(({ port, upstreamPort }) => [port, upstreamPort]));
  const undeclared = open.filter(({ port }) => !expected.has(port) && !accounted.has(port));
  return { bypassed, undeclared };
}

export function nameOf({ address, port }: ListeningSocket): string {
  return `${address}:${port}`;
}

export interface GuardWatch {
  /** Why calls of this connection could pass the sidecar by; null when they cannot. */
  bypassed(connection: string): string | null;
  /** Looks at once. */
  look(): Promise<void>;
  close(): void;
}

const EVERY_MS = 1_000;

/**
 * Looks at the pod's listening sockets every second. What it cannot see it does not trust: every connection counts
 * as bypassed until sockets can be read.
 */
export function createGuardWatch(deps: {
  readonly read: () => Promise<readonly ListeningSocket[]>;
  readonly listeners: readonly PodListener[];
  /** Asked each time: bundles declare ports as well. */
  readonly declared: () => ReadonlySet<number>;
  /** Called once for each problem, when it appears. */
  readonly report: (kind: 'bypassed' | 'undeclared', connection: string, message: string) => void;
  readonly everyMs?: number;
}): GuardWatch {
  let bypassed: ReadonlyMap<string, string> = new Map();
  let blind: string | null = 'the listening sockets of the pod have not been looked at yet';
  let known = new Set<string>();

  function say(now: Map<string, () => void>): void {
    for (const [name, report] of now) if (!known.has(name)) report();
    known = new Set(now.keys());
  }
  async function look(): Promise<void> {
    try {
      const exposure = judgeSockets(await deps.read(), deps.listeners, deps.declared());
      ({ bypassed } = exposure);
      blind = null;
      const now = new Map<string, () => void>();
      for (const [connection, why] of bypassed)
        now.set(`${connection} ${why}`, () => deps.report('bypassed', connection, why));
      for (const socket of exposure.undeclared) {
        const message = `something in the pod listens on ${nameOf(socket)}, which no connection declares`;
        now.set(message, () => {
          for (const { connection } of deps.listeners) deps.report('undeclared', connection, message);
        });
      }
      say(now);
    } catch (error) {
      blind = `the listening sockets of the pod cannot be read (${(error as { code?: string }).code ?? 'fault'})`;
    }
  }
  const timer = setInterval(() => void look(), deps.everyMs ?? EVERY_MS);
  return {
    bypassed: (connection) => blind ?? bypassed.get(connection) ?? null,
    look,
    close: () => clearInterval(timer),
  };
}
