import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chunked } from '../../../test/support/client.ts';
import { httpAnswer, type RawUpstream, type Script, startUpstream } from '../../../test/support/upstream.ts';
import { createGate, waitFor } from '../../../test/support/wait.ts';
import { createUpstream, type Upstream, type UpstreamRequest } from './index.ts';

let server: RawUpstream;
let upstream: Upstream;
beforeEach(async () => {
  server = await startUpstream((call) => call.write(httpAnswer(200, '{"a":1}')));
  upstream = createUpstream({ url: server.url, ca: null, connections: 4 });
});
afterEach(async () => {
  await server.close();
  await upstream.close();
});

type Options = Parameters<Upstream['send']>[1];
const post: UpstreamRequest = {
  method: 'POST',
  path: '/rerank',
  headers: ['content-type', 'application/json', 'x-a', '1'],
  body: Buffer.from('{"query":"q"}'),
};

function send(options: Partial<Options> = {}, request: UpstreamRequest = post) {
  const signal = new AbortController().signal;
  return upstream.send(request, {
    signal,
    maxBytes: 1_000_000,
    timeoutMs: 10_000,
    reserve: () => true,
    ...options,
  });
}

function answerWith(...answers: readonly (string | Buffer)[]): Script {
  return async (call) => {
    for (const bytes of answers) await call.write(bytes);
  };
}

describe('one request', () => {
  test('arrives as it was given, and its answer comes back whole', async () => {
    server.script = answerWith(httpAnswer(201, 'body', { 'X-Two': 'a' }));
    const answer = await send();
    expect(answer).toMatchObject({ ok: true, status: 201, body: Buffer.from('body') });
    const [call] = server.calls;
    expect(call).toMatchObject({ method: 'POST', path: '/rerank', body: post.body });
    expect(Object.fromEntries(call!.headers)).toEqual({
      host: new URL(server.url).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'x-a': '1',
      'content-length': String(post.body!.length),
    });
  });

  test('GET has no body', async () => {
    await send({}, { method: 'GET', path: '/info', headers: [], body: null });
    expect(server.calls[0]).toMatchObject({ method: 'GET', path: '/info', body: Buffer.alloc(0) });
  });

  test('an empty answer is an answer', async () => {
    server.script = answerWith(httpAnswer(500, ''));
    expect(await send()).toMatchObject({ ok: true, status: 500, body: Buffer.alloc(0) });
  });

  test('names of fields are lower case, repeated ones keep all values', async () => {
    server.script = answerWith('HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 0\r\n\r\n');
    const answer = await send();
    expect(answer.ok && answer.headers.get('x-a')).toEqual(['1', '2']);
    expect(answer.ok && answer.headers.get('x-b')).toEqual(['3']);
  });

  test.each([
    ['in many writes', ['HTTP/1.1 200 OK\r\nContent-', 'Length: 4\r\n\r', '\nbo', 'dy']],
    ['chunked', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', chunked(Buffer.from('body'), 1)]],
  ])('a body %s is put together', async (_, pieces) => {
    server.script = answerWith(...pieces);
    expect(await send()).toMatchObject({ ok: true, body: Buffer.from('body') });
  });

  test('a body that ends with its connection is read to the end', async () => {
    server.script = async (call) => {
      await call.write('HTTP/1.1 200 OK\r\n\r\nbody');
      call.end();
    };
    expect(await send()).toMatchObject({ ok: true, body: Buffer.from('body') });
  });
});

describe('what nobody judges is dropped', () => {
  test('interim answers, however many', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </maria@example.org>\r\nX-A: interim\r\n\r\n';
    server.script = answerWith(interim, interim, 'HTTP/1.1 102 Processing\r\n\r\n', httpAnswer(200, 'body'));
    const answer = await send();
    expect(answer).toMatchObject({ ok: true, status: 200, body: Buffer.from('body') });
    expect(answer.ok && [...answer.headers.keys()].sort()).toEqual(['content-length', 'content-type']);
  });

  test('trailers', async () => {
    const body = chunked(Buffer.from('body')).subarray(0, -2);
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Note\r\n\r\n';
    server.script = answerWith(head, body, 'X-Note: maria@example.org\r\nRetry-After: 9\r\n\r\n');
    const answer = await send();
    expect(answer).toMatchObject({ ok: true, body: Buffer.from('body') });
    expect(answer.ok && [...answer.headers.keys()].sort()).toEqual(['trailer', 'transfer-encoding']);
  });
});

