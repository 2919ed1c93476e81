import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ReasonCode } from '@rankguard/contract';
import { chunked, requestBytes } from '../support/client.ts';
import { expectMasked, expectNothingForwarded, expectRefusal } from '../support/expectations.ts';
import { HARMLESS, leaksIn } from '../support/personal.ts';
import { GOOD, type Setup, setUp } from '../support/setup.ts';
import { pause } from '../support/wait.ts';

const LIMIT = 64 * 1024;
let setup: Setup;
beforeAll(async () => {
  setup = await setUp({ limits: { requestBytes: '64Ki' } });
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

const good = Buffer.from(JSON.stringify(GOOD.tei));
const encoded = (coding: string, body: Buffer) => ({
  body,
  headers: [['Content-Encoding', coding]] as const,
});

test.each([
  ['gzip', gzipSync(good)],
  ['x-gzip', gzipSync(good)],
  ['GZIP', gzipSync(good)],
  ['deflate', deflateSync(good)],
  ['br', brotliCompressSync(good)],
  ['zstd', zstdCompressSync(good)],
  ['identity', good],
])('%s is decoded, judged, masked and sent on decoded', async (coding, body) => {
  const response = await setup.send(encoded(coding, body));
  await expectMasked(setup, response);
  const [call] = setup.upstream.calls;
  expect(call?.headers.get('content-encoding')).toBeUndefined();
  expect(Object.keys(JSON.parse(call?.body.toString() ?? ''))).toEqual(['query', 'texts', 'return_text']);
  expect(call?.body.toString()).toContain(HARMLESS);
  expect(leaksIn(call?.bytes ?? '')).toEqual([]);
});

const UNDECODABLE: readonly (readonly [string, string, Buffer])[] = [
  ['an unknown coding', 'compress', good],
  ['a coding of nobody', 'rot13', good],
  ['gzip that is plain JSON', 'gzip', good],
  ['br that is gzip', 'br', gzipSync(good)],
  ['zstd that is plain JSON', 'zstd', good],
  ['deflate without its frame', 'deflate', deflateRawSync(good)],
  ['gzip that ends early', 'gzip', gzipSync(good).subarray(0, -20)],
  ['gzip with a wrong checksum', 'gzip', Buffer.concat([gzipSync(good).subarray(0, -8), Buffer.alloc(8)])],
  ['no bytes at all', 'gzip', Buffer.alloc(0)],
  ['gzip twice', 'gzip, gzip', gzipSync(gzipSync(good))],
  ['gzip in br', 'gzip, br', brotliCompressSync(gzipSync(good))],
  ['identity and gzip', 'identity, gzip', gzipSync(good)],
];

test.each(UNDECODABLE)('%s', async (_, coding, body) => {
  const response = await setup.send(encoded(coding, body));
  await expectRefusal(setup, response, 'BODY_ENCODING');
  await expectNothingForwarded(setup);
});

test('two Content-Encoding fields', async () => {
  const headers = [
    ['Content-Encoding', 'gzip'],
    ['content-encoding', 'gzip'],
  ] as const;
  const response = await setup.send({ body: gzipSync(gzipSync(good)), headers });
  await expectRefusal(setup, response, 'BODY_ENCODING');
  await expectNothingForwarded(setup);
});

test('a plain body under another name for it is not taken for JSON', async () => {
  const response = await setup.send({ body: gzipSync(good) });
  await expectRefusal(setup, response, 'BODY_NOT_UTF8');
  await expectNothingForwarded(setup);
});

const zeros = Buffer.alloc(32 * 1024 * 1024);
const BOMBS: readonly (readonly [string, Buffer])[] = [
  ['gzip', gzipSync(zeros)],
  ['deflate', deflateSync(zeros)],
  ['br', brotliCompressSync(zeros)],
  ['zstd', zstdCompressSync(zeros)],
];

test.each(BOMBS)('a %s bomb', async (coding, body) => {
  expect(body.length).toBeLessThan(LIMIT);
  const before = process.memoryUsage.rss();
  const response = await setup.send(encoded(coding, body));
  await expectRefusal(setup, response, 'BODY_TOO_LARGE');
  expect(process.memoryUsage.rss() - before).toBeLessThan(zeros.length);
  await expectNothingForwarded(setup);
});

test('a bomb of many members', async () => {
  const member = gzipSync(Buffer.alloc(LIMIT / 2));
  const response = await setup.send(encoded('gzip', Buffer.concat(Array.from({ length: 8 }, () => member))));
  await expectRefusal(setup, response, 'BODY_TOO_LARGE');
  await expectNothingForwarded(setup);
});

const large = Buffer.from(JSON.stringify({ ...GOOD.tei, pad: 'x'.repeat(1024 * 1024) }));

test('1 MB over the limit, announced: refused before a byte of it is read', async () => {
  const client = await setup.open();
  const head = requestBytes({ token: setup.token, headers: [['Content-Length', String(large.length)]] });
  client.send(head);
  const response = await client.response();
  const record = await expectRefusal(setup, response, 'BODY_TOO_LARGE');
  expect(record.bytesIn).toBe(0);
  expect(response.headers.get('connection')).toBe('close');
  client.destroy();
  await expectNothingForwarded(setup);
});

test('1 MB over the limit, announced and sent', async () => {
  const response = await setup.send({ body: large });
  await expectRefusal(setup, response, 'BODY_TOO_LARGE');
  await expectNothingForwarded(setup);
});

test('1 MB over the limit, chunked', async () => {
  const headers = [['Transfer-Encoding', 'chunked']] as const;
  const head = requestBytes({ token: setup.token, headers });
  const response = await setup.sendBytes(Buffer.concat([head, chunked(large, 8192)]));
  await expectRefusal(setup, response, 'BODY_TOO_LARGE');
  expect(response.headers.get('connection')).toBe('close');
  await expectNothingForwarded(setup);
});

test.each([
  ['too large', 'BODY_TOO_LARGE'],
  ['of nobody', 'TOKEN_MISSING'],
] as const)('a caller that is still sending a body %s sees the answer, not a reset', async (_, reason) => {
  const client = await setup.open();
  client.socket.pause();
  const token = reason === 'TOKEN_MISSING' ? null : setup.token;
  client.send(requestBytes({ token, headers: [['Content-Length', String(large.length)]] }));
  for (let at = 0; at < large.length; at += 65_536) {
    // Each write fails if the connection was reset.
    await new Promise<void>((resolve, reject) => {
      client.socket.write(large.subarray(at, at + 65_536), (error) => (error ? reject(error) : resolve()));
    });
    await pause(1);
  }
  client.socket.resume();
  await expectRefusal(setup, await client.response(), reason);
  client.destroy();
  await expectNothingForwarded(setup);
});

test('exactly the limit passes, one byte more does not', async () => {
  const size = JSON.stringify({ ...GOOD.tei, pad: '' }).length;
  const padded = (length: number) => ({ ...GOOD.tei, pad: 'x'.repeat(length - size) });
  expect((await setup.send({ body: padded(LIMIT) })).status).toBe(200);
  setup.fresh();
  const response = await setup.send({ body: padded(LIMIT + 1) });
  await expectRefusal(setup, response, 'BODY_TOO_LARGE' satisfies ReasonCode);
  await expectNothingForwarded(setup);
});
