import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ReasonCode } from '@rankguard/contract';
import { expectMasked, expectProblem, expectRefusal } from '../support/expectations.ts';
import { DOCUMENTS, HARMLESS, leaksIn, PERSONAL } from '../support/personal.ts';
import { GOOD, ROUTE, type Setup, setUp, withSetup } from '../support/setup.ts';
import { httpAnswer, rerankAnswer, type Script, type UpstreamCall } from '../support/upstream.ts';
import { pause, waitFor } from '../support/wait.ts';

let setup: Setup;
beforeAll(async () => {
  // The upstream must have something to leak: it gets the documents as they are.
  setup = await setUp({ order: 'score-then-mask', limits: { responseBytes: '64Ki' } });
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

const answerText = (call: UpstreamCall) => JSON.stringify(rerankAnswer(call));
const head = (lines: string) => `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${lines}\r\n`;
const results =
  (value: unknown): Script =>
  (call) =>
    call.write(httpAnswer(200, JSON.stringify(value)));
const result = (index: unknown, score: unknown = 0.5) => ({ index, score, text: DOCUMENTS[0] });

async function writeAndEnd(call: UpstreamCall, bytes: string | Buffer): Promise<void> {
  await call.write(bytes);
  call.end();
}

const FAILURES: readonly (readonly [string, ReasonCode, Script])[] = [
  ['garbage', 'UPSTREAM_MALFORMED', (call) => writeAndEnd(call, `${DOCUMENTS[0]}\r\n\r\n`)],
  ['a TLS alert', 'UPSTREAM_MALFORMED', (call) => writeAndEnd(call, Buffer.from('15030100020246', 'hex'))],
  [
    'a head of 100 KB',
    'UPSTREAM_MALFORMED',
    (call) => writeAndEnd(call, head(`X-A: ${'a'.repeat(100_000)}\r\n`)),
  ],
  [
    'a chunk size of nonsense',
    'UPSTREAM_MALFORMED',
    (call) => writeAndEnd(call, `${head('Transfer-Encoding: chunked\r\n')}zz\r\n[]\r\n`),
  ],
  [
    'two Content-Lengths',
    'UPSTREAM_MALFORMED',
    (call) => call.write(`${head('Content-Length: 2\r\nContent-Length: 900\r\n')}[]`),
  ],
  ['text', 'UPSTREAM_MALFORMED', (call) => call.write(httpAnswer(200, DOCUMENTS[0] ?? ''))],
  ['JSON and more', 'UPSTREAM_MALFORMED', (call) => call.write(httpAnswer(200, `${answerText(call)}{}`))],
  ['JSON lines', 'UPSTREAM_MALFORMED', (call) => call.write(httpAnswer(200, `[]\n${answerText(call)}`))],
  ['an empty body', 'UPSTREAM_MALFORMED', (call) => call.write(httpAnswer(200, ''))],
  [
    'JSON in UTF-16',
    'UPSTREAM_MALFORMED',
    (call) => call.write(httpAnswer(200, Buffer.from(answerText(call), 'utf16le'))),
  ],
  [
    'a member twice',
    'UPSTREAM_MALFORMED',
    (call) =>
      call.write(
        httpAnswer(200, `[{"index":0,"score":1,"text":"a","text":${JSON.stringify(DOCUMENTS[0])}}]`),
      ),
  ],
  [
    'half a body, then the end',
    'UPSTREAM_RESET',
    (call) => writeAndEnd(call, httpAnswer(200, answerText(call)).subarray(0, -20)),
  ],
  [
    'half a body, then a cut',
    'UPSTREAM_RESET',
    async (call) => {
      await call.write(httpAnswer(200, answerText(call)).subarray(0, -20));
      call.reset();
    },
  ],
  [
    'half a chunked body',
    'UPSTREAM_RESET',
    (call) => writeAndEnd(call, `${head('Transfer-Encoding: chunked\r\n')}1000\r\n${answerText(call)}`),
  ],
  [
    'a chunked body without its end',
    'UPSTREAM_RESET',
    (call) => {
      const text = answerText(call);
      const size = Buffer.byteLength(text).toString(16);
      return writeAndEnd(call, `${head('Transfer-Encoding: chunked\r\n')}${size}\r\n${text}\r\n`);
    },
  ],
  ['half a head', 'UPSTREAM_RESET', (call) => writeAndEnd(call, 'HTTP/1.1 200 OK\r\nContent-')],
  ['nothing, and closes', 'UPSTREAM_RESET', (call) => call.end()],
  ['nothing, and cuts', 'UPSTREAM_RESET', (call) => call.reset()],
  [
    'gzip that is none',
    'UPSTREAM_ENCODING',
    (call) => call.write(httpAnswer(200, answerText(call), { 'Content-Encoding': 'gzip' })),
  ],
  [
    'gzip cut short',
    'UPSTREAM_ENCODING',
    (call) =>
      call.write(
        httpAnswer(200, gzipSync(answerText(call)).subarray(0, -12), { 'Content-Encoding': 'gzip' }),
      ),
  ],
  [
    'gzip twice',
    'UPSTREAM_ENCODING',
    (call) =>
      call.write(httpAnswer(200, gzipSync(gzipSync(answerText(call))), { 'Content-Encoding': 'gzip, gzip' })),
  ],
  [
    'a coding of nobody',
    'UPSTREAM_ENCODING',
    (call) => call.write(httpAnswer(200, answerText(call), { 'Content-Encoding': 'rot13' })),
  ],
  [
    'gzip without saying so',
    'UPSTREAM_MALFORMED',
    (call) => call.write(httpAnswer(200, gzipSync(answerText(call)))),
  ],
  [
    'a gzip bomb',
    'UPSTREAM_TOO_LARGE',
    (call) =>
      call.write(httpAnswer(200, gzipSync(Buffer.alloc(8 * 1024 * 1024)), { 'Content-Encoding': 'gzip' })),
  ],
  [
    'a huge answer, announced',
    'UPSTREAM_TOO_LARGE',
    (call) => call.write(head('Content-Length: 104857600\r\n')),
  ],
  [
    'a huge answer, in chunks',
    'UPSTREAM_TOO_LARGE',
    async (call) => {
      await call.write(head('Transfer-Encoding: chunked\r\n'));
      while (!call.isClosed) {
        await call.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
        await pause(0);
      }
    },
  ],
  [
    'a huge answer without an end',
    'UPSTREAM_TOO_LARGE',
    async (call) => {
      await call.write(head(''));
      while (!call.isClosed) {
        await call.write('x'.repeat(4096));
        await pause(0);
      }
    },
  ],
  ['301', 'UPSTREAM_SHAPE', (call) => call.write(httpAnswer(301, '', { Location: 'http://127.0.0.1:1/' }))],
  ['307', 'UPSTREAM_SHAPE', (call) => call.write(httpAnswer(307, '', { Location: '/other' }))],
  ['999', 'UPSTREAM_SHAPE', (call) => call.write(httpAnswer(999, answerText(call)))],
  ['99', 'UPSTREAM_MALFORMED', (call) => call.write(httpAnswer(99, answerText(call)))],
  ['304', 'UPSTREAM_SHAPE', (call) => call.write('HTTP/1.1 304 Not Modified\r\n\r\n')],
  ['204', 'UPSTREAM_MALFORMED', (call) => call.write('HTTP/1.1 204 No Content\r\n\r\n')],
  ['an object', 'UPSTREAM_SHAPE', results({ results: [result(0)] })],
  ['a string', 'UPSTREAM_SHAPE', results(DOCUMENTS[0])],
  ['results that are no objects', 'UPSTREAM_SHAPE', results([0.1, 0.2])],
  ['a result without an index', 'UPSTREAM_SHAPE', results([{ score: 1, text: DOCUMENTS[0] }])],
  ['a result without a score', 'UPSTREAM_SHAPE', results([{ index: 0, text: DOCUMENTS[0] }])],
  ['a score that is text', 'UPSTREAM_SHAPE', results([result(0, '0.5')])],
  ['an index beyond the documents', 'UPSTREAM_SHAPE', results([result(0), result(3)])],
  ['an index below 0', 'UPSTREAM_SHAPE', results([result(-1)])],
  ['an index that is a fraction', 'UPSTREAM_SHAPE', results([result(0.5)])],
  ['an index that is text', 'UPSTREAM_SHAPE', results([result('0')])],
  ['the same index twice', 'UPSTREAM_SHAPE', results([result(0), result(1), result(0)])],
];

test.each(FAILURES)('an upstream that answers %s', async (_, reason, script) => {
  setup.upstream.script = script;
  const response = await setup.send({ body: GOOD.tei });
  await expectRefusal(setup, response, reason);
  // A POST that may have arrived is not sent twice.
  expect(setup.upstream.calls).toHaveLength(1);
});

test('an upstream that answers in the shape of another API', async () => {
  setup.upstream.script = results([result(0)]);
  const response = await setup.send({ target: ROUTE['cohere-v2'], body: GOOD['cohere-v2'] });
  await expectRefusal(setup, response, 'UPSTREAM_SHAPE', 'cohere-v2');
});

const byteByByte = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]));

