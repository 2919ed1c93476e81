import { once } from 'node:events';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { type AddressInfo, createServer as createTcp, type Server as TcpServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { AppCheck, AppChecks } from '@rankguard/contract/pod';
import { createProbes } from './probes.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function bind(server: Server | TcpServer): Promise<number> {
  closing.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function ask(
  checks: AppChecks,
  path: string,
  state: Partial<Record<'started' | 'ready', string>> = {},
) {
  const port = await bind(
    createProbes({ checks, notStarted: () => state.started ?? null, notReady: () => state.ready ?? null }),
  );
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: (await response.text()).trim() };
}
const check = (one: AppCheck) => ask({ 'app/liveness': one }, '/app/app/liveness');

test('the sidecar says what it is asked', async () => {
  expect(await ask({}, '/live', { started: 'no', ready: 'no' })).toEqual({ status: 200, text: 'ok' });
  expect(await ask({}, '/startup')).toMatchObject({ status: 200 });
  expect(await ask({}, '/startup', { started: 'port 80' })).toEqual({ status: 503, text: 'port 80' });
  expect(await ask({}, '/ready', { ready: 'no bundle is active' })).toMatchObject({ status: 503 });
  expect(await ask({}, '/other')).toMatchObject({ status: 503 });
  expect(await ask({}, '/app/app/liveness')).toMatchObject({ status: 503 });
});

test.each([
  [200, 200],
  [302, 200],
  [399, 200],
  [400, 503],
  [500, 503],
])('an app that answers %d', async (status, expected) => {
  let seen: unknown;
  const port = await bind(
    createHttp((request, response) => {
      seen = { path: request.url, probe: request.headers['x-probe'], host: request.headers.host };
      response.writeHead(status).end();
    }),
  );
  const headers = [{ name: 'X-Probe', value: 'yes' }];
  const http = { port, path: '/health?deep=1', scheme: 'HTTP' as const, headers };
  expect(await check({ timeoutSeconds: 5, http })).toMatchObject({ status: expected });
  expect(seen).toEqual({ path: '/health?deep=1', probe: 'yes', host: `127.0.0.1:${port}` });
});

test('an app that does not answer in time, or is not there', async () => {
  const silent = await bind(createTcp((socket) => closing.push(() => socket.destroy())));
  const http = { port: silent, path: '/', scheme: 'HTTP' as const, headers: [] };
  expect(await check({ timeoutSeconds: 0.05, http })).toEqual({
    status: 503,
    text: 'no answer within 0.05 s',
  });
  const gone = createTcp();
  const port = await bind(gone);
  gone.close();
  await once(gone, 'close');
  expect(await check({ timeoutSeconds: 5, http: { ...http, port } })).toEqual({
    status: 503,
    text: 'ECONNREFUSED',
  });
  expect(await check({ timeoutSeconds: 5, tcp: { port } })).toEqual({ status: 503, text: 'ECONNREFUSED' });
});

test('an app that takes connections', async () => {
  const port = await bind(createTcp((socket) => socket.on('error', () => {})));
  expect(await check({ timeoutSeconds: 5, tcp: { port } })).toMatchObject({ status: 200 });
});

// Bytes of health.proto: HealthCheckRequest{service: "rerank"}, HealthCheckResponse{status}.
const REQUEST = Buffer.from('00000000080a0672657261' + '6e6b', 'hex');
const SERVING = Buffer.from('00000000020801', 'hex');
const NOT_SERVING = Buffer.from('00000000020802', 'hex');
const UNKNOWN = Buffer.from('0000000000', 'hex');

test.each([
  ['serves', SERVING, '0', 200, 'ok'],
  ['does not serve', NOT_SERVING, '0', 503, 'the service is not serving'],
  ['does not say', UNKNOWN, '0', 503, 'the service is not serving'],
  ['does not know the service', Buffer.alloc(0), '5', 503, 'gRPC status 5'],
])('a gRPC service that %s', async (_, answer, grpcStatus, status, text) => {
  const server = createHttp2();
  const received: Buffer[] = [];
  let path: unknown;
  server.on('stream', (stream, headers) => {
    path = headers[':path'];
    stream.on('data', (chunk: Buffer) => received.push(chunk));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': grpcStatus }));
    stream.end(answer);
  });
  const port = await bind(server as unknown as TcpServer);
  expect(await check({ timeoutSeconds: 5, grpc: { port, service: 'rerank' } })).toEqual({ status, text });
  expect(path).toBe('/grpc.health.v1.Health/Check');
  expect(Buffer.concat(received)).toEqual(REQUEST);
});
