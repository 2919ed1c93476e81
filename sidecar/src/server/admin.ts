import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Metrics } from '../metrics/index.ts';

export interface AdminDeps {
  readonly metrics: Metrics;
  /** Refreshes what is only known at scrape time. */
  readonly collect: () => void;
  /** null when calls can be served, else why not. */
  readonly notReady: () => string | null;
  /** What is in force, without secrets. */
  readonly config: () => unknown;
}

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, `${JSON.stringify(value, null, 2)}\n`, 'application/json');
}

async function answer(deps: AdminDeps, path: string, response: ServerResponse): Promise<void> {
  if (path === '/healthz') return sendJson(response, 200, { status: 'ok' });
  if (path === '/config') return sendJson(response, 200, deps.config());
  if (path === '/readyz') {
    const reason = deps.notReady();
    return sendJson(
      response,
      reason === null ? 200 : 503,
      reason === null ? { status: 'ready' } : { status: 'not ready', reason },
    );
  }
  if (path === '/metrics') {
    deps.collect();
    return send(response, 200, await deps.metrics.text(), deps.metrics.contentType);
  }
  return sendJson(response, 404, {
    error: 'no such page',
    pages: ['/healthz', '/readyz', '/metrics', '/config'],
  });
}

/** The admin port: for the kubelet, Prometheus and people; never in the data path. */
export function createAdmin(deps: AdminDeps): Server {
  return createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendJson(response, 405, { error: 'GET only' });
      return;
    }
    answer(deps, (request.url ?? '/').split('?')[0] ?? '/', response).catch(() => response.destroy());
  });
}
