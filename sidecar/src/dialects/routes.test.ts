import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRouter } from './index.ts';

const all = createRouter(['tei', 'cohere-v1', 'cohere-v2']);
const ROUTES = [
  ['POST', '/rerank', 'tei', 'rerank'],
  ['POST', '/', 'tei', 'rerank'],
  ['POST', '/invocations', 'tei', 'rerank'],
  ['POST', '/vertex', 'tei', 'rerank'],
  ['GET', '/info', 'tei', 'info'],
  ['GET', '/health', 'tei', 'health'],
  ['GET', '/ping', 'tei', 'health'],
  ['GET', '/', 'tei', 'health'],
  ['GET', '/metrics', 'tei', 'health'],
  ['POST', '/v1/rerank', 'cohere-v1', 'rerank'],
  ['POST', '/v2/rerank', 'cohere-v2', 'rerank'],
] as const;

test.each(ROUTES)('%s %s belongs to %s and means %s', (method, path, dialect, operation) => {
  const matched = all.match(method, path);
  expect(matched).toMatchObject({ dialect: { name: dialect }, route: { method, path, operation } });
});

test('there are no other routes', () => {
  const dialects = ROUTES.map(([method, path]) => all.match(method, path)!.dialect);
  const listed = [...new Set(dialects)].flatMap(({ routes }) =>
    routes.map(({ method, path }) => `${method} ${path}`),
  );
  expect(listed.sort()).toEqual(ROUTES.map(([method, path]) => `${method} ${path}`).sort());
});

test('nothing passes without identity and policy but health, and that is GET', () => {
  for (const [method, path] of ROUTES) {
    const { route } = all.match(method, path)!;
    if (route.operation === 'health') expect(route.method).toBe('GET');
    else expect(['rerank', 'info']).toContain(route.operation);
  }
});

test.each(['/predict', '/score', '/embed', '/v1/score', '/v1/embed', '/v2/chat', '/v1/reranking', ''])(
  'POST %s is no route',
  (path) => {
    expect(all.match('POST', path)).toBeUndefined();
  },
);

describe('another spelling of a route is no route', () => {
  const spellings: readonly ((path: string) => string)[] = [
    (path) => `${path}/`,
    (path) => `/${path}`,
    (path) => `/.${path}`,
    (path) => `/x/..${path}`,
    (path) => path.toUpperCase(),
    (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    (path) => `${path}%20`,
    (path) => `${path} `,
    (path) => `${path};a=b`,
    (path) => `${path}?`,
    (path) => `${path}#`,
    (path) => path.slice(1),
    (path) => path.replaceAll('/', '\\'),
    (path) => path.replaceAll('/', '%2f'),
    (path) => `${path}\0`,
  ];
  const known = new Set(ROUTES.map(([, path]) => path as string));

  test.each(ROUTES.map(([method, path]) => [method, path] as const))('%s %s', (method, path) => {
    for (const spell of spellings) {
      const other = spell(path);
      if (!known.has(other)) expect([other, all.match(method, other)]).toEqual([other, undefined]);
    }
  });

  test('property: only the exact method and path match', () => {
    const pathOf = fc.oneof(
      fc.webPath(),
      fc.constantFrom(...known),
      fc.tuple(fc.constantFrom(...known), fc.string({ maxLength: 3 })).map(([path, more]) => path + more),
    );
    const methodOf = fc.constantFrom('GET', 'POST', 'get', 'Post', 'HEAD', 'PUT', 'QUERY', '');
    fc.assert(
      fc.property(methodOf, pathOf, (method, path) => {
        const expected = ROUTES.some(([m, p]) => m === method && p === path);
        expect(all.match(method, path) !== undefined).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

test('a connection has the routes of its own dialects only', () => {
  const tei = createRouter(['tei']);
  const cohere = createRouter(['cohere-v2']);
  expect(tei.match('POST', '/rerank')).toBeDefined();
  expect(tei.match('POST', '/v2/rerank')).toBeUndefined();
  expect(cohere.match('POST', '/v2/rerank')).toBeDefined();
  expect(cohere.match('POST', '/v1/rerank')).toBeUndefined();
  expect(cohere.match('GET', '/health')).toBeUndefined();
  expect(createRouter([]).match('POST', '/rerank')).toBeUndefined();
});

test.each([
  ['tei', '/rerank', { error: 'why', error_type: 'Backend' }],
  ['cohere-v1', '/v1/rerank', { message: 'why' }],
  ['cohere-v2', '/v2/rerank', { message: 'why' }],
] as const)('%s explains a refusal in its own members', (_, path, members) => {
  expect(all.match('POST', path)!.dialect.error(403, 'POLICY_DENY', 'why')).toEqual(members);
});

test.each([
  ['/rerank', 1, []],
  ['/', 1, []],
  ['/invocations', 1, []],
  ['/vertex', 2, { predictions: [[], []] }],
  ['/v1/rerank', 1, { id: 'call-1', results: [], meta: { api_version: { version: '1' } } }],
  ['/v2/rerank', 1, { id: 'call-1', results: [], meta: { api_version: { version: '2' } } }],
] as const)('%s has an answer for no candidates', (path, parts, answer) => {
  const { dialect, route } = all.match('POST', path)!;
  expect(JSON.parse(dialect.empty(route, { requestId: 'call-1', model: null, parts }))).toEqual(answer);
});
