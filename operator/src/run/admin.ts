import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface AdminServer {
  /** Binds; gives the port. */
  start(address: { readonly host: string; readonly port: number }): Promise<number>;
  close(): Promise<void>;
}

/** `/healthz`: the process turns. `/readyz`: 200, or 503 with what is missing. `/metrics`: OpenMetrics. */
export function createAdminServer(deps: {
  readonly registry: Registry;
  /** What is missing before this replica may be asked; empty: nothing. */
  readonly missing: () => readonly string[];
}): AdminServer {
  function text(response: ServerResponse, status: number, body: string): void {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${body}\n`);
  }
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/healthz') text(response, 200, 'ok');
    else if (path === '/readyz') {
      const missing = deps.missing();
      text(response, missing.length === 0 ? 200 : 503, missing.join('\n') || 'ok');
    } else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': deps.registry.contentType });
      response.end(await deps.registry.metrics());
    } else text(response, 404, 'not found');
  });
  return {
    start: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
