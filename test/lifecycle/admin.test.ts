import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openClient, type RequestParts, requestBytes } from '../support/client.ts';
import { DOCUMENTS, HARMLESS, leaksIn, PERSONAL } from '../support/personal.ts';
import { UPSTREAM_KEY } from '../support/resources.ts';
import { GOOD, withSetup } from '../support/setup.ts';
import { httpAnswer } from '../support/upstream.ts';
import { LOCALHOST } from './certificates.ts';
import type { Run } from './process.ts';
import { createWorld, type Resource, type World } from './world.ts';

const TOKEN_KEY = 'a-key-for-tokens-of-32-bytes-or-so';
const IN_DATA = 'vip-customer-4711';

/** A connection that uses every kind of secret, and a policy with data. */
function withSecrets(all: Resource[]): Resource[] {
  const secret = (name: string, stringData: object) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'e2e' },
    stringData,
  });
  const specs: Readonly<Record<string, object>> = {
    RerankConnection: { tls: { upstream: { caBundle: LOCALHOST['tls.crt'] } } },
    MaskingProfile: {
      tokenKey: { secretKeyRef: { name: 'mask', key: 'key' } },
      fields: [{ names: ['customer'], with: 'token' }],
    },
    RerankPolicy: { data: { people: [IN_DATA] } },
  };
  const members = (one: Resource) => ({ ...(one['spec'] as object), ...specs[one.kind] });
  const changed = all.map((one) => (one.kind in specs ? { ...one, spec: members(one) } : one));
  return [
    ...changed,
    secret('mask', { key: TOKEN_KEY }),
    secret('unused', { password: 'never-used-by-anybody' }),
  ];
}

let world: World;
let run: Run;
beforeAll(async () => {
  world = await createWorld();
  world.write({}, withSecrets);
  run = await world.start({ args: ['--log-level', 'debug'] });
});
afterAll(() => world.close());

async function send(parts: RequestParts) {
  const client = await openClient(run.port);
  client.send(requestBytes({ token: world.token, ...parts }));
  const response = await client.response();
  client.destroy();
  return response;
}

async function recordOf(id: string | undefined) {
  return run.line('the record', (line) => line.msg === 'call' && line['id'] === id);
}

test.each([
  ['/healthz', 200, 'application/json', { status: 'ok' }],
  ['/readyz', 200, 'application/json', { status: 'ready' }],
  [
    '/nothing',
    404,
    'application/json',
    { error: 'no such page', pages: expect.arrayContaining(['/metrics']) },
  ],
  ['/config/', 404, 'application/json', { error: 'no such page', pages: expect.anything() }],
] as const)('%s answers %d', async (path, status, type, body) => {
  const response = await fetch(`http://127.0.0.1:${run.adminPort}${path}`);
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe(type);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual(body);
});

test('a query string changes nothing, HEAD has no body, other methods are refused', async () => {
  const url = `http://127.0.0.1:${run.adminPort}`;
  expect((await fetch(`${url}/healthz?verbose=1`)).status).toBe(200);
  const head = await fetch(`${url}/readyz`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect((await fetch(`${url}/config`, { method, body: '{}' })).status).toBe(405);
  }
});

test('what is no admin page of the admin port is none of the listener either', async () => {
  for (const target of ['/healthz', '/readyz', '/config']) {
    expect((await send({ method: 'GET', target })).status).toBe(403);
  }
});

