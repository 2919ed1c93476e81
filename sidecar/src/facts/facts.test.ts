import { describe, expect, test } from '@jest/globals';
import {
  ANONYMOUS,
  type Facts,
  FactsSchema,
  type Identity,
  type Projection,
  type ResolvedConnection,
} from '@rankguard/contract';
import fc from 'fast-check';
import Value from 'typebox/value';
import { createRouter, type ResponseReading } from '../dialects/index.ts';
import { createJsonReader } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { project } from '../policy/index.ts';
import {
  type CallContext,
  createDocumentReader,
  NO_SIGNALS,
  requestFacts,
  responseFacts,
  type Signals,
} from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });
const documents = createDocumentReader(createJsonReader({ kernel: createKernel() }));
const router = createRouter(['tei', 'cohere-v1', 'cohere-v2']);

const connection: ResolvedConnection = {
  namespace: 'shop',
  name: 'search',
  dialects: ['tei'],
  issuers: [],
  anonymous: 'deny',
  serviceAccountAudiences: [],
  otherPorts: [],
  staleAfterSeconds: 86_400,
  models: [
    { name: 'bge', version: '2' },
    { name: 'plain', version: null },
  ],
  dataset: null,
  upstreamKey: null,
  listenerTls: null,
  upstreamCa: null,
  rankingHeader: false,
  limits: {
    requestBytes: 1e6,
    responseBytes: 1e6,
    bufferedBytes: 1e7,
    documents: 1000,
    concurrency: 10,
    timeoutSeconds: 10,
  },
};
const ANN: Identity = {
  ...ANONYMOUS,
  kind: 'user',
  subject: 'ann',
  issuer: 'https://issuer.test',
  groups: ['readers'],
  claims: { department: { name: 'sales' } },
};
/** A Friday, 23:59:59.999 UTC. */
const NOW = Date.UTC(2026, 6, 31, 23, 59, 59, 999);

interface Gathering {
  readonly path?: string;
  readonly body: unknown;
  readonly projection?: Projection;
  readonly context?: Partial<CallContext>;
  /** Results as the upstream answers, and what it was sent of each ranking. */
  readonly answer?: unknown;
  readonly kept?: readonly (readonly number[])[];
  readonly signals?: Signals;
}

function contextOf(method: string, path: string, more: Partial<CallContext> = {}): CallContext {
  const matched = router.match(method, path)!;
  const rest = { identity: ANN, dataset: null, datasetSource: null, justification: null, now: NOW };
  return { id: 'call-1', connection, matched, ...rest, ...more };
}

