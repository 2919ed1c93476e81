import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, isIPv6, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { REASONS, type ReasonCode } from '@rankguard/contract';
import type { Metrics } from '../metrics/index.ts';
import { endSocket, type Pipeline, refusalAnswer, refuse } from '../pipeline/index.ts';
import { boundConnections } from './connections.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface TlsFiles {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

export function secureContext({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' } {
  return { cert: Buffer.from(cert), key: Buffer.from(key), minVersion: 'TLSv1.2' };
}

/** Room for an access token at its own limit and the rest of a head; more is 431. */
const MAX_HEADER_BYTES = 48 * 1024;
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than clients' and API servers' own (Go: 90 s), so that the reuse of a connection does not race its end. */
const KEEP_ALIVE_MS = 95_000;
/** Several times the calls that are let in by default; each open one can cost a read of 64 KiB at any time. */
const MOST_CONNECTIONS = 1_024;
/** A body has its own timer (408 BODY_TIMEOUT); this one is behind it. */
const REQUEST_TIMEOUT_MS = 120_000;

const PARSE_ERRORS: Readonly<Record<string, ReasonCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'BODY_TIMEOUT',
};

/** A whole HTTP/1.1 answer as text, for sockets that have no request object. */
function rawAnswer(code: ReasonCode, message?: string): string {
  const answer = refusalAnswer(refuse(code, message), 'none', undefined);
  const fields = [...answer.headers, 'Content-Length', String(answer.body.length), 'Connection', 'close'];
  fields.push('Rankguard-Decision', REASONS[code].status < 500 ? 'deny' : 'fault');
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`];
  for (let at = 0; at < fields.length; at += 2) lines.push(`${fields[at]}: ${fields[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n${answer.body.toString()}`;
}

/** The server in front of the reranker. Everything that is no plain request is answered here and closed. */
export function createListener(deps: {
  readonly pipeline: Pipeline;
  readonly metrics: Metrics;
  readonly tls: TlsFiles | undefined;
}): Server {
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    insecureHTTPParser: false,
    // The pipeline looks itself, and says why.
    requireHostHeader: false,
    noDelay: true,
  };
  const server =
    deps.tls === undefined
      ? createServer(options)
      : createTlsServer({ ...options, ...secureContext(deps.tls) });
  boundConnections(server, MOST_CONNECTIONS, () => {
    deps.metrics.refusedMessage('OVERLOADED');
    return rawAnswer('OVERLOADED', `${MOST_CONNECTIONS} connections are open, as many as there may be`);
  });
  function handle(request: IncomingMessage, response: ServerResponse): void {
    void deps.pipeline.handle(request, response);
  }
  server.on('request', handle);
  // Node would say "100 Continue" by itself, before anybody knows who asks.
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);

  const refused = new WeakSet<Duplex>();
  function refuseSocket(socket: Duplex, code: ReasonCode, message?: string): void {
    deps.metrics.refusedMessage(code);
    refused.add(socket);
    if (socket instanceof Socket && socket.writable) endSocket(socket, rawAnswer(code, message));
    else socket.destroy();
  }
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    // A caller that closes in the middle of a message is gone; nobody would read an answer.
    if (socket.destroyed || error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE') {
      socket.destroy();
      return;
    }
    // What follows something malformed is malformed as well.
    if (refused.has(socket) || deps.pipeline.malformed(socket)) return;
    const code = PARSE_ERRORS[error.code ?? ''] ?? 'REQUEST_MALFORMED';
    refuseSocket(
      socket,
      code,
      code === 'REQUEST_MALFORMED' ? `not one HTTP message (${error.code ?? 'unknown'})` : undefined,
    );
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    refuseSocket(socket, 'ROUTE_NOT_ALLOWED'),
  );
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) =>
    refuseSocket(socket, 'REQUEST_MALFORMED', 'no protocol can be upgraded here'),
  );
  return server;
}

/** A connection that finds the queue full tries again after a second (RFC 6298): a crowd must hear its refusals sooner. */
const BACKLOG = 4_096;

/** Listens, and says where; port 0 takes a free one. */
export function listen(server: Server, address: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Without a host Node takes every address, IPv6 and IPv4, and IPv4 alone where the node has no IPv6.
    const host = address.host === '::' ? {} : { host: address.host };
    server.listen({ port: address.port, ...host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      const bound = server.address() as AddressInfo;
      resolve({ host: bound.address, port: bound.port });
    });
  });
}

export function formatAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
