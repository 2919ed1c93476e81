import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Connections, trackConnections } from '@rankguard/sidecar/server';
import type { Express } from 'express';
import type { ServingCertificates } from '../tls/index.ts';

export interface AdmissionServer {
  /** Binds; gives the port. */
  start(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** Answers what is under way, and ends within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Longer than the 90 s for which the API server keeps a connection that it does not use: one that we close while it
 * sends would be a refused pod.
 */
const KEEP_ALIVE_MS = 95_000;
const HEADERS_MS = 32_000;

export function createAdmissionServer(app: Express, tls: ServingCertificates): AdmissionServer {
  let connections: Connections | undefined;
  return {
    async start({ host, port }) {
      const timeouts = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS };
      const server = createServer({ ...tls.serving(), ...timeouts, minVersion: 'TLSv1.2' }, app);
      tls.onChange((serving) => server.setSecureContext({ ...serving, minVersion: 'TLSv1.2' }));
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
