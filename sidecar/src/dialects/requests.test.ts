import { describe, expect, test } from '@jest/globals';
import { createJsonReader, type JsonDocument } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createRouter, type Misread, type RequestReading } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });
const router = createRouter(['tei', 'cohere-v1', 'cohere-v2']);

function read(path: string, body: unknown): { document: JsonDocument; reading: RequestReading | Misread } {
  const result = reader.read(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  if (!result.ok) throw new Error(result.message);
  const { dialect, route } = router.match('POST', path)!;
  return { document: result.document, reading: dialect.readRequest(result.document, route) };
}

/** What was understood of a body, by its text. */
function understood(path: string, body: unknown) {
  const { document, reading } = read(path, body);
  if (!reading.ok) return `${reading.code}: ${reading.message}`;
  const { model, topN } = reading;
  const parts = reading.parts.map(({ query, queryToken, candidates }) => {
    expect(document.string(queryToken)).toBe(query);
    return [query, ...candidates.map((token) => document.raw(token))];
  });
  return { model, topN, parts };
}

const TEI = ['/rerank', '/', '/invocations'];
const plain = { model: null, topN: null };

describe.each(TEI)('TEI %s takes', (path) => {
  test.each([
    ['a query and texts', { query: 'q', texts: ['a', 'b'] }, [['q', '"a"', '"b"']]],
    ['an empty query', { query: '', texts: ['a'] }, [['', '"a"']]],
    ['empty texts', { query: 'q', texts: ['', ''] }, [['q', '""', '""']]],
    [
      'all options',
      {
        texts: ['a'],
        query: 'q',
        truncate: true,
        truncation_direction: 'Left',
        raw_scores: false,
        return_text: true,
      },
      [['q', '"a"']],
    ],
    [
      'null options',
      {
        query: 'q',
        texts: ['a'],
        truncate: null,
        truncation_direction: null,
        raw_scores: null,
        return_text: null,
      },
      [['q', '"a"']],
    ],
    ['a member that nobody knows', { query: 'q', texts: ['a'], note: { query: 'x' } }, [['q', '"a"']]],
    ['escaped names of members', '{"\\u0071uery":"q","text\\u0073":["a"]}', [['q', '"a"']]],
  ])('%s', (_, body, parts) => {
    expect(understood(path, body)).toEqual({ ...plain, parts });
  });

  test.each([
    ['a list', [{ query: 'q', texts: ['a'] }], 'a rerank request must be an object'],
    ['a string', '"q"', 'a rerank request must be an object'],
    ['null', 'null', 'a rerank request must be an object'],
    ['no query', { texts: ['a'] }, 'query must be a string'],
    ['a null query', { query: null, texts: ['a'] }, 'query must be a string'],
    ['a query of another kind', { query: ['q'], texts: ['a'] }, 'query must be a string'],
    ['no texts', { query: 'q' }, 'texts must be a list'],
    ['null texts', { query: 'q', texts: null }, 'texts must be a list'],
    ['one text', { query: 'q', texts: 'a' }, 'texts must be a list'],
    ['texts by number', { query: 'q', texts: { 0: 'a' } }, 'texts must be a list'],
    ['empty texts', { query: 'q', texts: [] }, 'texts must not be empty'],
    ['a null text', { query: 'q', texts: ['a', null] }, 'texts must be strings'],
    ['a structured text', { query: 'q', texts: ['a', { text: 'b' }] }, 'texts must be strings'],
    ['a pair', { query: 'q', texts: [['a', 'b']] }, 'texts must be strings'],
    ['a text for truncate', { query: 'q', texts: ['a'], truncate: 'yes' }, 'truncate must be a boolean'],
    ['a number for echo', { query: 'q', texts: ['a'], return_text: 1 }, 'return_text must be a boolean'],
    ['a text for raw', { query: 'q', texts: ['a'], raw_scores: 'true' }, 'raw_scores must be a boolean'],
    [
      'a direction that is no text',
      { query: 'q', texts: ['a'], truncation_direction: 1 },
      'truncation_direction must be a string',
    ],
  ])('not %s', (_, body, message) => {
    expect(understood(path, body)).toBe(`BODY_SHAPE: ${message}`);
  });
});

describe('TEI /vertex', () => {
  test('takes several rankings, each with its own query', () => {
    const body = {
      instances: [
        { query: 'q', texts: ['a', 'b'] },
        { query: 'r', texts: ['c'] },
      ],
    };
    expect(understood('/vertex', body)).toEqual({
      ...plain,
      parts: [
        ['q', '"a"', '"b"'],
        ['r', '"c"'],
      ],
    });
  });

  test('takes parameters, which it does not use', () => {
    const body = { parameters: { anything: 1 }, instances: [{ query: 'q', texts: ['a'] }] };
    expect(understood('/vertex', body)).toMatchObject({ parts: [['q', '"a"']] });
  });

  test.each([
    ['a list', [{ query: 'q', texts: ['a'] }], 'the body must be an object'],
    ['no instances', {}, 'instances must be a list'],
    ['instances of another kind', { instances: { query: 'q' } }, 'instances must be a list'],
    ['no instance', { instances: [] }, 'instances must not be empty'],
    ['a predict instance', { instances: [['a', 'b']] }, 'a rerank request must be an object'],
    [
      'a bad second instance',
      { instances: [{ query: 'q', texts: ['a'] }, { query: 'q' }] },
      'texts must be a list',
    ],
  ])('does not take %s', (_, body, message) => {
    expect(understood('/vertex', body)).toBe(`BODY_SHAPE: ${message}`);
  });

  test('does not take a predict instance under its own name', () => {
    const body = { instances: [{ inputs: ['q', 'a'] }] };
    expect(understood('/vertex', body)).toMatch(/^BODY_AMBIGUOUS_MEMBER: /);
  });
});

describe.each([
  ['/v1/rerank', {}],
  ['/v2/rerank', { model: 'm' }],
])('Cohere %s', (path, needed) => {
  const good = { ...needed, query: 'q', documents: ['a', 'b'] };
  const model = 'model' in needed ? 'm' : null;

  test('takes a query and documents', () => {
    expect(understood(path, good)).toEqual({ model, topN: null, parts: [['q', '"a"', '"b"']] });
  });

  test('takes a model and top_n', () => {
    expect(understood(path, { ...good, model: 'n', top_n: 3 })).toMatchObject({ model: 'n', topN: 3 });
  });

  test('takes null for every option, as LangChain sends it', () => {
    const options = { top_n: null, return_documents: null, rank_fields: null, max_chunks_per_doc: null };
    expect(understood(path, { ...good, ...options, max_tokens_per_doc: null })).toMatchObject({
      topN: null,
    });
  });

  test.each([
    ['a list', [good], 'a rerank request must be an object'],
    ['no query', { ...good, query: undefined }, 'query must be a string'],
    ['a query of another kind', { ...good, query: { text: 'q' } }, 'query must be a string'],
    ['no documents', { ...good, documents: undefined }, 'documents must be a list'],
    ['null documents', { ...good, documents: null }, 'documents must be a list'],
    ['one document', { ...good, documents: 'a' }, 'documents must be a list'],
    ['no document', { ...good, documents: [] }, 'documents must not be empty'],
    ['a model of another kind', { ...good, model: 1 }, 'model must be a string'],
    ['top_n 0', { ...good, top_n: 0 }, 'top_n must be at least 1'],
    ['top_n below 0', { ...good, top_n: -1 }, 'top_n must be a whole number'],
    ['half a top_n', { ...good, top_n: 1.5 }, 'top_n must be a whole number'],
    ['a text for top_n', { ...good, top_n: '1' }, 'top_n must be a whole number'],
    [
      'top_n that two readers read differently',
      `${JSON.stringify(good).slice(0, -1)},"top_n":1e1}`,
      'top_n must be a whole number',
    ],
    ['top_n beyond 32 bits', { ...good, top_n: 5_000_000_000 }, 'top_n must be a whole number'],
    ['rank_fields of another kind', { ...good, rank_fields: 'text' }, 'rank_fields must be a list'],
    ['a text for echo', { ...good, return_documents: 'yes' }, 'return_documents must be a boolean'],
  ])('does not take %s', (_, body, message) => {
    expect(understood(path, body)).toBe(`BODY_SHAPE: ${message}`);
  });
});

describe('the versions of Cohere differ', () => {
  test('only v2 needs a model', () => {
    const body = { query: 'q', documents: ['a'] };
    expect(understood('/v1/rerank', body)).toMatchObject({ model: null });
    expect(understood('/v2/rerank', body)).toBe('BODY_SHAPE: model must be a string');
    expect(understood('/v2/rerank', { ...body, model: null })).toBe('BODY_SHAPE: model must be a string');
  });

  test('only v1 takes structured documents', () => {
    const body = { model: 'm', query: 'q', documents: ['a', { id: '7', text: 'b', pages: 3, old: null }] };
    expect(understood('/v1/rerank', body)).toMatchObject({
      parts: [['q', '"a"', '{"id":"7","text":"b","pages":3,"old":null}']],
    });
    expect(understood('/v2/rerank', body)).toBe('BODY_SHAPE: documents must be strings');
  });

  test.each([
    ['a list', [['a']], 'BODY_SHAPE: documents must be strings or objects'],
    ['null', [null], 'BODY_SHAPE: documents must be strings or objects'],
    ['a number', [1], 'BODY_SHAPE: documents must be strings or objects'],
    [
      'an object in an object',
      [{ text: { a: 'b' } }],
      'BODY_SHAPE: the members of a document must be strings',
    ],
    ['a list in an object', [{ text: ['a'] }], 'BODY_SHAPE: the members of a document must be strings'],
  ])('v1 does not take %s for a document', (_, documents, refusal) => {
    expect(understood('/v1/rerank', { query: 'q', documents })).toBe(refusal);
  });

  test.each([
    ['few', {}],
    ['many', Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`member_${i}`, 'x']))],
  ])('v1 does not take a document with members that differ by case only, among %s', (_, more) => {
    for (const twin of ['Text', 'TEXT', 'teXt', '\uff54ext', 'te\uff58t']) {
      const documents = ['a', { text: 'b', ...more, [twin]: 'c' }];
      expect(understood('/v1/rerank', { query: 'q', documents })).toMatch(/^BODY_AMBIGUOUS_MEMBER: /);
    }
  });
});
