import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { expectNothingForwarded, expectRefusal } from '../support/expectations.ts';
import { DOCUMENTS, PERSONAL } from '../support/personal.ts';
import { type DialectName, GOOD, ROUTE, type Setup, setUp } from '../support/setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp({ limits: { documents: 10 } });
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

const query = PERSONAL.EMAIL_ADDRESS;
const documents = DOCUMENTS;

const WRONG: Readonly<Record<DialectName, readonly (readonly [string, unknown])[]>> = {
  tei: [
    ['a list', [GOOD.tei]],
    ['null', null],
    ['a string', JSON.stringify(query)],
    ['no query', { texts: documents }],
    ['a query that is null', { query: null, texts: documents }],
    ['a query that is a list', { query: [query], texts: documents }],
    ['no texts', { query }],
    ['texts that are a string', { query, texts: query }],
    ['texts that are an object', { query, texts: { 0: query } }],
    ['0 documents', { query, texts: [] }],
    ['a text that is a number', { query, texts: [...documents, 7] }],
    ['a text that is null', { query, texts: [null] }],
    ['a text that is an object', { query, texts: [{ text: query }] }],
    ['truncate that is a string', { query, texts: documents, truncate: 'yes' }],
    ['return_text that is a number', { query, texts: documents, return_text: 1 }],
  ],
  'cohere-v1': [
    ['a list', [GOOD['cohere-v1']]],
    ['no query', { documents }],
    ['a query that is an object', { query: { text: query }, documents }],
    ['no documents', { query }],
    ['0 documents', { query, documents: [] }],
    ['documents that are an object', { query, documents: { text: query } }],
    ['a document that is a number', { query, documents: [1] }],
    ['a document that is a list', { query, documents: [[query]] }],
    ['a document with an object inside', { query, documents: [{ text: { body: query } }] }],
    ['a model that is a number', { model: 3, query, documents }],
    ['top_n of 0', { query, documents, top_n: 0 }],
    ['top_n below 0', { query, documents, top_n: -1 }],
    ['top_n that is a fraction', { query, documents, top_n: 1.5 }],
    ['top_n that is a string', { query, documents, top_n: '2' }],
    ['return_documents that is a string', { query, documents, return_documents: 'true' }],
    ['rank_fields that are a string', { query, documents, rank_fields: 'text' }],
  ],
  'cohere-v2': [
    ['a string', JSON.stringify(query)],
    ['no model', { query, documents }],
    ['a model that is null', { model: null, query, documents }],
    ['no query', { model: 'm', documents }],
    ['no documents', { model: 'm', query }],
    ['0 documents', { model: 'm', query, documents: [] }],
    ['a document that is an object', { model: 'm', query, documents: [{ text: query }] }],
    ['a document that is null', { model: 'm', query, documents: [null] }],
    ['top_n of 0', { model: 'm', query, documents, top_n: 0 }],
    ['max_tokens_per_doc that is a string', { model: 'm', query, documents, max_tokens_per_doc: '9' }],
  ],
};
const rows = Object.entries(WRONG).flatMap(([dialect, cases]) =>
  cases.map(([name, body]) => [dialect as DialectName, name, body] as const),
);

test.each(rows)('%s: %s', async (dialect, _, body) => {
  const response = await setup.send({ target: ROUTE[dialect], body });
  await expectRefusal(setup, response, 'BODY_SHAPE', dialect);
  await expectNothingForwarded(setup);
});

test.each([
  ['a list', [GOOD.tei]],
  ['no instances', {}],
  ['0 instances', { instances: [] }],
  ['instances that are an object', { instances: GOOD.tei }],
  ['an instance that is a string', { instances: [query] }],
  ['a second instance without texts', { instances: [GOOD.tei, { query }] }],
])('tei /vertex: %s', async (_, body) => {
  const response = await setup.send({ target: '/vertex', body });
  await expectRefusal(setup, response, 'BODY_SHAPE');
  await expectNothingForwarded(setup);
});

test.each([
  ['/rerank', 'tei', { query, texts: Array.from({ length: 11 }, () => query) }],
  ['/v1/rerank', 'cohere-v1', { query, documents: Array.from({ length: 11 }, () => query) }],
  ['/v2/rerank', 'cohere-v2', { model: 'm', query, documents: Array.from({ length: 11 }, () => query) }],
  ['/vertex', 'tei', { instances: Array.from({ length: 4 }, () => GOOD.tei) }],
] as const)('more documents than the limit: %s', async (target, dialect, body) => {
  const response = await setup.send({ target, body });
  const record = await expectRefusal(setup, response, 'TOO_MANY_DOCUMENTS', dialect);
  expect(record.documents).toBeGreaterThan(10);
  await expectNothingForwarded(setup);
});

test('a body of one dialect at the route of another', async () => {
  const response = await setup.send({ target: ROUTE['cohere-v2'], body: GOOD.tei });
  await expectRefusal(setup, response, 'BODY_AMBIGUOUS_MEMBER', 'cohere-v2');
  await expectNothingForwarded(setup);
});