function bytesOf(body: unknown): Buffer {
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Facts of both phases, as they were when each phase was judged. */
function gather(gathering: Gathering) {
  const {
    path = '/v1/rerank',
    body,
    projection = true,
    context,
    answer,
    kept,
    signals = NO_SIGNALS,
  } = gathering;
  const call = contextOf('POST', path, context);
  const { dialect, route } = call.matched;
  const read = reader.read(bytesOf(body));
  if (!read.ok) throw new Error(read.message);
  const reading = dialect.readRequest(read.document, route);
  if (!reading.ok) throw new Error(reading.message);
  const request = requestFacts(call, read.document, reading, documents, projection, signals);
  let answered: ResponseReading | null = null;
  const sent = kept ?? [reading.parts[0]!.candidates.map((_, index) => index)];
  if (answer !== undefined) {
    const result = reader.read(bytesOf(answer));
    if (!result.ok) throw new Error(result.message);
    const found = dialect.readResponse(
      result.document,
      route,
      sent.map(({ length }) => ({ count: length })),
    );
    if (!found.ok) throw new Error(found.message);
    answered = found;
  }
  const response = responseFacts(request, { status: 200, bytes: 7 }, answered, sent);
  return { request: request.value as unknown as Facts, response: response as unknown as Facts };
}

function expectTotal(facts: unknown): void {
  expect(Value.Errors(FactsSchema, facts)).toEqual([]);
}

/** Documents of a call as policies see them. */
function seen(list: readonly unknown[], path = '/v1/rerank') {
  const named = path === '/rerank' ? { texts: list } : { documents: list };
  return gather({ path, body: { model: 'm', query: 'q', ...named } }).request.request.documents;
}

describe('facts are total', () => {
  test.each(['/rerank', '/v1/rerank', '/v2/rerank'])('in both phases of %s', (path) => {
    const body = { model: 'm', query: 'q', [path === '/rerank' ? 'texts' : 'documents']: ['a', '{"id":1}'] };
    const scored = [{ index: 1, score: 0.5, relevance_score: 0.5 }];
    const answer = path === '/rerank' ? scored : { results: scored };
    const { request, response } = gather({ path, body, answer });
    expectTotal(request);
    expectTotal(response);
    expect(request.phase).toBe('request');
    expect(response.phase).toBe('response');
  });

  test('for a batch, for a route without a body, and for an answer that is an error', () => {
    const instances = [
      { query: 'q', texts: ['a'] },
      { query: 'r', texts: ['b', '{"id":"c"}'] },
    ];
    const predictions = [[{ index: 0, score: 1 }], [{ index: 0, score: null }]];
    const both = gather({ path: '/vertex', body: { instances }, answer: { predictions }, kept: [[0], [2]] });
    expectTotal(both.request);
    expectTotal(both.response);
    const bodiless = requestFacts(contextOf('GET', '/info'), null, null, documents, true, NO_SIGNALS);
    expectTotal(bodiless.value);
    expectTotal(responseFacts(bodiless, { status: 503, bytes: 0 }, null, []));
  });

  test('for somebody who is nobody', () => {
    expectTotal(gather({ body: { query: 'q', documents: ['a'] }, context: { identity: ANONYMOUS } }).request);
  });

  test('property: for whatever is sent', () => {
    const member = fc.oneof(fc.string(), fc.constantFrom('id', 'text', '__proto__', 'constructor', 'fields'));
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.constant(null),
      fc.boolean(),
    );
    const structured = fc.dictionary(member, value, { maxKeys: 5 });
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      structured.map((object) => JSON.stringify(object)),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(text, structured), { minLength: 1 }), (list) => {
        const body = JSON.stringify({ query: 'q', documents: list });
        fc.pre(reader.read(Buffer.from(body)).ok);
        const lowered = (name: string) => name.normalize('NFKC').toLowerCase();
        const collides = (one: object) =>
          new Set(Object.keys(one).map(lowered)).size < Object.keys(one).length;
        fc.pre(!list.some((one) => typeof one === 'object' && collides(one)));
        const { request, response } = gather({
          body,
          answer: { results: [{ index: 0, relevance_score: 1 }] },
        });
        expectTotal(request);
        expectTotal(response);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the request', () => {
  const body = '{"query": "what?", "model": "bge", "top_n": 2, "documents": ["a", "b", "c"]}';

  test('says what is asked', () => {
    const { request } = gather({ body });
    expect(request.connection).toEqual({
      namespace: 'shop',
      name: 'search',
      listener: 'ingress',
      direction: 'ingress',
      protocol: 'http',
      dialect: 'cohere-v1',
    });
    expect(request.identity).toEqual(ANN);
    expect(request.request).toMatchObject({
      id: 'call-1',
      method: 'POST',
      path: '/v1/rerank',
      operation: 'rerank',
      model: 'bge',
      model_version: '2',
      query: 'what?',
      top_n: 2,
      counts: { documents: 3, bytes: body.length, tokens_estimate: Math.ceil(body.length / 4) },
      cost_estimate: 1,
    });
    expect(request.response).toEqual({ status: 0, results: [], rows: 0, bytes: 0 });
  });

  test('says when: seconds, weekday and hour in UTC', () => {
    expect(gather({ body }).request.request.time).toEqual({
      unix: Math.floor(NOW / 1000),
      weekday: 5,
      hour: 23,
    });
  });

  test('has the digest of the bytes that came', () => {
    // printf 'body' | sha256sum
    const { request } = gather({ body: '{"query":"q","documents":["a"]}' });
    expect(request.request.digest).toBe('5bdd21afd7e09c938e63f1444b4a0bf6917d015fc211448a9abc477c95cee1ba');
  });

  test.each([
    ['plain', null],
    ['bge', '2'],
    ['another', null],
  ])('knows the version of the model %s: %s', (model, version) => {
    const { request } = gather({ body: { model, query: 'q', documents: ['a'] } });
    expect(request.request).toMatchObject({ model, model_version: version });
  });

  test.each([
    [1, 1],
    [100, 1],
    [101, 2],
  ])('costs, for %d documents, %d', (count, cost) => {
    const list = Array.from({ length: count }, () => 'x');
    expect(gather({ body: { query: 'q', documents: list } }).request.request.cost_estimate).toBe(cost);
  });

  test('of a batch has all queries, and documents numbered over all rankings', () => {
    const instances = [
      { query: 'q', texts: ['a', 'b'] },
      { query: 'r', texts: ['c'] },
    ];
    const { request } = gather({ path: '/vertex', body: { instances }, kept: [[0, 1], [2]] }).request;
    expect(request.query).toBe('q\nr');
    expect(request.documents.map(({ index, text }) => [index, text])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
    expect(request.counts.documents).toBe(3);
  });

  test('names the data set and where its name comes from', () => {
    const context = { dataset: 'tickets', datasetSource: 'header' } as const;
    const { request } = gather({ body, context }).request;
    expect(request).toMatchObject({ dataset: 'tickets', dataset_source: 'header' });
  });
});

describe('a document', () => {
  test('that is a text has no id and no fields', () => {
    expect(seen(['plain'])).toEqual([{ index: 0, id: null, text: 'plain', fields: {} }]);
  });

  test('that is an object has its members as fields', () => {
    expect(seen([{ id: 'd-1', text: 'body', pages: 3, old: true, gone: null }])).toEqual([
      {
        index: 0,
        id: 'd-1',
        text: 'body',
        fields: { id: 'd-1', text: 'body', pages: 3, old: true, gone: null },
      },
    ]);
  });

  test('without a text member has its strings, line by line', () => {
    expect(seen([{ title: 'one', pages: 3, body: 'two' }])[0]!.text).toBe('one\ntwo');
  });

  test('whose text is no string has its strings', () => {
    expect(seen([{ text: 5, title: 'one' }])[0]!.text).toBe('one');
  });

  test.each([
    ['a string', '{"id": "7"}', '7'],
    ['a number', '{"id": 7}', '7'],
    ['a number beyond 2^53', '{"id": 12345678901234567890}', '12345678901234567890'],
    ['a decimal with its zeros', '{"id": 7.10}', '7.10'],
    ['an exponent', '{"id": 1e3}', '1e3'],
    ['null', '{"id": null}', null],
    ['a boolean', '{"id": true}', null],
    ['absent', '{"ID": "7"}', null],
    ['empty', '{"id": ""}', ''],
  ])('has an id that is %s', (_, json, id) => {
    expect(gather({ body: `{"query":"q","documents":[${json}]}` }).request.request.documents[0]!.id).toBe(id);
    expect(seen([json], '/rerank')[0]!.id).toBe(id);
  });

  test('has an id in the members of a JSON text that is an object or list: none', () => {
    expect(seen(['{"id": {"a": 1}}', '{"id": ["7"]}'], '/rerank').map(({ id }) => id)).toEqual([null, null]);
  });

  test.each([
    ['plainly', '{"id":"7","team":"a"}'],
    ['with white space around', ' \n\t{ "id" : "7" ,\n"team":"a" }\r\n '],
    ['with a line break first', '\n{"id":"7","team":"a"}'],
    ['with escapes inside', '{"\\u0069d":"\\u0037","team":"a"}'],
  ])('that is a JSON object in a text is opened: %s', (_, text) => {
    for (const path of ['/rerank', '/v1/rerank', '/v2/rerank']) {
      expect(seen([text], path)).toEqual([{ index: 0, id: '7', text, fields: { id: '7', team: 'a' } }]);
    }
  });

  test('that is escaped in the body is opened as well', () => {
    const body = '{"query":"q","texts":["\\u007b\\u0022id\\u0022:\\u00227\\u0022\\u007d"]}';
    expect(gather({ path: '/rerank', body }).request.request.documents[0]).toMatchObject({ id: '7' });
  });

  test.each([
    ['a repeated member', '{"id":"7","id":"8"}'],
    ['a repeated member, spelled in two ways', '{"id":"7","\\u0069d":"8"}'],
    ['a repeated member further in', '{"id":"7","a":{"b":1,"b":2}}'],
    ['something behind it', '{"id":"7"} {"id":"8"}'],
    ['a comma too many', '{"id":"7",}'],
    ['a lone surrogate', '{"id":"7","a":"\\ud800"}'],
    ['single quotes', "{'id':'7'}"],
    ['a comment', '{"id":"7"} // x'],
    ['a byte order mark', '\ufeff{"id":"7"}'],
    ['a space that JSON does not have', '\u00a0{"id":"7"}'],
    ['a list', '[{"id":"7"}]'],
    ['a string in a string', '"{\\"id\\":\\"7\\"}"'],
    ['only the beginning', '{'],
    ['nothing', ''],
  ])('that has %s is a text without fields', (_, text) => {
    expect(seen([text], '/rerank')).toEqual([{ index: 0, id: null, text, fields: {} }]);
  });

  test('keeps the exact text of numbers that a double cannot hold', () => {
    const { fields } = seen(['{"big":12345678901234567890,"small":5}'], '/rerank')[0]!;
    expect(fields).toEqual({ big: '12345678901234567890', small: 5 });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''])(
    'may have a member called %j',
    (name) => {
      const json = `{${JSON.stringify(name)}:{"secret":"x"},"id":"7"}`;
      const fields = JSON.parse(`{${JSON.stringify(name)}:true}`) as Projection;
      const byName: Projection = { request: { documents: { '*': { fields } } } };
      for (const projection of [true, byName] as const) {
        const { request } = gather({ path: '/rerank', body: { query: 'q', texts: [json] }, projection });
        const [document] = request.request.documents;
        expect(Object.getPrototypeOf(document!.fields)).toBe(Object.prototype);
        expect(Object.getOwnPropertyDescriptor(document!.fields, name)?.value).toEqual({ secret: 'x' });
      }
      expect(({} as Record<string, unknown>)['secret']).toBeUndefined();
    },
  );

  test('does not keep what another document left behind', () => {
    const list = [
      '{"id":"1","a":1}',
      'plain',
      '{"id":"2","b":{"c":[1,{"d":"e"}]}}',
      '{"broken"',
      '{"id":"3"}',
    ];
    expect(seen(list, '/rerank').map(({ id, fields }) => [id, fields])).toEqual([
      ['1', { id: '1', a: 1 }],
      [null, {}],
      ['2', { id: '2', b: { c: [1, { d: 'e' }] } }],
      [null, {}],
      ['3', { id: '3' }],
    ]);
  });
});

describe('the answer', () => {
  const list = [{ id: 'a', team: 'x' }, { id: 'b', team: 'y' }, 'plain', { id: 'd' }];
  const body = { query: 'q', documents: list };

  test('has results in the caller’s numbering, joined with their documents', () => {
    const results = [
      { index: 1, relevance_score: 0.9 },
      { index: 0, relevance_score: null },
      { index: 2, relevance_score: -3 },
    ];
    const { response } = gather({ body, answer: { results }, kept: [[1, 2, 3]] });
    expect(response.response).toEqual({
      status: 200,
      rows: 3,
      bytes: 7,
      results: [
        { index: 2, id: null, rank: 0, score: 0.9, fields: {} },
        { index: 1, id: 'b', rank: 1, score: null, fields: { id: 'b', team: 'y' } },
        { index: 3, id: 'd', rank: 2, score: -3, fields: { id: 'd' } },
      ],
    });
  });

  test('keeps the facts of the request', () => {
    const { request, response } = gather({ body, answer: { results: [] } });
    expect({ ...response, phase: 'request', response: request.response }).toEqual(request);
  });

  test('does not change the facts of the request phase', () => {
    const { request } = gather({ body, answer: { results: [{ index: 0, relevance_score: 1 }] } });
    expect(request.phase).toBe('request');
    expect(request.response.results).toEqual([]);
  });
});

describe('only what a policy reaches is gathered', () => {
  const list = [{ id: 'a', text: 'one', team: 'x' }, '{"id":2,"team":"y","deep":{"er":1}}', 'plain'];
  const body = { query: 'q', documents: list };

  test.each([
    [{}, [{}, {}, {}]],
    [{ request: { documents: {} } }, [{}, {}, {}]],
    [{ request: { documents: { '*': { index: true } } } }, [{ index: 0 }, { index: 1 }, { index: 2 }]],
    [{ request: { documents: { '*': { id: true } } } }, [{ id: 'a' }, { id: '2' }, { id: null }]],
    [
      { request: { documents: { '*': { fields: { team: true } } } } },
      [{ fields: { team: 'x' } }, { fields: { team: 'y' } }, { fields: {} }],
    ],
    [
      { response: { results: { '*': { fields: { team: true } } } } },
      [{ fields: { team: 'x' } }, { fields: { team: 'y' } }, { fields: {} }],
    ],
  ] satisfies [Projection, unknown[]][])('%j', (projection, expected) => {
    expect(gather({ body, projection }).request.request.documents).toEqual(expected);
  });

  test('a member called __proto__ that only answers reach is gathered beside others', () => {
    const named = (name: string) =>
      JSON.parse(`{"*":{"fields":{${JSON.stringify(name)}:true}}}`) as Projection;
    const projection = {
      request: { documents: named('team') },
      response: { results: named('__proto__') },
    };
    const texts = ['{"team":"x","__proto__":"y","other":"z"}'];
    const { request } = gather({ path: '/rerank', body: { query: 'q', texts }, projection });
    const [document] = request.request.documents;
    expect(Object.entries(document!.fields)).toEqual([
      ['team', 'x'],
      ['__proto__', 'y'],
    ]);
  });

  test('property: what a projection keeps of these facts is what it keeps of all of them', () => {
    const branch = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof(fc.constant<true>(true), arbitrary);
    const option = { requiredKeys: [] };
    const fields = branch(
      fc.dictionary(
        fc.constantFrom('team', 'id', 'deep', 'none', '*', '__proto__'),
        branch(fc.constant({ er: true as const })),
      ),
    );
    const document = fc.record(
      {
        '*': branch(
          fc.record(
            { index: fc.constant(true), id: fc.constant(true), text: fc.constant(true), fields },
            option,
          ),
        ),
      },
      option,
    );
    const result = fc.record(
      {
        '*': branch(
          fc.record(
            {
              index: fc.constant(true),
              id: fc.constant(true),
              rank: fc.constant(true),
              score: fc.constant(true),
              fields,
            },
            option,
          ),
        ),
      },
      option,
    );
    const projections = branch(
      fc.record(
        {
          phase: fc.constant(true),
          identity: fc.constant({ groups: true }),
          request: branch(
            fc.record(
              {
                documents: branch(document),
                query: fc.constant(true),
                digest: fc.constant(true),
                counts: fc.constant({ documents: true }),
              },
              option,
            ),
          ),
          response: branch(fc.record({ results: branch(result), status: fc.constant(true) }, option)),
        },
        option,
      ),
    ) as fc.Arbitrary<Projection>;
    const documentsOf = fc.array(
      fc.oneof(
        fc.constantFrom<unknown>(...list, '{"__proto__":{"er":2},"id":null}', '{"id":1,"id":2}', {
          team: 'z',
        }),
        fc.string(),
      ),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(projections, documentsOf, (projection, some) => {
        const results = some.map((_, index) => ({ index, relevance_score: index })).reverse();
        const call = { body: { query: 'q', documents: some }, answer: { results } };
        const whole = gather(call);
        const partial = gather({ ...call, projection });
        expect(project(partial.request, projection)).toEqual(project(whole.request, projection));
        expect(project(partial.response, projection)).toEqual(project(whole.response, projection));
      }),
      { numRuns: 500 },
    );
  });
});
