import { createServer } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createByteSource, parseHead, readBody } from '../support/byte-source.ts';
import { openClient, requestBytes } from '../support/client.ts';
import { leaksIn } from '../support/personal.ts';
import { GOOD } from '../support/setup.ts';
import { rerankAnswer } from '../support/upstream.ts';
import { createGate, waitFor } from '../support/wait.ts';
import { LOCALHOST, NEXT } from './certificates.ts';
import type { LogLine, Run } from './process.ts';
import { type Change, createWorld, type World } from './world.ts';

type TlsFiles = typeof LOCALHOST;

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const isActive = ({ msg }: LogLine) => msg === 'bundle active';
const isRefused = ({ msg }: LogLine) => msg.startsWith('change refused');
const CAS = [LOCALHOST['tls.crt'], NEXT['tls.crt']];

function inConnection(members: Readonly<Record<string, unknown>>): Change {
  return (all) =>
    all.map((one) =>
      one.kind === 'RerankConnection' ? { ...one, spec: { ...(one['spec'] as object), ...members } } : one,
    );
}

describe('the listener', () => {
  const listener =
    (files: Partial<TlsFiles>): Change =>
    (all) => [
      ...inConnection({ tls: { listener: { secretName: 'listener' } } })(all),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'listener', namespace: 'e2e' },
        type: 'kubernetes.io/tls',
        stringData: files,
      },
    ];

  /** A connection that can be used again and again. */
  async function open(run: Run, minVersion?: 'TLSv1.1') {
    const versions = minVersion === undefined ? {} : { minVersion, maxVersion: minVersion };
    const socket = connect({
      port: run.port,
      host: '127.0.0.1',
      ca: CAS,
      servername: 'localhost',
      ...versions,
    });
    const source = createByteSource(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    async function ask() {
      socket.write(requestBytes({ token: world.token, body: GOOD.tei }));
      const head = parseHead(await source.until('\r\n\r\n'));
      const body = await readBody(source, head.headers, { toEnd: true });
      return { status: Number(head.firstLine.split(' ')[1]), body };
    }
    return { socket, ask };
  }
  const nameOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;

  test('speaks TLS with the Secret’s certificate, and nothing else', async () => {
    world.write({}, listener(LOCALHOST));
    const run = await world.start();
    const { socket, ask } = await open(run);
    expect(nameOf(socket)).toBe('localhost');
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(leaksIn(body)).toEqual([]);
    await expect(open(run, 'TLSv1.1')).rejects.toThrow();
    const plain = await openClient(run.port);
    plain.send(requestBytes({ token: world.token, body: GOOD.tei }));
    expect((await plain.rest()).toString()).not.toContain('HTTP/1.1 2');
    expect(world.upstream.calls).toHaveLength(1);
    socket.destroy();
    expect(await world.told([LOCALHOST['tls.key'].split('\n')[1]!])).toEqual([]);
  });

  test('takes a new certificate without a restart; open connections stay', async () => {
    world.write({}, listener(LOCALHOST));
    const run = await world.start();
    const old = await open(run);
    const from = run.lines.length;
    world.write({}, listener(NEXT));
    await run.line('the new bundle', isActive, from);
    const fresh = await open(run);
    expect(nameOf(fresh.socket)).toBe('next');
    expect((await fresh.ask()).status).toBe(200);
    expect((await old.ask()).status).toBe(200);
    old.socket.destroy();
    fresh.socket.destroy();
  });

  test('does not take what is no certificate with its key, nor the policy that came with it', async () => {
    world.write({}, listener(LOCALHOST));
    const run = await world.start();
    const wrong = [
      { 'tls.crt': 'no certificate', 'tls.key': NEXT['tls.key'] },
      { 'tls.crt': LOCALHOST['tls.crt'], 'tls.key': NEXT['tls.key'] },
      { 'tls.crt': NEXT['tls.crt'], 'tls.key': NEXT['tls.key'].slice(0, 80) },
    ];
    for (const files of wrong) {
      const from = run.lines.length;
      world.write({ rego: 'package rankguard.e2e\n\nallow if false\n' }, listener(files));
      const refused = await run.line('the refusal', isRefused, from);
      expect(JSON.stringify(refused['problems'])).toMatch(/Secret e2e\/listener/);
      const { socket, ask } = await open(run);
      expect(nameOf(socket)).toBe('localhost');
      expect((await ask()).status).toBe(200);
      socket.destroy();
      expect(await run.metric('rankguard_bundle_revision{connection="e2e/search"}')).toBe(1);
    }
  });
});