const ALLOWED: readonly (readonly [string, Script])[] = [
  [
    'chunked, a byte in each chunk',
    async (call) => {
      const pieces = byteByByte(Buffer.from(answerText(call)));
      const chunks = pieces.map((piece) => Buffer.concat([Buffer.from('1\r\n'), piece, Buffer.from('\r\n')]));
      await call.write(Buffer.concat([Buffer.from(head('Transfer-Encoding: chunked\r\n')), ...chunks]));
      await call.write('0\r\n\r\n');
    },
  ],
  [
    'a byte in each packet',
    async (call) => {
      for (const byte of byteByByte(httpAnswer(200, answerText(call)))) await call.write(byte);
    },
  ],
  ['gzip', (call) => call.write(httpAnswer(200, gzipSync(answerText(call)), { 'Content-Encoding': 'gzip' }))],
  ['until it closes', (call) => writeAndEnd(call, head('') + answerText(call))],
  [
    'after two interim answers',
    async (call) => {
      const interim = `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </${PERSONAL.EMAIL_ADDRESS}>\r\n\r\n`;
      await call.write(interim);
      await call.write(httpAnswer(200, answerText(call)));
    },
  ],
  [
    'with trailers',
    (call) => {
      const text = answerText(call);
      const size = Buffer.byteLength(text).toString(16);
      const trailer = `X-Note: ${PERSONAL.EMAIL_ADDRESS}\r\n`;
      return call.write(
        `${head('Transfer-Encoding: chunked\r\nTrailer: X-Note\r\n')}${size}\r\n${text}\r\n0\r\n${trailer}\r\n`,
      );
    },
  ],
  [
    'with personal data in its headers',
    (call) =>
      call.write(
        httpAnswer(200, answerText(call), {
          'x-compute-type': `gpu of ${PERSONAL.EMAIL_ADDRESS}`,
          'x-secret': PERSONAL.US_SSN,
          'Set-Cookie': `user=${PERSONAL.EMAIL_ADDRESS}`,
          Server: PERSONAL.EMAIL_ADDRESS,
        }),
      ),
  ],
  [
    'with personal data as its reason phrase',
    (call) =>
      call.write(httpAnswer(200, answerText(call)).toString().replace('Whatever', PERSONAL.EMAIL_ADDRESS)),
  ],
];

