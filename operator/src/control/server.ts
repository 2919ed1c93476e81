import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ReasonCode } from '@rankguard/contract';
import { type Connections, trackConnections } from '@rankguard/sidecar/server';
import type { ServingCertificates } from '../tls/index.ts';
import { createAcks } from './acks.ts';
import { createControlApp } from './app.ts';
import type { ControlPorts } from './ports.ts';
import { createReplicaClient } from './replica-client.ts';
import type { BundleStore } from './store.ts';
import { createUsage } from './usage.ts';

/** Longer than the idle time of clients' pools, so that the reuse of a connection does not race its end. */
const KEEP_ALIVE_MS = 95_000;
const HEADERS_MS = 32_000;

export interface ControlServer {
  /** Binds; gives the port. */
  start(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** Answers the polls that wait, takes no more, and ends within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** The control API over TLS. Every replica serves; acknowledgements go to the leader. */
export function createControlServer(deps: {
  readonly store: BundleStore;
  readonly ports: ControlPorts;
  readonly tls: ServingCertificates;
  /** A DNS name in every replica's certificate: replicas call each other by address. */
  readonly serverName: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly observe: (route: string, status: number, code: ReasonCode | null) => void;
  readonly failed: (error: unknown) => void;
}): ControlServer {
  const { ports, tls, now, failed } = deps;
  const closing = new AbortController();
  const replicas = createReplicaClient({ ...deps, token: ports.operatorToken });
  const acks = createAcks({ ports, now, failed, send: replicas.post });
  const usage = createUsage({ ports, now, ask: replicas.post });
  const app = createControlApp({ ...deps, acks, usage, closing: closing.signal });
  let connections: Connections | undefined;
  return {
    async start({ host, port }) {
      const made = createServer(
        {
          ...tls.serving(),
          minVersion: 'TLSv1.3',
          keepAliveTimeout: KEEP_ALIVE_MS,
          headersTimeout: HEADERS_MS,
          maxHeaderSize: 48 * 1024,
        },
        app,
      );
      tls.onChange((serving) => made.setSecureContext({ ...serving, minVersion: 'TLSv1.3' }));
      connections = trackConnections(made);
      return await new Promise<number>((resolve, reject) => {
        made.once('error', reject);
        made.listen(port, host, () => resolve((made.address() as AddressInfo).port));
      });
    },
    async close(graceMs) {
      acks.close();
      closing.abort();
      await connections?.close(graceMs);
      await replicas.close();
    },
  };
}
