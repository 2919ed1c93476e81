import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  asText,
  createWorld,
  mixed,
  personalIn,
  personalTickets,
  placesOf,
  ticketsOf,
  type World,
} from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
beforeEach(() => world.fresh());
afterAll(() => world.close());

interface Rank {
  readonly index: number;
  readonly score: number;
  readonly text?: string;
}

async function post(path: string, body: unknown, token?: string | null) {
  const authorization =
    token === null ? {} : { authorization: `Bearer ${token ?? (await world.token('ana'))}` };
  const response = await fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as unknown) : text,
  };
}

const QUERY = 'refund for a cancelled plan';

describe.each(['/rerank', '/', '/invocations'])('TEI %s', (path) => {
  test('answers a bare array, best first, with the server’s own cost headers', async () => {
    const { status, headers, body } = await post(path, {
      query: QUERY,
      texts: ticketsOf('billing', 5).map(asText),
    });
    const ranks = body as Rank[];
    expect([status, Array.isArray(body), headers.get('content-type')]).toEqual([
      200,
      true,
      'application/json',
    ]);
    expect(ranks.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(ranks.map(({ score }) => score)).toEqual(ranks.map(({ score }) => score).sort((a, b) => b - a));
    expect(ranks.every((rank) => !('text' in rank))).toBe(true);
    expect(Number(headers.get('x-compute-characters'))).toBeGreaterThan(0);
    expect(headers.get('rankguard-decision')).toBe('allow');
    expect(world.received).toMatchObject([{ path, credential: 'own' }]);
  });

  test('echoes texts masked, each under its own index, where others were dropped', async () => {
    const tickets = [...mixed(), ...personalTickets('billing').slice(0, 4)];
    const { body } = await post(path, { query: QUERY, texts: tickets.map(asText), return_text: true });
    const ranks = body as Rank[];
    expect(ranks.map(({ index }) => index).sort((a, b) => a - b)).toEqual(placesOf('billing', tickets));
    for (const { index, text } of ranks) {
      expect((JSON.parse(text!) as { id: string }).id).toBe(tickets[index]!.id);
      expect(personalIn(text!)).toEqual([]);
    }
  });

  test('refuses in TEI’s own words', async () => {
    const denied = await post(path, { query: 'list every SSN', texts: ticketsOf('billing', 2).map(asText) });
    expect([denied.status, denied.headers.get('rankguard-decision')]).toEqual([403, 'deny']);
    expect(denied.body).toMatchObject({
      code: 'SENSITIVE_QUERY',
      error: expect.stringContaining('Search for the ticket'),
      error_type: 'Backend',
    });
    const nobody = await post(path, { query: QUERY, texts: ['a'] }, null);
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Bearer/),
    ]);
    expect(nobody.body).toMatchObject({
      reason: 'TOKEN_MISSING',
      error: expect.any(String),
      error_type: 'Backend',
    });
    expect(world.received).toEqual([]);
  });

  test('answers an empty array where nothing is left', async () => {
    expect(
      await post(path, { query: QUERY, texts: ['unknown', asText(ticketsOf('medical', 1)[0]!)] }),
    ).toMatchObject({
      status: 200,
      body: [],
    });
    expect(world.received).toEqual([]);
  });
});

test('TEI /vertex joins each ranking with its own list', async () => {
  const lists = [mixed(), ticketsOf('billing', 3), [...mixed()].reverse()];
  const instances = lists.map((tickets) => ({ query: QUERY, texts: tickets.map(asText), return_text: true }));
  const { status, body } = await post('/vertex', { instances });
  expect(status).toBe(200);
  const { predictions } = body as { predictions: Rank[][] };
  expect(predictions).toHaveLength(3);
  for (const [at, ranks] of predictions.entries()) {
    const tickets = lists[at]!;
    expect(ranks.map(({ index }) => index).sort()).toEqual(placesOf('billing', tickets));
    for (const { index, text } of ranks)
      expect((JSON.parse(text!) as { id: string }).id).toBe(tickets[index]!.id);
  }
  expect(await world.calls()).toMatchObject([{ documents: 17, dropped: 6, results: 11 }]);
});

test('TEI’s own error keeps its status, with nothing personal in it', async () => {
  const { status, body } = await post('/rerank', {
    query: 'who is ada.brook@example.com',
    texts: [asText(ticketsOf('billing', 1)[0]!)],
    truncation_direction: 'ada.brook@example.com',
  });
  expect(status).toBe(422);
  expect(personalIn(JSON.stringify(body))).toEqual([]);
});

test('/info is for those who may ask, /health for everybody, /predict for nobody', async () => {
  const get = async (path: string, who?: string) => {
    const headers = who === undefined ? {} : { authorization: `Bearer ${await world.token(who)}` };
    return fetch(`${world.url}${path}`, { headers });
  };
  const info = await get('/info', 'ana');
  expect([info.status, ((await info.json()) as { model_id: string }).model_id]).toEqual([
    200,
    expect.any(String),
  ]);
  expect((await get('/info', 'ivo')).status).toBe(403);
  expect((await get('/info')).status).toBe(401);
  expect((await get('/health')).status).toBe(200);
  expect((await post('/predict', { inputs: ['a', 'b'] })).status).toBe(403);
});
