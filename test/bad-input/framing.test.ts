import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { chunked, requestBytes } from '../support/client.ts';
import {
  expectMasked,
  expectNothingForwarded,
  expectProblem,
  expectRefusal,
} from '../support/expectations.ts';
import { leaksIn, PERSONAL } from '../support/personal.ts';
import { GOOD, type Setup, setUp } from '../support/setup.ts';
import { createGate, pause, waitFor } from '../support/wait.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

const body = Buffer.from(JSON.stringify(GOOD.tei));

/** A good call with its header lines given, so that a test can spell them as it likes. */
function message(lines: readonly string[], content: Buffer | string = body, start = 'POST /rerank HTTP/1.1') {
  const head = [start, 'Host: reranker.test', `Authorization: Bearer ${setup.token}`, ...lines];
  return Buffer.concat([
    Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
    Buffer.from(content as string),
  ]);
}
const length = `Content-Length: ${body.length}`;
const TE = 'Transfer-Encoding: chunked';

/** Not one HTTP message, or one that two readers could cut in two ways (RFC 9112 sections 2.2, 5.2, 6.3, 7.1). */
const MALFORMED: readonly (readonly [string, () => Buffer | string])[] = [
  ['Transfer-Encoding with Content-Length', () => message([TE, length], chunked(body))],
  ['Content-Length with Transfer-Encoding', () => message([length, TE], chunked(body))],
  ['two Content-Lengths that differ', () => message([length, 'Content-Length: 3'])],
  ['two Content-Lengths that agree', () => message([length, length])],
  ['a list of Content-Lengths', () => message([`${length}, ${body.length}`])],
  ['a Content-Length with a sign', () => message([`Content-Length: +${body.length}`])],
  ['a negative Content-Length', () => message(['Content-Length: -1'])],
  ['a hexadecimal Content-Length', () => message(['Content-Length: 0x10'])],
  ['a Content-Length beyond 2^64', () => message(['Content-Length: 99999999999999999999999'])],
  ['an empty Content-Length', () => message(['Content-Length:'])],
  ['a space before the colon', () => message([`Content-Length : ${body.length}`])],
  [
    'a space before the colon of Transfer-Encoding',
    () => message(['Transfer-Encoding : chunked'], chunked(body)),
  ],
  ['bare LF as line ends', () => message([length]).toString('latin1').replaceAll('\r\n', '\n')],
  ['one bare LF', () => message([`X-A: b\nX-C: d`, length])],
  ['a bare CR', () => message([`X-A: b\rX-C: d`, length])],
  ['a NUL in a value', () => message(['X-A: b\0c', length])],
  ['obs-fold', () => message(['X-A: b', ' folded', length])],
  ['obs-fold of a framing field', () => message(['Transfer-Encoding:', ' chunked'], chunked(body))],
  ['a header line without a colon', () => message(['nonsense', length])],
  ['a header without a name', () => message([': value', length])],
  ['a name with a space', () => message(['X A: b', length])],
  ['garbage', () => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${PERSONAL.EMAIL_ADDRESS}\r\n\r\n`],
  ['another version', () => message([length], body, 'POST /rerank HTTP/3.0')],
  ['a method of nobody', () => message([length], body, 'BREW /rerank HTTP/1.1')],
  ['bytes beyond ASCII in the target', () => message([length], body, 'POST /rer\u00e4nk HTTP/1.1')],
  ['a space in the target', () => message([length], body, 'POST /rer ank HTTP/1.1')],
  ['chunked twice', () => message(['Transfer-Encoding: chunked, chunked'], chunked(body))],
  ['chunked in two fields', () => message([TE, TE], chunked(body))],
  ['chunked that is not last', () => message(['Transfer-Encoding: chunked, identity'], chunked(body))],
];

test.each(MALFORMED)('%s', async (_, bytes) => {
  const client = await setup.open();
  client.send(bytes());
  expectProblem(await client.response(), 'REQUEST_MALFORMED', null);
  await client.closed;
  expect(leaksIn(setup.guard.logText())).toEqual([]);
  await expectNothingForwarded(setup);
});

const hex = body.length.toString(16);
const CHUNKS: readonly (readonly [string, string | Buffer])[] = [
  ['a chunk size that is no number', `zz\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk size with 0x', `0x${hex}\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk size with a sign', `+${hex}\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk size beyond 2^64', `ffffffffffffffffff\r\n${body}\r\n0\r\n\r\n`],
  ['an empty chunk size', `\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk that ends elsewhere', `${hex}\r\n${body}XX0\r\n\r\n`],
  ['a chunk longer than said', `${hex}\r\n${body}more\r\n0\r\n\r\n`],
  ['bare LF after a chunk size', `${hex}\n${body}\r\n0\r\n\r\n`],
  ['bare LF after a chunk', `${hex}\r\n${body}\n0\r\n\r\n`],
  ['bare LF in a chunk extension', `${hex};a=b\nc\r\n${body}\r\n0\r\n\r\n`],
  ['a bare CR in a chunk extension', `${hex};a=b\rc\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk extension of 20 KB', `${hex};${'a'.repeat(20_000)}=b\r\n${body}\r\n0\r\n\r\n`],
  ['a space in a chunk size', `${hex} 1\r\n${body}\r\n0\r\n\r\n`],
];

test.each(CHUNKS)('%s', async (_, content) => {
  const client = await setup.open();
  client.send(message([TE], content));
  await expectRefusal(setup, await client.response(), 'REQUEST_MALFORMED');
  await client.closed;
  await expectNothingForwarded(setup);
});

/** A request in every respect but one: the sidecar itself refuses it, with an id and a record. */
const REFUSED: readonly (readonly [string, () => Buffer])[] = [
  ['a transfer coding of nobody', () => message(['Transfer-Encoding: xchunked, chunked'], chunked(body))],
  ['gzip as a transfer coding', () => message(['Transfer-Encoding: gzip, chunked'], chunked(body))],
  ['trailers that are announced', () => message([TE, 'Trailer: X-A'], chunked(body))],
  ['two Hosts', () => message(['Host: other.test', length])],
  ['no version, as in HTTP/0.9', () => message([length], body, 'POST /rerank')],
  ['an expectation of nobody', () => message(['Expect: 200-ok', length])],
];

test.each(REFUSED)('%s', async (_, bytes) => {
  const client = await setup.open();
  client.send(bytes());
  const response = await client.response();
  await expectRefusal(setup, response, 'REQUEST_MALFORMED');
  expect(response.interim).toEqual([]);
  await client.closed;
  await expectNothingForwarded(setup);
});

test('no Host', async () => {
  const response = await setup.send({ headers: [['Host', null]], body: GOOD.tei });
  await expectRefusal(setup, response, 'REQUEST_MALFORMED');
  await expectNothingForwarded(setup);
});

test('header fields beyond the limit', async () => {
  const client = await setup.open();
  const filler = `${PERSONAL.EMAIL_ADDRESS} `.repeat(100);
  client.send(message([...Array.from({ length: 30 }, (_, at) => `X-Filler-${at}: ${filler}`), length]));
  expectProblem(await client.response(), 'HEADERS_TOO_LARGE', null);
  await client.closed;
  await expectNothingForwarded(setup);
});

test('a caller that is still sending header fields sees the answer, not a reset', async () => {
  const client = await setup.open();
  client.socket.pause();
  client.send(message(['X-Filler: '], '').subarray(0, -4));
  for (let sent = 0; sent < 1024 * 1024; sent += 65_536) {
    await new Promise<void>((resolve, reject) => {
      client.socket.write(Buffer.alloc(65_536, 'x'), (error) => (error ? reject(error) : resolve()));
    });
    await pause(1);
  }
  client.socket.resume();
  expectProblem(await client.response(), 'HEADERS_TOO_LARGE', null);
  await client.closed;
  await expectNothingForwarded(setup);
});

test('a caller that never closes is closed', async () => {
  const client = await setup.open();
  client.send('garbage\r\n\r\n');
  expectProblem(await client.response(), 'REQUEST_MALFORMED', null);
  // Half of the connection is closed; the other half shows itself when it refuses bytes.
  await waitFor(() => {
    client.send('more of it');
    return client.socket.destroyed;
  }, 'the end of the connection');
}, 10_000);

describe('a connection after a refusal', () => {
  test.each([
    [
      'of the caller',
      () => message([length]).toString('latin1').replace('Bearer', 'Basic'),
      'TOKEN_MALFORMED',
    ],
    ['of the body', () => message(['Content-Length: 2'], '{}'), 'BODY_SHAPE'],
    ['of a chunked body', () => message([TE], '2\r\n{}\r\n0\r\n\r\n'), 'BODY_SHAPE'],
    [
      'of the query string',
      () => message([length], body, 'POST /rerank?a=b HTTP/1.1'),
      'QUERY_STRING_NOT_ALLOWED',
    ],
  ] as const)('is still in step: %s', async (_, bytes, reason) => {
    const client = await setup.open();
    client.send(bytes());
    await expectRefusal(setup, await client.response(), reason);
    client.send(message([length]));
    await expectMasked(setup, await client.response());
    client.destroy();
    expect(setup.upstream.calls).toHaveLength(1);
  });

  test('nothing is written into an answer that is under way', async () => {
    const gate = createGate();
    setup.upstream.script = async (call) => {
      await call.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it');
      await gate.opened;
    };
    const client = await setup.open();
    client.send(requestBytes({ method: 'GET', target: '/health' }));
    await waitFor(() => client.received > 0, 'the first half');
    client.send('garbage\r\n\r\n');
    const all = (await client.rest()).toString();
    expect(all.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(all.endsWith('half of it')).toBe(true);
    gate.open();
  });
});

describe('a second request behind the first', () => {
  test('is judged by itself', async () => {
    const client = await setup.open();
    const hidden = requestBytes({ token: null, target: '/rerank', body: GOOD.tei });
    client.send(Buffer.concat([message([length]), hidden]));
    await expectMasked(setup, await client.response());
    await expectRefusal(setup, await client.response(), 'TOKEN_MISSING');
    client.destroy();
    expect(setup.upstream.calls).toHaveLength(1);
  });

  test('inside a body is a body', async () => {
    const inner = requestBytes({ token: setup.token, target: '/admin', body: GOOD.tei }).toString('latin1');
    const response = await setup.send({ body: { query: inner, texts: [inner] } });
    expect(response.status).toBe(200);
    expect(setup.upstream.calls.map(({ path }) => path)).toEqual(['/rerank']);
  });

  test('cut from a body that is too long for its Content-Length gets nowhere', async () => {
    const client = await setup.open();
    const smuggled = requestBytes({ token: setup.token, target: '/admin', body: { a: 1 } });
    client.send(Buffer.concat([message([length]), smuggled]));
    await expectMasked(setup, await client.response());
    await expectRefusal(setup, await client.response(), 'ROUTE_NOT_ALLOWED', null);
    client.destroy();
    expect(setup.upstream.calls.map(({ path }) => path)).toEqual(['/rerank']);
  });

  test('after a refused body that was not read is not read either', async () => {
    const client = await setup.open();
    const head = message(['Content-Length: 99999999'], '');
    client.send(Buffer.concat([head, message([length])]));
    await expectRefusal(setup, await client.response(), 'BODY_TOO_LARGE');
    client.end();
    expect(await client.rest()).toHaveLength(0);
    await expectNothingForwarded(setup);
  });
});

describe('unusual and right', () => {
  test.each([
    ['a body in chunks of one byte', () => message([TE], chunked(body, 1))],
    ['chunk extensions', () => message([TE], `${hex};a="b c";d\r\n${body}\r\n0;e\r\n\r\n`)],
    ['trailers that nobody announced', () => message([TE], `${hex}\r\n${body}\r\n0\r\nX-A: b\r\n\r\n`)],
    ['empty lines before the request', () => Buffer.concat([Buffer.from('\r\n'), message([length])])],
    ['two spaces before the version', () => message([length], body, 'POST /rerank  HTTP/1.1')],
    ['HTTP/1.0', () => message([length], body, 'POST /rerank HTTP/1.0')],
  ])('%s', async (_, bytes) => {
    const response = await setup.sendBytes(bytes());
    await expectMasked(setup, response);
    const [call] = setup.upstream.calls;
    expect(call?.headers.get('content-length')).toBe(String(call?.body.length));
    expect(call?.headers.get('transfer-encoding')).toBeUndefined();
    expect(call?.headers.get('x-a')).toBeUndefined();
  });

  test('header fields that are not on the list stay behind, and those that are get masked', async () => {
    const headers = [
      ['User-Agent', `app for ${PERSONAL.EMAIL_ADDRESS}`],
      ['X-Forwarded-For', '10.0.0.1'],
      ['Cookie', 'a=b'],
      ['Connection', 'keep-alive, X-Hop'],
      ['X-Hop', '1'],
    ] as const;
    const response = await setup.send({ headers, body: GOOD.tei });
    expect(response.status).toBe(200);
    const [call] = setup.upstream.calls;
    const names = [
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
    ];
    expect([...(call?.headers.keys() ?? [])].sort()).toEqual([
      ...names,
      'host',
      'user-agent',
      'x-request-id',
    ]);
    expect(call?.headers.get('authorization')).toBe('Bearer the-upstream-own-key');
    expect(leaksIn(call?.bytes ?? '')).toEqual([]);
  });
});