describe('connections', () => {
  beforeEach(() => {
    upstream = createUpstream({ url: server.url, ca: null, connections: 1 });
  });

  test('are used again', async () => {
    for (let i = 0; i < 5; i++) expect(await send()).toMatchObject({ ok: true });
    expect(server.connections).toBe(1);
    expect(server.calls).toHaveLength(5);
  });

  test('are used again after an error of the upstream’s own', async () => {
    server.script = answerWith(httpAnswer(500, '{}'));
    await send();
    await send();
    expect(server.connections).toBe(1);
  });

  test('that the upstream closes are opened anew', async () => {
    server.script = async (call) => {
      await call.write(httpAnswer(200, '{}', { Connection: 'close' }));
      call.end();
    };
    expect(await send()).toMatchObject({ ok: true });
    expect(await send()).toMatchObject({ ok: true });
    expect(server.connections).toBe(2);
  });

  test('are bounded; more requests wait, and nothing is sent for one that gives up waiting', async () => {
    const gate = createGate();
    server.script = async (call) => {
      await gate.opened;
      await call.write(httpAnswer(200, '{}'));
    };
    const first = send();
    await waitFor(() => server.calls[0], 'the first call');
    const gone = new AbortController();
    const late = send({ timeoutMs: 20 }, { ...post, path: '/late' });
    const left = send({ signal: gone.signal }, { ...post, path: '/left' });
    const patient = send({}, { ...post, path: '/patient' });
    gone.abort();
    expect(await left).toMatchObject({ ok: false, code: 'CLIENT_GONE' });
    expect(await late).toMatchObject({ ok: false, code: 'UPSTREAM_TIMEOUT' });
    gate.open();
    for (const answer of await Promise.all([first, patient])) expect(answer.ok).toBe(true);
    expect(server.calls.map(({ path }) => path)).toEqual(['/rerank', '/patient']);
  });
});

describe('a request that may have arrived is never sent twice', () => {
  const ends: readonly (readonly [string, Script])[] = [
    ['resets', (call) => call.reset()],
    ['closes', (call) => call.end()],
    [
      'resets in the middle of the head',
      async (call) => {
        await call.write('HTTP/1.1 200 OK\r\nX-A');
        call.reset();
      },
    ],
    [
      'resets in the middle of the body',
      async (call) => {
        await call.write(httpAnswer(200, '12345').subarray(0, -1));
        call.reset();
      },
    ],
    [
      'closes in the middle of the body',
      async (call) => {
        await call.write(httpAnswer(200, '12345').subarray(0, -1));
        call.end();
      },
    ],
    [
      'closes in the middle of a chunk',
      async (call) => {
        await call.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123');
        call.end();
      },
    ],
  ];

  test.each(ends)('when the upstream reads it and %s', async (_, script) => {
    server.script = script;
    expect(await send()).toMatchObject({ ok: false, code: 'UPSTREAM_RESET' });
    server.script = answerWith(httpAnswer(200, '{}'));
    expect(await send({}, { ...post, path: '/next' })).toMatchObject({ ok: true });
    expect(server.calls.map(({ path }) => path)).toEqual(['/rerank', '/next']);
  });

  test.each(ends)(
    'when it was sent on a connection that was good before, and the upstream %s',
    async (_, script) => {
      upstream = createUpstream({ url: server.url, ca: null, connections: 1 });
      expect(await send()).toMatchObject({ ok: true });
      server.script = script;
      expect(await send({}, { ...post, path: '/second' })).toMatchObject({
        ok: false,
        code: 'UPSTREAM_RESET',
      });
      expect(server.calls.map(({ path }) => path)).toEqual(['/rerank', '/second']);
      expect(server.connections).toBe(1);
    },
  );
});

describe('bounds', () => {
  test('an answer of exactly the limit is taken, one byte more is not', async () => {
    server.script = answerWith(httpAnswer(200, 'x'.repeat(1000)));
    expect(await send({ maxBytes: 1000 })).toMatchObject({ ok: true });
    expect(await send({ maxBytes: 999 })).toMatchObject({ ok: false, code: 'UPSTREAM_TOO_LARGE' });
  });

  test('an announced length beyond the limit is refused before its body comes', async () => {
    server.script = answerWith('HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n');
    expect(await send({ maxBytes: 1000 })).toMatchObject({ ok: false, code: 'UPSTREAM_TOO_LARGE' });
    await server.calls[0]!.closed;
  });

  test('an endless answer is cut, and its connection with it', async () => {
    server.script = async (call) => {
      await call.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const chunk = Buffer.from(`1000\r\n${'x'.repeat(0x1000)}\r\n`);
      while (!call.isClosed) await Promise.race([call.write(chunk), call.closed]);
    };
    expect(await send({ maxBytes: 100_000 })).toMatchObject({ ok: false, code: 'UPSTREAM_TOO_LARGE' });
    await server.calls[0]!.closed;
  });

  test('every byte is asked for before it is kept', async () => {
    server.script = answerWith(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      chunked(Buffer.alloc(5000, 'x'), 100),
    );
    let reserved = 0;
    await send({
      reserve(bytes) {
        reserved += bytes;
        return true;
      },
    });
    expect(reserved).toBe(5000);
  });

  test('no room is a refusal', async () => {
    expect(await send({ reserve: () => false })).toMatchObject({ ok: false, code: 'BUFFER_FULL' });
    await server.calls[0]!.closed;
  });

  test('a head beyond 32 KiB is no answer', async () => {
    server.script = answerWith(httpAnswer(200, '', { 'X-Long': 'x'.repeat(40_000) }));
    expect(await send()).toMatchObject({ ok: false, code: 'UPSTREAM_MALFORMED' });
  });
});

