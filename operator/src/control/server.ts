import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ReasonCode } from '@rankguard/contract';
import { type Connections, trackConnections } from '@rankguard/sidecar/server';
import { Agent, request } from 'undici';
import type { ServingCertificates } from '../tls/index.ts';
import { createAcks, type SendToReplica } from './acks.ts';
import { createControlApp } from './app.ts';
import type { ControlPorts } from './ports.ts';
import type { BundleStore } from './store.ts';

/** Longer than the idle time of clients' pools, so that the reuse of a connection does not race its end. */
const KEEP_ALIVE_MS = 95_000;
const HEADERS_MS = 32_000;
const ANSWER_MS = 5_000;

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
  const acks = createAcks({ ports, now, failed, send: createSend(deps) });
  const app = createControlApp({ ...deps, acks, closing: closing.signal });
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
    },
  };
}

/** Calls another replica: its address from the Lease, its name from its certificate. */
function createSend({
  tls,
  ports,
  serverName,
}: {
  readonly tls: ServingCertificates;
  readonly ports: ControlPorts;
  readonly serverName: string;
}): SendToReplica {
  return async (url, body) => {
    const agent = new Agent({ connect: { ca: tls.caBundle(), servername: serverName, timeout: ANSWER_MS } });
    try {
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        dispatcher: agent,
        headersTimeout: ANSWER_MS,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await ports.operatorToken()}`,
        },
        body,
      });
      await answer.dump();
      if (statusCode !== 204) throw new Error(`the leader answered ${statusCode}`);
    } finally {
      await agent.close();
    }
  };
}