test.each(ALLOWED)('an upstream that answers %s', async (_, script) => {
  setup.upstream.script = script;
  const response = await setup.send({ body: GOOD.tei });
  const record = await expectMasked(setup, response);
  expect(response.interim).toEqual([]);
  expect(record.masked).toMatchObject({ EMAIL_ADDRESS: expect.any(Number), US_SSN: 1, CREDIT_CARD: 1 });
  for (const name of ['trailer', 'link', 'set-cookie', 'server', 'x-secret', 'x-note']) {
    expect(response.headers.has(name)).toBe(false);
  }
});

const quoted = `invalid input: ${DOCUMENTS.join(' | ')}`;
const ERRORS: readonly (readonly [string, number, string, string])[] = [
  ['400 in JSON', 400, 'application/json', JSON.stringify({ error: quoted, error_type: 'Validation' })],
  ['422 in JSON', 422, 'application/json', JSON.stringify({ detail: [{ msg: 'bad', input: DOCUMENTS }] })],
  ['429 in text', 429, 'text/plain', quoted],
  ['500 in JSON', 500, 'application/json', JSON.stringify({ message: quoted })],
  ['500 in text', 500, 'text/plain', `Internal Server Error\n${quoted}\n`],
  ['500 in HTML', 500, 'text/html', `<html><body><pre>${quoted}</pre></body></html>`],
  ['500 of half a JSON', 500, 'application/json', `{"error": "${quoted}`],
  [
    '500 in escaped JSON inside text',
    500,
    'text/plain',
    `Error: {"input":"${quoted.replaceAll('@', '\\u0040')}"}`,
  ],
  ['500 of bytes', 500, 'application/octet-stream', `\0\x01${quoted}`],
  ['503 in nothing', 503, 'text/plain', ''],
];

