import { afterEach, expect, test } from '@jest/globals';
import { type Setup, type SetupOptions, setUp } from '../support/setup.ts';
import { answerRerank, httpAnswer, type UpstreamCall } from '../support/upstream.ts';
import { waitFor } from '../support/wait.ts';

/** Tells what it knows of the model, in a denial. */
const REGO = `package rankguard.e2e

allow if true

deny contains {"code": "TOLD", "message": message} if {
	startswith(input.request.query, "tell")
	message := sprintf("%v %v", [input.request.model, input.request.model_version])
}
`;
/** A policy that does not care. */
const OTHER = 'package rankguard.e2e\n\nallow if true\n';

const INFO = { model_id: 'BAAI/bge-reranker-v2-m3', model_sha: 'c0ffee', max_client_batch_size: 32 };

let setup: Setup;
afterEach(() => setup.close());

/** A reranker that says what it serves; `info` may be changed on the way, undefined is a 404. */
interface Served {
  info: unknown;
  /** A promise to wait for before an answer. */
  gate: Promise<void> | null;
  readonly asked: UpstreamCall[];
}

async function start(info: unknown, options: SetupOptions = {}): Promise<Served> {
  setup = await setUp({ rego: REGO, ...options });
  const served: Served = { info, gate: null, asked: [] };
  setup.upstream.script = async (call) => {
    if (call.method !== 'GET') return answerRerank(call);
    served.asked.push(call);
    await served.gate;
    const { info: said } = served;
    if (said === undefined) return call.write(httpAnswer(404, '{}'));
    return call.write(httpAnswer(200, typeof said === 'string' ? said : JSON.stringify(said)));
  };
  return served;
}

async function told(target = '/rerank', body: object = { query: 'tell', texts: ['a'] }): Promise<string> {
  const response = await setup.send({ target, body });
  expect(response.json()).toMatchObject({ code: 'TOLD' });
  return String(response.json()['detail']);
}

test('the model and version of a call that names none are what TEI says of itself', async () => {
  const served = await start(INFO);
  expect(await told()).toBe('BAAI/bge-reranker-v2-m3 c0ffee');
  expect(await told()).toBe('BAAI/bge-reranker-v2-m3 c0ffee');
  // Asked once, with the sidecar's own key, and nothing of the caller's.
  expect(served.asked.map(({ path }) => path)).toEqual(['/info']);
  expect(served.asked[0]!.headers.get('authorization')).toBe('Bearer the-upstream-own-key');
  expect(served.asked[0]!.bytes.toString()).not.toContain(setup.token);
  const response = await setup.send({ body: { query: 'q', texts: ['a'] } });
  const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
  expect(record.model).toBe('BAAI/bge-reranker-v2-m3');
}, 30_000);

test('what the call names is its model, and a version is that of this very model', async () => {
  await start(
    { object: 'list', data: [{ id: 'bge' }] },
    { dialects: ['vllm'], spec: { models: [{ name: 'other', version: '7' }, { name: 'bge' }] } },
  );
  const call = (model?: string) =>
    told('/rerank', { query: 'tell', documents: ['a'], ...(model && { model }) });
  expect(await call()).toBe('bge null');
  expect(await call('other')).toBe('other 7');
}, 30_000);

test.each([
  ['a list of several models', ['vllm'], { data: [{ id: 'a' }, { id: 'b' }] }, 'null null'],
  [
    'one model and its adapters',
    ['vllm'],
    {
      data: [
        { id: 'a', parent: null },
        { id: 'b', parent: 'a' },
      ],
    },
    'a null',
  ],
  ['no list', ['infinity'], { models: ['a'] }, 'null null'],
  ['a name that could break a log', ['llama-cpp'], { data: [{ id: 'a\nb' }] }, 'null null'],
  ['a name without end', ['llama-cpp'], { data: [{ id: 'a'.repeat(300) }] }, 'null null'],
  ['no JSON', ['vllm'], 'model a', 'null null'],
  ['more than is read', ['vllm'], `{"data":[{"id":"a"}],"more":"${'x'.repeat(300_000)}"}`, 'null null'],
  ['not found', ['vllm'], undefined, 'null null'],
])(
  'an upstream that answers with %s',
  async (_, dialects, info, expected) => {
    await start(info, { dialects });
    const body = { query: 'tell', documents: ['a'] };
    expect(await told('/rerank', body)).toBe(expected);
  },
  30_000,
);

test('one of several APIs may be the one that says it', async () => {
  const served = await start(undefined, { dialects: ['tei', 'vllm'] });
  served.info = { data: [{ id: 'bge' }] };
  expect(await told()).toBe('bge null');
  expect(served.asked.map(({ path }) => path)).toEqual(['/info', '/v1/models']);
}, 30_000);

test('it is asked again after a minute, and calls do not wait for it', async () => {
  let now = 1_700_000_000_000;
  const served = await start(INFO, { now: () => now });
  expect(await told()).toMatch(/c0ffee$/);
  let open = () => {};
  served.gate = new Promise((resolve) => {
    open = resolve;
  });
  served.info = { ...INFO, model_sha: 'decaf' };
  now += 61_000;
  expect(await told()).toMatch(/c0ffee$/);
  await waitFor(() => served.asked.length === 2, 'the second question');
  open();
  await waitFor(async () => (await told()).endsWith('decaf'), 'the new version');
  expect(served.asked).toHaveLength(2);
}, 30_000);

test('what was said ten minutes ago is not known any more, and what is taken back at once', async () => {
  let now = 1_700_000_000_000;
  const served = await start(INFO, { now: () => now });
  expect(await told()).toMatch(/c0ffee$/);
  served.info = undefined;
  now += 61_000;
  expect(await told()).toMatch(/c0ffee$/);
  await waitFor(() => served.asked.length === 2, 'the second question');
  now += 540_000;
  expect(await told()).toBe('null null');
  served.info = INFO;
  now += 61_000;
  await waitFor(async () => (await told()).endsWith('c0ffee'), 'the version again');
  served.info = {};
  now += 61_000;
  await waitFor(async () => (await told()) === 'null null', 'nothing');
}, 30_000);

test('nobody is asked when no policy wants to know, nor for a caller who is nobody', async () => {
  const served = await start(INFO, { rego: OTHER });
  expect((await setup.send({ body: { query: 'q', texts: ['a'] } })).status).toBe(200);
  expect(served.asked).toEqual([]);
  await setup.close();
  const wanted = await start(INFO);
  expect((await setup.send({ token: null, body: { query: 'tell', texts: ['a'] } })).status).toBe(401);
  expect(wanted.asked).toEqual([]);
}, 30_000);