describe('the upstream', () => {
  /** A reranker that speaks TLS. */
  async function secureUpstream() {
    const gate = createGate();
    const seen: string[] = [];
    const server = createServer(
      { cert: LOCALHOST['tls.crt'], key: LOCALHOST['tls.key'] },
      async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        seen.push(request.url ?? '');
        if (request.headers['user-agent'] === 'slow') await gate.opened;
        const body = Buffer.concat(chunks);
        response.setHeader('Content-Type', 'application/json');
        response.end(
          request.method === 'GET' ? '{}' : JSON.stringify(rerankAnswer({ path: request.url ?? '', body })),
        );
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return {
      url: `https://127.0.0.1:${port}`,
      gate,
      seen,
      close() {
        gate.open();
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      },
    };
  }
  const trusting = (...certificates: string[]): Change =>
    inConnection({ tls: { upstream: { caBundle: certificates.join('') } } });

  async function ask(run: Run, target = '/rerank', agent = 'quick') {
    const client = await openClient(run.port);
    const headers = [['User-Agent', agent]] as const;
    client.send(
      target === '/rerank'
        ? requestBytes({ token: world.token, body: GOOD.tei, headers })
        : requestBytes({ method: 'GET', target }),
    );
    const response = await client.response();
    client.destroy();
    return response;
  }

  test('is trusted by its caBundle, which may change', async () => {
    const upstream = await secureUpstream();
    try {
      world.write({}, trusting(NEXT['tls.crt']));
      const run = await world.start({ upstream: upstream.url });
      const refused = await ask(run);
      expect([refused.status, refused.json()['reason']]).toEqual([502, 'UPSTREAM_UNREACHABLE']);
      expect((await ask(run, '/health')).status).toBe(502);
      expect(upstream.seen).toEqual([]);
      const from = run.lines.length;
      world.write({}, trusting(LOCALHOST['tls.crt']));
      await run.line('the new bundle', isActive, from);
      expect((await ask(run)).status).toBe(200);
      expect((await ask(run, '/health')).status).toBe(200);
      const then = run.lines.length;
      world.write({}, trusting(NEXT['tls.crt']));
      await run.line('the next bundle', isActive, then);
      expect((await ask(run)).status).toBe(502);
    } finally {
      await upstream.close();
    }
  });

  test('a change of its caBundle fails no call that has begun', async () => {
    const upstream = await secureUpstream();
    try {
      world.write({}, trusting(LOCALHOST['tls.crt']));
      const run = await world.start({ upstream: upstream.url });
      const waiting = ask(run, '/rerank', 'slow');
      await waitFor(() => upstream.seen.length === 1, 'the call at the upstream');
      const sending = await openClient(run.port);
      const bytes = requestBytes({ token: world.token, body: GOOD.tei });
      sending.send(bytes.subarray(0, -1));
      await waitFor(async () => (await run.metric('rankguard_inflight_calls')) === 2, 'both calls');
      const from = run.lines.length;
      world.write({}, trusting(LOCALHOST['tls.crt'], NEXT['tls.crt']));
      await run.line('the new bundle', isActive, from);
      sending.send(bytes.subarray(-1));
      expect((await sending.response()).status).toBe(200);
      upstream.gate.open();
      expect((await waiting).status).toBe(200);
      sending.destroy();
    } finally {
      await upstream.close();
    }
  });

  test('a caBundle that is none is refused with its line', async () => {
    world.write();
    const run = await world.start();
    const from = run.lines.length;
    world.write({}, trusting('-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n'));
    const refused = await run.line('the refusal', isRefused, from);
    expect(JSON.stringify(refused['problems'])).toMatch(/all\.yaml:\d+.*caBundle/);
  });
});