test.each(ERRORS)('an upstream that answers %s', async (_, status, type, text) => {
  setup.upstream.script = (call) =>
    call.write(httpAnswer(status, text, { 'Content-Type': type, 'Retry-After': '7' }));
  const response = await setup.send({ body: GOOD.tei });
  expect(response.status).toBe(status);
  expect(leaksIn(response.bytes)).toEqual([]);
  expect(response.headers.get('rankguard-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers.get('content-type') ?? '').not.toContain('html');
  const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
  expect(record).toMatchObject({ status, upstreamStatus: status });
  expect(leaksIn(setup.guard.logText())).toEqual([]);
});

test('an error of the upstream keeps its status, its Retry-After and its harmless words', async () => {
  const text = JSON.stringify({ error: quoted });
  setup.upstream.script = (call) => call.write(httpAnswer(429, text, { 'Retry-After': '7' }));
  const response = await setup.send({ body: GOOD.tei });
  expect(response.headers.get('retry-after')).toBe('7');
  expect(response.body.toString()).toContain(HARMLESS);
});

test('an upstream that refuses connections', async () => {
  await withSetup({}, async (other) => {
    await other.upstream.close();
    const response = await other.send({ body: GOOD.tei });
    await expectRefusal(other, response, 'UPSTREAM_UNREACHABLE');
  });
});

test('an upstream that closes each connection at once', async () => {
  await withSetup({}, async (other) => {
    other.upstream.onConnection = (socket) => void socket.destroy();
    const response = await other.send({ body: GOOD.tei });
    await expectRefusal(other, response, 'UPSTREAM_RESET');
  });
});

test('an upstream that changes protocols', async () => {
  setup.upstream.script = (call) =>
    call.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n');
  const response = await setup.send({ body: GOOD.tei });
  expect(response.status).toBe(502);
  expectProblem(response, response.json()['reason'] as ReasonCode, 'tei');
  expect(response.json()['reason']).toMatch(/^UPSTREAM_(MALFORMED|RESET)$/);
});

describe('routes that stream', () => {
  test('the health of an upstream that is down', async () => {
    await withSetup({}, async (other) => {
      await other.upstream.close();
      const response = await other.send({ method: 'GET', target: '/health', token: null });
      expectProblem(response, 'UPSTREAM_UNREACHABLE', 'tei');
    });
  });

  test('pass without identity and carry nothing of the caller', async () => {
    const headers = [
      ['Cookie', 'a=b'],
      ['X-Api-Key', 'k'],
    ] as const;
    const response = await setup.send({ method: 'GET', target: '/health', headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('rankguard-decision')).toBe('pass');
    const [call] = setup.upstream.calls;
    expect([...(call?.headers.keys() ?? [])].sort()).toEqual(['connection', 'host']);
  });
});

test('answers do not depend on what the upstream did before', async () => {
  setup.upstream.script = (call) => call.end();
  await setup.send({ body: GOOD.tei });
  setup.fresh();
  await waitFor(() => setup.upstream.bytes === 0, 'quiet');
  await expectMasked(setup, await setup.send({ body: GOOD.tei }));
});
