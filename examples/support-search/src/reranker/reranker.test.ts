import { afterEach, describe, expect, test } from '@jest/globals';
import { CohereClient, CohereClientV2 } from 'cohere-ai';
import fc from 'fast-check';
import { createReranker, type JournalEntry, type RerankerOptions } from './index.ts';

const CITIES = [
  'Carson City is the capital city of the American state of Nevada.',
  'Capitalization is the use of a capital letter at the start of a word.',
  'Washington, D.C. is the capital of the United States. It is a federal district.',
  'Bananas are yellow.',
  'Saipan is an island in the Pacific.',
];
const QUESTION = 'What is the capital of the United States?';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(options: RerankerOptions = {}): Promise<string> {
  const reranker = createReranker(options);
  closers.push(() => reranker.close());
  return reranker.listen(0, '127.0.0.1');
}

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

interface Rank {
  index: number;
  score: number;
  text?: string;
}
const ranks = async (response: Response) => (await response.json()) as Rank[];

describe('through the official Cohere SDK', () => {
  test('v1 ranks strings, takes top_n and echoes on request', async () => {
    const client = new CohereClient({ token: 'any', environment: await start() });
    const answer = await client.rerank({
      query: QUESTION,
      documents: CITIES,
      topN: 2,
      returnDocuments: true,
    });
    expect(answer.results.map((result) => result.index)).toEqual([2, 0]);
    expect(answer.results[0]?.document?.text).toBe(CITIES[2]);
    expect(answer.results[0]?.relevanceScore).toBeGreaterThan(answer.results[1]!.relevanceScore);
    expect(answer.meta?.billedUnits?.searchUnits).toBe(1);
    expect(answer.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('v1 ranks the named fields of objects and echoes whole documents', async () => {
    const client = new CohereClient({ token: 'any', environment: await start() });
    const documents = [
      { id: 'a', title: 'About fruit', text: 'The capital of the United States' },
      { id: 'b', title: 'The capital of the United States', text: 'About fruit' },
    ];
    const byText = await client.rerank({ query: QUESTION, documents, returnDocuments: true });
    expect(byText.results[0]?.document).toEqual(documents[0]);
    const byTitle = await client.rerank({ query: QUESTION, documents, rankFields: ['title'] });
    expect(byTitle.results.map((result) => result.index)).toEqual([1, 0]);
    expect(byTitle.results[0]?.document).toBeUndefined();
  });

  test('v2 ranks every document between 0 and 1 and never echoes', async () => {
    const client = new CohereClientV2({ token: 'any', environment: await start() });
    const answer = await client.rerank({ model: 'rerank-v3.5', query: QUESTION, documents: CITIES });
    expect(answer.results[0]?.index).toBe(2);
    expect(new Set(answer.results.map((result) => result.index)).size).toBe(CITIES.length);
    const scores = answer.results.map((result) => result.relevanceScore);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores.every((score) => score >= 0 && score < 1)).toBe(true);
    expect(JSON.stringify(answer)).not.toContain('Washington');
  });

  test('an error reaches the caller as the SDK shows it', async () => {
    const client = new CohereClient({ token: 'any', environment: await start() });
    await expect(client.rerank({ query: QUESTION, documents: [] })).rejects.toMatchObject({
      statusCode: 400,
      body: { message: 'invalid request: list of documents must not be empty' },
    });
  });

  test('with an API key, another token is 401', async () => {
    const url = await start({ apiKey: 'right' });
    const wrong = new CohereClientV2({ token: 'wrong', environment: url });
    const call = { model: 'm', query: QUESTION, documents: CITIES };
    await expect(wrong.rerank(call)).rejects.toMatchObject({ statusCode: 401 });
    const right = new CohereClientV2({ token: 'right', environment: url });
    expect((await right.rerank(call)).results).toHaveLength(5);
  });
});

describe('Cohere refusals', () => {
  test.each([
    ['/v2/rerank', { query: 'q', documents: ['a'] }, 'model is required'],
    ['/v2/rerank', { model: 'm', query: 'q', documents: [{ text: 'a' }] }, 'list of strings'],
    ['/v2/rerank', { model: 'm', query: '', documents: ['a'] }, 'query'],
    ['/v1/rerank', { query: 'q', documents: ['a'], top_n: 0 }, 'top_n'],
    ['/v1/rerank', { query: 'q', documents: [{ text: 'a', n: 1 }] }, 'must be a string'],
    ['/v1/rerank', { query: 'q', documents: [{ title: 'a' }] }, 'none of the fields'],
    ['/v1/rerank', { query: 'q', documents: ['a', 'b'], max_chunks_per_doc: 5001 }, 'max_chunks_per_doc'],
    ['/v1/rerank', '{"query":', 'not JSON'],
  ])('%s %j', async (path, body, message) => {
    const response = await post(`${await start()}${path}`, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ message: expect.stringContaining(message) });
  });

  test('null stands for an absent option, as LangChain sends it', async () => {
    const body = {
      query: QUESTION,
      documents: CITIES,
      max_chunks_per_doc: null,
      rank_fields: null,
      return_documents: null,
      top_n: null,
      model: null,
    };
    const response = await post(`${await start()}/v1/rerank`, body);
    expect(response.status).toBe(200);
  });
});

describe('TEI', () => {
  test.each(['/rerank', '/', '/invocations'])('POST %s answers a bare array, best first', async (path) => {
    const response = await post(`${await start()}${path}`, { query: QUESTION, texts: CITIES });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('x-compute-tokens'))).toBeGreaterThan(0);
    const results = await ranks(response);
    expect(results.map((result) => result.index).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(results[0]).toEqual({ index: 2, score: expect.any(Number) });
    expect(results.at(-1)?.score).toBe(0);
  });

  test('return_text echoes, raw_scores keeps the order', async () => {
    const url = await start();
    const plain = await ranks(
      await post(`${url}/rerank`, { query: QUESTION, texts: CITIES, return_text: true }),
    );
    expect(plain.map((result) => result.text)).toEqual(plain.map((result) => CITIES[result.index]));
    const raw = await ranks(
      await post(`${url}/rerank`, { query: QUESTION, texts: CITIES, raw_scores: true }),
    );
    expect(raw.map((result) => result.index)).toEqual(plain.map((result) => result.index));
    expect(raw[0]?.score).toBeGreaterThan(1);
  });

  test('/vertex answers each instance, /predict takes pairs and keeps their order', async () => {
    const url = await start();
    const instances = [
      { query: QUESTION, texts: CITIES },
      { query: 'bananas', texts: CITIES },
    ];
    const vertex = (await (await post(`${url}/vertex`, { instances })).json()) as { predictions: Rank[][] };
    expect(vertex.predictions.map((list) => list[0]?.index)).toEqual([2, 3]);
    const inputs = CITIES.map((text) => ['yellow bananas', text]);
    const predicted = (await (await post(`${url}/predict`, { inputs })).json()) as Rank[][];
    expect(predicted.map(([first]) => first!.score > 0)).toEqual([false, false, false, true, false]);
    expect(predicted[3]?.[0]).toEqual({ score: expect.any(Number), label: 'LABEL_0' });
  });

  test('truncation cuts the side that was asked for, or refuses', async () => {
    const url = await start({ maxInputLength: 4 });
    const call = { query: 'needle', texts: ['needle one two three four', 'one two three four needle'] };
    const right = await ranks(await post(`${url}/rerank`, call));
    expect(right[0]).toMatchObject({ index: 0 });
    expect(right[1]).toEqual({ index: 1, score: 0 });
    const left = await ranks(await post(`${url}/rerank`, { ...call, truncation_direction: 'Left' }));
    expect(left[0]).toMatchObject({ index: 1 });
    const refused = await post(`${url}/rerank`, { ...call, truncate: false });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ error_type: 'Validation' });
  });

  test('health needs no key, ranking does; a refusal has no body', async () => {
    const url = await start({ apiKey: 'k' });
    for (const path of ['/health', '/ping', '/', '/metrics'])
      expect((await fetch(url + path)).status).toBe(200);
    for (const refused of [
      await fetch(`${url}/info`),
      await post(`${url}/rerank`, { query: 'q', texts: ['a'] }),
    ]) {
      expect(refused.status).toBe(401);
      expect(await refused.text()).toBe('');
    }
    const info = await fetch(`${url}/info`, { headers: { authorization: 'Bearer k' } });
    expect(await info.json()).toMatchObject({ model_id: expect.stringContaining('lexical') });
  });

  test.each([
    [{ query: 'q', texts: [] }, 400, { error: '`texts` cannot be empty', error_type: 'Empty' }],
    [
      { query: 'q', texts: ['a', 'b', 'c'] },
      422,
      { error: 'batch size 3 > maximum allowed batch size 2', error_type: 'Validation' },
    ],
  ])('%j is %i', async (body, status, error) => {
    const response = await post(`${await start({ maxClientBatchSize: 2 })}/rerank`, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(error);
  });

  test.each([
    ['application/json', 400, '{"query":'],
    ['application/json', 422, '{}'],
    ['application/json', 422, '{"query":"q","texts":[1]}'],
    ['application/json', 422, '{"query":"q","texts":["a"],"truncation_direction":"up"}'],
    ['text/plain', 415, '{"query":"q","texts":["a"]}'],
    ['application/json', 413, JSON.stringify({ query: 'q', texts: ['x'.repeat(2000)] })],
  ])('body %# as %s is %i in plain text', async (type, status, body) => {
    const response = await post(`${await start({ payloadLimit: 1000 })}/rerank`, body, {
      'content-type': type,
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
  });

  test('unknown routes are 404, wrong methods 405', async () => {
    const url = await start();
    expect((await fetch(`${url}/embed`)).status).toBe(404);
    const wrong = await fetch(`${url}/rerank`);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
  });
});

test('the journal holds what was received, before the answer is sent, and no credential', async () => {
  const entries: JournalEntry[] = [];
  const url = await start({ apiKey: 'secret-key', journal: (entry) => entries.push(entry) });
  await post(`${url}/rerank`, { query: 'é', texts: ['a'] }, { authorization: 'Bearer secret-key' });
  await post(`${url}/v2/rerank`, '{', { authorization: 'Bearer other-secret' });
  expect(entries.map(({ path, credential, body }) => ({ path, credential, body }))).toEqual([
    { path: '/rerank', credential: 'own', body: '{"query":"é","texts":["a"]}' },
    { path: '/v2/rerank', credential: 'other', body: '{' },
  ]);
  expect(JSON.stringify(entries)).not.toMatch(/secret/);
});

test('the fixed scorer keeps the order of the caller', async () => {
  const url = await start({ scorer: 'fixed' });
  const results = await ranks(await post(`${url}/rerank`, { query: QUESTION, texts: CITIES }));
  expect(results.map((result) => result.index)).toEqual([0, 1, 2, 3, 4]);
  expect(new Set(results.map((result) => result.score)).size).toBe(5);
});

test('every candidate is ranked once, scores never increase, the same call gives the same answer', async () => {
  const url = await start();
  const words = fc.constantFrom('login', 'Café', 'invoice', 'naïve', '发票', '\n', '"', '-');
  const text = fc.array(words, { maxLength: 8 }).map((list) => list.join(' '));
  await fc.assert(
    fc.asyncProperty(text, fc.array(text, { minLength: 1, maxLength: 12 }), async (query, texts) => {
      const body = { query, texts, return_text: true };
      const results = await ranks(await post(`${url}/rerank`, body));
      expect(results.map((result) => result.index).sort((a, b) => a - b)).toEqual(
        texts.map((_, index) => index),
      );
      for (const [place, result] of results.entries()) {
        expect(result.text).toBe(texts[result.index]);
        if (place > 0) expect(result.score).toBeLessThanOrEqual(results[place - 1]!.score);
      }
      expect(await ranks(await post(`${url}/rerank`, body))).toEqual(results);
    }),
    { numRuns: 40 },
  );
});
