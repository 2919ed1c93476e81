import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Ticket, toDocument } from '@rankguard/example-support-search';
import { CohereClient, CohereClientV2 } from 'cohere-ai';
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

const QUERY = 'refund for a cancelled plan';

let world: World;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
beforeEach(() => world.fresh());
afterAll(() => world.close());

interface Ask {
  readonly who?: string;
  readonly token?: string;
  readonly query?: string;
  readonly tickets?: readonly Ticket[];
  readonly topN?: number;
  readonly echo?: boolean;
  readonly dataset?: string;
}

const perCall = ({ dataset }: Ask) => (dataset === undefined ? {} : { headers: { 'X-Dataset': dataset } });
const tokenOf = async ({ who = 'ana', token }: Ask) => token ?? (await world.token(who));

/** The official client with its own retries; each version as its users call it. */
const VERSIONS = {
  async v1(ask: Ask) {
    const client = new CohereClient({ token: await tokenOf(ask), environment: world.url });
    const { query = QUERY, tickets = ticketsOf('billing', 5), topN, echo = false } = ask;
    const { results } = await client.rerank(
      {
        query,
        documents: tickets.map(toDocument),
        rankFields: ['title', 'text'],
        returnDocuments: echo,
        ...(topN === undefined ? {} : { topN }),
      },
      perCall(ask),
    );
    return results.map(({ index, relevanceScore, document }) => ({ index, relevanceScore, document }));
  },
  async v2(ask: Ask) {
    const client = new CohereClientV2({ token: await tokenOf(ask), environment: world.url });
    const { query = QUERY, tickets = ticketsOf('billing', 5), topN } = ask;
    const documents = tickets.map(asText);
    const { results } = await client.rerank(
      { model: 'rerank-v3.5', query, documents, ...(topN === undefined ? {} : { topN }) },
      perCall(ask),
    );
    return results.map(({ index, relevanceScore }) => ({ index, relevanceScore, document: undefined }));
  },
} as const;

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly statusCode: number;
  readonly body: Record<string, unknown>;
}

/** The client's own exception. */
async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown as Failure,
  );
  if (error === undefined) throw new Error('the call did not fail');
  return {
    name: error.constructor.name,
    message: error.message,
    statusCode: error.statusCode,
    body: error.body,
  };
}

