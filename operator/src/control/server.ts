import type { ReasonCode } from '@rankguard/contract';
import { createTlsServer, type ServingCertificates, type TlsServer } from '../tls/index.ts';
import { createAcks } from './acks.ts';
import { createControlApp } from './app.ts';
import type { ControlPorts } from './ports.ts';
import { createReplicaClient } from './replica-client.ts';
import type { BundleStore } from './store.ts';
import { createUsage } from './usage.ts';

/** The control API over TLS. Every replica serves; acknowledgements go to the leader. Its end answers the polls that wait. */
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
}): TlsServer {
  const { ports, tls, now, failed } = deps;
  const closing = new AbortController();
  const replicas = createReplicaClient({ ...deps, token: ports.operatorToken });
  const acks = createAcks({ ports, now, failed, send: replicas.post });
  const usage = createUsage({ ports, now, ask: replicas.post });
  const app = createControlApp({ ...deps, acks, usage, closing: closing.signal });
  const server = createTlsServer(app, tls, { minVersion: 'TLSv1.3', maxHeaderSize: 48 * 1024 });
  return {
    start: server.start,
    async close(graceMs) {
      acks.close();
      closing.abort();
      await server.close(graceMs);
      await replicas.close();
    },
  };
}
