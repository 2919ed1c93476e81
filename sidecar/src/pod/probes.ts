import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AppChecks, PROBE_PATHS } from '@rankguard/contract/pod';
import { checkApp } from './app-check.ts';

export interface ProbeDeps {
  readonly checks: AppChecks;
  /** null when all listeners are bound, else which is not. */
  readonly notStarted: () => string | null;
  /** null when calls can be served, else why not. */
  readonly notReady: () => string | null;
}

/** Checks at a time; the kubelet makes one of each kind. */
const MOST_CHECKS = 64;

/**
 * The probe port: what the kubelet asks of the sidecar, and on its behalf of the app. Neither bundle nor limits have
 * a say in the app's own health.
 */
export function createProbes({ checks, notStarted, notReady }: ProbeDeps): Server {
  let running = 0;

  async function app(name: string): Promise<string | null> {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) return 'there is no such check';
    if (running >= MOST_CHECKS) return 'too many checks at a time';
    running++;
    try {
      return await checkApp(check);
    } finally {
      running--;
    }
  }
  async function answer(path: string): Promise<string | null> {
    if (path === PROBE_PATHS.live) return null;
    if (path === PROBE_PATHS.startup) return notStarted();
    if (path === PROBE_PATHS.ready) return notReady();
    const prefix = `${PROBE_PATHS.app}/`;
    return path.startsWith(prefix)
      ? app(decodeURIComponent(path.slice(prefix.length)))
      : 'there is no such page';
  }
  return createServer((request, response) => {
    answer((request.url ?? '/').split('?')[0] ?? '/').then(
      (problem) => send(response, problem),
      () => send(response, 'the check could not be made'),
    );
  });
}

function send(response: ServerResponse, problem: string | null): void {
  const body = `${problem ?? 'ok'}\n`;
  response.writeHead(problem === null ? 200 : 503, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  });
  response.end(body);
}