describe.each(Object.entries(VERSIONS))('cohere-ai %s', (version, rerank) => {
  test('is answered as by the reranker itself, with the sidecar’s key', async () => {
    const results = await rerank({});
    expect(results.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4]);
    const scores = results.map(({ relevanceScore }) => relevanceScore);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(results.every(({ document }) => document === undefined)).toBe(true);
    expect(world.received).toMatchObject([{ path: `/${version}/rerank`, credential: 'own' }]);
    expect(await world.calls()).toMatchObject([{ verdict: 'allow', documents: 5, results: 5, dropped: 0 }]);
  });

  test('gets the best of its own documents where others were dropped before scoring', async () => {
    const tickets = mixed();
    const own = placesOf('billing', tickets);
    const all = await rerank({ tickets });
    expect([...all.map(({ index }) => index)].sort()).toEqual(own);
    const alone = await rerank({ tickets: own.map((place) => tickets[place]!) });
    expect(all.map(({ index }) => index)).toEqual(alone.map(({ index }) => own[index]));
    expect(all.map(({ relevanceScore }) => relevanceScore)).toEqual(
      alone.map(({ relevanceScore }) => relevanceScore),
    );
    const { documents } = JSON.parse(world.received[0]!.body) as { documents: unknown[] };
    expect(documents).toHaveLength(own.length);
    expect((await world.calls())[0]).toMatchObject({ documents: 7, dropped: 3, results: 4 });
  });

  test('may ask for more than is left', async () => {
    const tickets = mixed();
    const results = await rerank({ tickets, topN: 7 });
    expect(results.map(({ index }) => index).sort()).toEqual(placesOf('billing', tickets));
    expect(JSON.parse(world.received[0]!.body)).toMatchObject({ top_n: 4 });
  });

  test('gets the best two', async () => {
    const tickets = mixed();
    const [best, two] = await Promise.all([rerank({ tickets }), rerank({ tickets, topN: 2 })]);
    expect(two).toEqual(best.slice(0, 2));
  });

  test('gets an empty list where nothing is left, and nothing is sent', async () => {
    expect(await rerank({ tickets: ticketsOf('medical', 3) })).toEqual([]);
    expect(world.received).toEqual([]);
  });

  test.each([
    [
      'a query',
      { query: 'who has the social security number of Maria?' },
      'SENSITIVE_QUERY',
      'Search for the ticket',
    ],
    ['a data set', { dataset: 'medical' }, 'DATASET_FORBIDDEN', 'only members of medical-readers'],
    ['a caller', { who: 'ivo' }, 'NOT_ALLOWED', 'No policy allows this call'],
  ] as const)('shows why %s is denied, and asks once', async (_, ask, code, explanation) => {
    const failure = await failureOf(rerank(ask));
    expect(failure).toMatchObject({ name: 'ForbiddenError', statusCode: 403 });
    expect(failure.message).toContain(explanation);
    expect(failure.message).toContain(code);
    expect(failure.body['message']).toContain(explanation);
    expect(world.received).toEqual([]);
    const calls = await world.calls();
    expect(calls).toHaveLength(1);
    expect(failure.message).toContain(String(calls[0]!['id']));
  });

  test.each([
    ['no real token', 'not-a-token', 'TOKEN_MALFORMED'],
    ['a token that was changed', 'changed', 'TOKEN_SIGNATURE'],
  ])('says that %s is not enough, and asks once', async (_, given, reason) => {
    const [head, claims, signature = ''] = (await world.token('ana')).split('.');
    const other = `${[...signature.slice(0, 8)].reverse().join('')}${signature.slice(8)}`;
    const token = given === 'changed' ? `${head}.${claims}.${other}` : given;
    const failure = await failureOf(rerank({ token }));
    expect(failure).toMatchObject({ name: 'UnauthorizedError', statusCode: 401 });
    expect(failure.message).toContain(reason);
    expect(world.received).toEqual([]);
    expect(await world.calls()).toHaveLength(1);
  });

  test('says why a body is refused', async () => {
    const failure = await failureOf(rerank({ topN: 0 }));
    expect(failure).toMatchObject({ name: 'BadRequestError', statusCode: 400 });
    expect(failure.message).toContain('top_n must be at least 1');
    expect(world.received).toEqual([]);
  });

  test('gets the reranker’s own error', async () => {
    const failure = await failureOf(rerank({ query: '' }));
    expect(failure).toMatchObject({
      name: 'BadRequestError',
      body: { message: 'invalid request: query must not be empty' },
    });
    expect(world.received).toHaveLength(1);
  });

  test('sends nothing personal to the reranker', async () => {
    const tickets = personalTickets('billing');
    expect(personalIn(tickets.map(asText).join('\n')).length).toBeGreaterThan(5);
    await rerank({ tickets, query: 'refund for ada.brook@example.com' });
    const { body } = world.received[0]!;
    expect(personalIn(body)).toEqual([]);
    expect(body).toContain('EMAIL_ADDRESS');
    for (const { requester } of tickets) expect(body).not.toContain(requester);
  });
});

describe('cohere-ai v1', () => {
  test('has documents echoed: each its own, masked', async () => {
    const tickets = personalTickets('billing').slice(0, 6);
    const results = await VERSIONS.v1({ tickets, echo: true });
    expect(results).toHaveLength(tickets.length);
    for (const { index, document } of results) {
      const { id, title, text, requester } = document as unknown as Record<string, string>;
      expect([id, title]).toEqual([tickets[index]!.id, tickets[index]!.title]);
      expect(personalIn(`${text}`)).toEqual([]);
      expect(requester).not.toBe(tickets[index]!.requester);
      expect(text!.split('\n')).toHaveLength(tickets[index]!.text.split('\n').length);
    }
  });

  test('shows a lead who asked, and still nothing that detectors find', async () => {
    const tickets = personalTickets('billing').slice(0, 6);
    const results = await VERSIONS.v1({ tickets, echo: true, who: 'lea' });
    for (const { index, document } of results) {
      const { requester, text } = document as unknown as Record<string, string>;
      expect(requester).toBe(tickets[index]!.requester);
      expect(personalIn(text!)).toEqual([]);
    }
  });

  test('has documents of its own team echoed, where others were dropped', async () => {
    const tickets = mixed();
    const results = await VERSIONS.v1({ tickets, echo: true });
    expect(results).toHaveLength(4);
    for (const { index, document } of results) {
      expect((document as unknown as Ticket).id).toBe(tickets[index]!.id);
    }
  });
});
