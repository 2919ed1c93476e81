import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Connections, trackConnections } from '@rankguard/sidecar/server';
import type { Express } from 'express';
import type { ServingCertificates } from './index.ts';

export interface TlsServer {
  /** Binds; gives the port. */
  start(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** Answers what is under way, and ends within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Longer than the idle time of those who call: the API server keeps a connection for 90 s, sidecars keep theirs for
 * less. One that is closed while they send would be a call that failed.
 */
const KEEP_ALIVE_MS = 95_000;
const HEADERS_MS = 32_000;

/** Serves an app with this replica's certificate, whichever it has at the time. */
export function createTlsServer(
  app: Express,
  tls: ServingCertificates,
  options: Pick<ServerOptions, 'minVersion' | 'maxHeaderSize'>,
): TlsServer {
  const { minVersion } = options;
  let connections: Connections | undefined;
  return {
    async start({ host, port }) {
      const timeouts = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS };
      const server = createServer({ ...tls.serving(), ...timeouts, ...options }, app);
      tls.onChange((serving) => server.setSecureContext({ ...serving, ...(minVersion && { minVersion }) }));
      connections = trackConnections(server);
      return await new Promise<number>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      });
    },
    async close(graceMs) {
      await connections?.close(graceMs);
    },
  };
}