describe('time is up', () => {
  test.each([
    ['nothing comes', []],
    ['only interim answers come', ['HTTP/1.1 102 Processing\r\n\r\n']],
    ['the head is not whole', ['HTTP/1.1 200 OK\r\nContent-Le']],
    ['the body is not whole', [httpAnswer(200, '12345').subarray(0, -1)]],
  ] as [string, (string | Buffer)[]][])('when %s', async (_, pieces) => {
    const gate = createGate();
    server.script = async (call) => {
      for (const piece of pieces) await call.write(piece);
      await gate.opened;
    };
    expect(await send({ timeoutMs: 60 })).toMatchObject({ ok: false, code: 'UPSTREAM_TIMEOUT' });
    await server.calls[0]!.closed;
    gate.open();
  });

  test('for an answer that comes drop by drop: the whole of it is timed', async () => {
    server.script = async (call) => {
      await call.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      while (!call.isClosed) {
        await call.write('x');
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    expect(await send({ timeoutMs: 100 })).toMatchObject({ ok: false, code: 'UPSTREAM_TIMEOUT' });
    await server.calls[0]!.closed;
  });
});

describe('a caller who goes away', () => {
  test('before anything is sent: nothing is', async () => {
    expect(await send({ signal: AbortSignal.abort() })).toMatchObject({ ok: false, code: 'CLIENT_GONE' });
    await send({}, { ...post, path: '/next' });
    expect(server.calls.map(({ path }) => path)).toEqual(['/next']);
  });

  test.each([
    ['the answer', undefined],
    ['the rest of the answer', httpAnswer(200, '12345').subarray(0, -1)],
  ])('while %s is awaited: the upstream sees it', async (_, piece) => {
    const gate = createGate();
    const gone = new AbortController();
    server.script = async (call) => {
      if (piece !== undefined) await call.write(piece);
      await gate.opened;
    };
    const pending = send({ signal: gone.signal });
    const call = await waitFor(() => server.calls[0], 'the call');
    gone.abort();
    expect(await pending).toMatchObject({ ok: false, code: 'CLIENT_GONE' });
    await call.closed;
    gate.open();
  });

  test('after the answer: nothing listens any more', async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) await send({ signal });
    server.script = (call) => call.reset();
    await send({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('no answer', () => {
  test('of a port where nobody listens', async () => {
    await server.close();
    const answer = await send();
    expect(answer).toEqual({
      ok: false,
      code: 'UPSTREAM_UNREACHABLE',
      message: 'the reranker cannot be reached (ECONNREFUSED)',
    });
  });

  test.each([
    ['garbage', 'nonsense\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    ],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('but %s', async (_, bytes) => {
    server.script = answerWith(bytes);
    expect(await send()).toMatchObject({ ok: false, code: 'UPSTREAM_MALFORMED' });
    expect(server.calls).toHaveLength(1);
  });

  test('a switch of protocols is none', async () => {
    server.script = answerWith(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n',
    );
    expect(await send()).toMatchObject({ ok: false });
    expect(server.calls).toHaveLength(1);
  });

  test('after close: a value, no throw', async () => {
    await upstream.close();
    expect(await send()).toMatchObject({ ok: false, code: 'UPSTREAM_UNREACHABLE' });
    upstream = createUpstream({ url: server.url, ca: null, connections: 1 });
  });

  test('close lets requests in flight end', async () => {
    const gate = createGate();
    server.script = async (call) => {
      await gate.opened;
      await call.write(httpAnswer(200, '{}'));
    };
    const pending = send();
    await waitFor(() => server.calls[0], 'the call');
    const closing = upstream.close();
    gate.open();
    expect(await pending).toMatchObject({ ok: true });
    await closing;
    upstream = createUpstream({ url: server.url, ca: null, connections: 1 });
  });
});

describe('TLS', () => {
  const folder = join(import.meta.dirname, '../../../test/identity/testdata');
  const cert = readFileSync(join(folder, 'localhost-cert.pem'), 'utf8');
  const key = readFileSync(join(folder, 'localhost-key.pem'), 'utf8');

  async function statusOver(ca: string | null): Promise<unknown> {
    const secure = createServer({ cert, key }, (_, response) => void response.end('{}'));
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
    const client = createUpstream({ url, ca, connections: 1 });
    try {
      const options = {
        signal: new AbortController().signal,
        maxBytes: 100,
        timeoutMs: 5_000,
        reserve: () => true,
      };
      const answer = await client.send(post, options);
      return answer.ok ? answer.status : answer.code;
    } finally {
      await client.close();
      secure.closeAllConnections();
      await new Promise((resolve) => secure.close(resolve));
    }
  }

  test('is trusted with the given certificates only', async () => {
    expect(await statusOver(cert)).toBe(200);
    expect(await statusOver(null)).toBe('UPSTREAM_UNREACHABLE');
  });
});
