import { MOST_MESSAGE_BYTES } from '@rankguard/contract/control';
import { Agent, request } from 'undici';
import type { ServingCertificates } from '../tls/index.ts';
import type { ControlPorts } from './ports.ts';

const ANSWER_MS = 5_000;

/** Calls other replicas of the operator: their addresses come from their Leases, their name from their certificate. */
export interface ReplicaClient {
  /** Posts JSON and gives the answer's; undefined when it has none. Rejects unless it is 2xx. */
  post(url: string, body: string): Promise<unknown>;
  close(): Promise<void>;
}

export function createReplicaClient(deps: {
  readonly tls: Pick<ServingCertificates, 'caBundle'>;
  readonly token: ControlPorts['operatorToken'];
  /** A DNS name in every replica's certificate. */
  readonly serverName: string;
}): ReplicaClient {
  let ca = '';
  let agent: Agent | undefined;

  /** Connections are kept for as long as the CAs are the same. */
  function agentNow(): Agent {
    const bundle = deps.tls.caBundle();
    if (agent !== undefined && bundle === ca) return agent;
    agent?.close().catch(() => {});
    ca = bundle;
    agent = new Agent({ connect: { ca, servername: deps.serverName, timeout: ANSWER_MS }, connections: 8 });
    return agent;
  }

  return {
    async post(url, body) {
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        dispatcher: agentNow(),
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await deps.token()}` },
        body,
      });
      if (statusCode === 200) return JSON.parse(await textOf(answer)) as unknown;
      await answer.dump();
      if (statusCode !== 204) throw new Error(`the other replica answered ${statusCode}`);
      return undefined;
    },
    async close() {
      await agent?.destroy();
    },
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.byteLength;
    if (size > MOST_MESSAGE_BYTES) throw new Error(`the answer is larger than ${MOST_MESSAGE_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
