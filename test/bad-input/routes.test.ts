import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { requestBytes } from '../support/client.ts';
import { expectNothingForwarded, expectProblem, expectRefusal } from '../support/expectations.ts';
import { leaksIn, PERSONAL } from '../support/personal.ts';
import { GOOD, type Setup, setUp, withSetup } from '../support/setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

test.each([
  ['unknown', '/score'],
  ['of the server, outside the dialect', '/predict'],
  ['with personal data in it', `/rerank/${PERSONAL.EMAIL_ADDRESS}`],
  ['with an encoded slash', '/v2%2Frerank'],
  ['with an encoded letter', '/%72erank'],
  ['with a dot segment', '/./rerank'],
  ['with two dots', '/v1/../v2/rerank'],
  ['with encoded dots', '/v1/%2e%2e/rerank'],
  ['with a double slash', '//rerank'],
  ['with a double slash inside', '/v2//rerank'],
  ['with a trailing slash', '/rerank/'],
  ['with a semicolon', '/rerank;a=b'],
  ['with a backslash', '/v2\\rerank'],
  ['with an encoded NUL', '/rerank%00'],
  ['with an encoded question mark', '/rerank%3Fa=b'],
  ['with a fragment', '/rerank#top'],
  ['in capitals', '/RERANK'],
  ['in absolute form', 'http://reranker.test/rerank'],
  ['in absolute form of another host', 'http://169.254.169.254/rerank'],
  ['that is a star', '*'],
])('a target %s', async (_, target) => {
  const response = await setup.send({ target, body: GOOD.tei });
  await expectRefusal(setup, response, 'ROUTE_NOT_ALLOWED', null);
  await expectNothingForwarded(setup);
});

test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'])(
  'the method %s',
  async (method) => {
    const response = await setup.send({ method, headers: [['X-Note', PERSONAL.EMAIL_ADDRESS]] });
    const record = await expectRefusal(setup, response, 'ROUTE_NOT_ALLOWED', null);
    expect(record.method).toBe(method);
    await expectNothingForwarded(setup);
  },
);

test('the method HEAD: status and headers, no body', async () => {
  const client = await setup.open();
  client.send(requestBytes({ token: setup.token, method: 'HEAD' }));
  const response = await client.response({ head: true });
  expect(response.status).toBe(403);
  expect(response.headers.get('rankguard-decision')).toBe('deny');
  client.end();
  expect(await client.rest()).toHaveLength(0);
  const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
  expect(record.reason).toBe('ROUTE_NOT_ALLOWED');
  await expectNothingForwarded(setup);
});

test.each([
  ['reranker.test:443', 'ROUTE_NOT_ALLOWED'],
  ['169.254.169.254:80', 'ROUTE_NOT_ALLOWED'],
] as const)('CONNECT %s', async (target, reason) => {
  const client = await setup.open();
  client.send(requestBytes({ token: setup.token, method: 'CONNECT', target }));
  expectProblem(await client.response(), reason, null);
  await client.closed;
  await expectNothingForwarded(setup);
});

test.each([
  ['a WebSocket', 'websocket'],
  ['h2c', 'h2c'],
  ['TLS', 'TLS/1.3'],
])('an upgrade to %s', async (_, protocol) => {
  const client = await setup.open();
  const headers = [
    ['Connection', 'Upgrade, HTTP2-Settings'],
    ['Upgrade', protocol],
    ['HTTP2-Settings', 'AAMAAABkAAQAoAAAAAIAAAAA'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ] as const;
  client.send(requestBytes({ token: setup.token, headers, body: GOOD.tei }));
  expectProblem(await client.response(), 'REQUEST_MALFORMED', null);
  await client.closed;
  await expectNothingForwarded(setup);
});

test('Upgrade without Connection: upgrade', async () => {
  const response = await setup.send({ headers: [['Upgrade', 'h2c']], body: GOOD.tei });
  await expectRefusal(setup, response, 'REQUEST_MALFORMED');
  await expectNothingForwarded(setup);
});

test('the preface of HTTP/2', async () => {
  const client = await setup.open();
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  expectProblem(await client.response(), 'REQUEST_MALFORMED', null);
  await client.closed;
  await expectNothingForwarded(setup);
});

test.each([
  ['a query string', '/rerank?truncate=true'],
  ['an empty query string', '/rerank?'],
  ['a token in the query string', '/v2/rerank?access_token=secret-in-the-query'],
  ['a query string on a route that streams', '/metrics?name=a'],
])('%s', async (_, target) => {
  const method = target.startsWith('/metrics') ? 'GET' : 'POST';
  const response = await setup.send(method === 'GET' ? { method, target } : { target, body: GOOD.tei });
  const dialect = target.startsWith('/v2') ? 'cohere-v2' : 'tei';
  const record = await expectRefusal(setup, response, 'QUERY_STRING_NOT_ALLOWED', dialect);
  expect(JSON.stringify(record) + response.bytes.toString() + setup.guard.logText()).not.toContain(
    'secret-in-the-query',
  );
  await expectNothingForwarded(setup);
});

test('personal data in a path is masked in the record', async () => {
  const response = await setup.send({ target: `/rerank/${PERSONAL.EMAIL_ADDRESS}`, body: GOOD.tei });
  const record = await expectRefusal(setup, response, 'ROUTE_NOT_ALLOWED', null);
  expect(record.path).toContain('EMAIL_ADDRESS');
  expect(leaksIn(record.path)).toEqual([]);
});

test('a GET with a body', async () => {
  const response = await setup.send({ method: 'GET', target: '/info', body: GOOD.tei });
  await expectRefusal(setup, response, 'REQUEST_MALFORMED');
  await expectNothingForwarded(setup);
});

test('a dialect that the connection does not have', async () => {
  await withSetup({ dialects: ['tei'] }, async (other) => {
    const response = await other.send({ target: '/v2/rerank', body: GOOD['cohere-v2'] });
    await expectRefusal(other, response, 'ROUTE_NOT_ALLOWED', null);
    await expectNothingForwarded(other);
  });
});