test('/metrics is in the Prometheus text format, with what one call moved', async () => {
  world.upstream.reset();
  expect((await send({ body: GOOD.tei })).status).toBe(200);
  const response = await fetch(`http://127.0.0.1:${run.adminPort}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    expect(line).toMatch(
      /^(# (HELP|TYPE) rankguard_\w+ .+|rankguard_\w+(\{(\w+="[^"\n]*",?)+\})? [-+\w.]+)$/,
    );
  }
  const labels =
    'connection="e2e/search",dialect="tei",operation="rerank",verdict="allow",reason="none",policy="none"';
  expect(text).toContain(`rankguard_calls_total{${labels}} 1\n`);
  expect(text).toContain('rankguard_documents_total{connection="e2e/search",outcome="sent"} 3\n');
  expect(text).toMatch(/rankguard_masked_values_total\{connection="e2e\/search",entity="US_SSN"\} [1-9]/);
  for (const stage of ['authenticate', 'read', 'recognise', 'decide', 'act', 'forward']) {
    expect(text).toContain(
      `rankguard_stage_duration_seconds_count{connection="e2e/search",stage="${stage}"} 1\n`,
    );
  }
});

test('/config shows what is in force', async () => {
  const { status, text } = await run.admin('/config');
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({
    revision: 1,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    connection: { namespace: 'e2e', name: 'search', upstreamKey: { name: 'upstream', key: 'key' } },
    masking: { order: 'mask-then-score', tokenKey: { name: 'mask', key: 'key' } },
    policies: [
      { name: 'e2e/e2e', mode: 'enforce', codes: ['QUERY_FORBIDDEN'], dataBytes: expect.any(Number) },
    ],
  });
});

test('the upstream gets its own key and never the caller’s token', async () => {
  world.upstream.reset();
  const [, , signature = ''] = world.token.split('.');
  for (const body of [GOOD.tei, GOOD['cohere-v1'], GOOD['cohere-v2']]) {
    const target = 'texts' in body ? '/rerank' : 'model' in body ? '/v2/rerank' : '/v1/rerank';
    const headers = [
      ['Cookie', `t=${world.token}`],
      ['X-Client-Name', 'sdk'],
    ] as const;
    expect((await send({ target, body, headers })).status).toBe(200);
  }
  expect((await send({ method: 'GET', target: '/info' })).status).toBe(200);
  expect((await send({ method: 'GET', target: '/health' })).status).toBe(200);
  expect(world.upstream.calls).toHaveLength(5);
  for (const call of world.upstream.calls) {
    expect(call.bytes.toString('latin1')).not.toContain(signature);
    if (call.path !== '/health') expect(call.headers.get('authorization')).toBe(`Bearer ${UPSTREAM_KEY}`);
    else expect(call.headers.get('authorization')).toBeUndefined();
  }
});

test('before there is a bundle nothing knows how to mask a path, so none is recorded', async () => {
  await withSetup({ withoutBundle: true }, async (setup) => {
    const response = await setup.send({ target: `/rerank/${PERSONAL.EMAIL_ADDRESS}`, body: GOOD.tei });
    expect(response.status).toBe(503);
    const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
    expect(record).toMatchObject({ reason: 'BUNDLE_MISSING', path: '' });
    expect(leaksIn(setup.guard.logText())).toEqual([]);
  });
});

test.each([
  ['plain', `/rerank/${PERSONAL.EMAIL_ADDRESS}`],
  ['percent-encoded', `/rerank/${PERSONAL.EMAIL_ADDRESS.replace('@', '%40')}`],
  [
    'percent-encoded letter by letter',
    `/${[...PERSONAL.US_SSN].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')}`,
  ],
  ['encoded twice', `/rerank/${PERSONAL.EMAIL_ADDRESS.replace('@', '%2540')}`],
  ['with a broken escape beside it', `/%zz/%/${PERSONAL.EMAIL_ADDRESS.replace('@', '%40')}`],
])('personal data in a path is masked in the record: %s', async (_, target) => {
  const response = await send({ target, body: GOOD.tei });
  expect(response.status).toBe(403);
  const record = await recordOf(response.headers.get('rankguard-request-id'));
  expect(record['path']).toMatch(/<(EMAIL_ADDRESS|US_SSN)>/);
});

test('personal data where a long path is cut leaves nothing behind', async () => {
  for (const value of [PERSONAL.EMAIL_ADDRESS, PERSONAL.US_SSN]) {
    for (const shift of [2, 5, 8, 12, 20]) {
      const target = `/${'x'.repeat(511 - shift)}/${value}/${'y'.repeat(50)}`;
      const response = await send({ target, body: GOOD.tei });
      const { path } = await recordOf(response.headers.get('rankguard-request-id'));
      expect(path).toMatch(/^[/xy]*(<[A-Z_]*>?)?[/y]*$/);
      expect(String(path).length).toBeLessThanOrEqual(512);
    }
  }
});

test('what happens to one call is in its record, without its texts', async () => {
  const response = await send({
    target: '/v2/rerank',
    body: { ...GOOD['cohere-v2'], query: 'forbidden things' },
  });
  expect(await recordOf(response.headers.get('rankguard-request-id'))).toMatchObject({
    level: 'info',
    connection: 'e2e/search',
    dialect: 'cohere-v2',
    operation: 'rerank',
    method: 'POST',
    path: '/v2/rerank',
    status: 403,
    verdict: 'deny',
    reason: 'POLICY_DENY',
    policy: 'e2e/e2e',
    policyCode: 'QUERY_FORBIDDEN',
    identity: { kind: 'user', subject: 'ann', issuer: world.issuer.issuer, token: null },
    model: 'rerank-v3.5',
    documents: 3,
    dropped: 0,
    results: 0,
    upstreamStatus: null,
    bundle: { revision: 1, digest: expect.any(String) },
    timings: expect.objectContaining({ total: expect.any(Number) }),
  });
});

test('nothing secret and nothing personal is told, whatever goes wrong', async () => {
  world.upstream.script = (call) =>
    call.write(httpAnswer(500, JSON.stringify({ error: call.body.toString() })));
  await send({ body: GOOD.tei });
  world.upstream.script = (call) => call.write(httpAnswer(200, call.body));
  await send({ body: GOOD.tei });
  world.upstream.script = (call) => call.reset();
  await send({ body: GOOD.tei });
  const broken = { ...GOOD.tei, [`Texts${PERSONAL.EMAIL_ADDRESS}`]: 1, Texts: DOCUMENTS };
  await send({ body: broken });
  await send({ body: `{"query": "${PERSONAL.US_SSN}", ` });
  await send({ body: GOOD.tei, token: `${world.token}x` });
  await send({
    body: GOOD.tei,
    headers: [['Authorization', `Basic ${btoa(`ann:${PERSONAL.EMAIL_ADDRESS}`)}`]],
  });
  await send({ body: { ...GOOD['cohere-v2'], model: PERSONAL.EMAIL_ADDRESS }, target: '/v2/rerank' });
  const key = LOCALHOST['tls.crt'].split('\n')[1]!;
  expect((await run.admin('/config')).text).toContain(key);
  expect(
    await world.told([
      HARMLESS,
      'who is',
      TOKEN_KEY,
      IN_DATA,
      'never-used-by-anybody',
      'Basic ',
      'Bearer ey',
    ]),
  ).toEqual([]);
});
