import { describe, expect, test } from '@jest/globals';
import { DIALECT_NAMES, type DialectName } from '@rankguard/contract';
import { dialectFixtures } from '../../../test/support/fixtures.ts';
import { createJsonReader } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createRouter, DIALECTS, type MatchedRoute } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });
const echoReader = createJsonReader({ kernel: createKernel() });
const FIXTURES = dialectFixtures();
const NAMES = DIALECT_NAMES.filter((name) => name !== 'auto');

function documentOf(value: unknown, by = reader) {
  const read = by.read(Buffer.from(JSON.stringify(value)));
  if (!read.ok) throw new Error(read.message);
  return read.document;
}

/** The dialect's own name: Cohere's two versions share a folder. */
function nameOf({ name }: { name: string }): Exclude<DialectName, 'auto'> {
  const [folder, call] = name.split('/');
  return (folder === 'cohere' ? `cohere-${call}` : folder) as Exclude<DialectName, 'auto'>;
}

/** What is understood of a call and of its answer, in plain values. */
function understood(matched: MatchedRoute, request: unknown, response: unknown) {
  const document = documentOf(request);
  const reading = matched.dialect.readRequest(document, matched.route);
  if (!reading.ok) return { refused: `${reading.code}: ${reading.message}` };
  const settled = reading.matched ?? matched;
  const sent = reading.parts.map(({ candidates, ids }) => ({ count: candidates.length, ids }));
  const asked = {
    model: reading.model,
    topN: reading.topN,
    queries: reading.parts.map(({ query }) => query),
    documents: reading.parts.map(({ candidates, contents }) =>
      (contents ?? candidates).map((token) => document.value(token)),
    ),
  };
  const answer = documentOf(response, echoReader);
  const results = settled.dialect.readResponse(answer, settled.route, sent);
  if (!results.ok) return { refused: `${results.code}: ${results.message}` };
  return {
    ...asked,
    dialect: settled.dialect.name,
    order: settled.route.order,
    results: results.parts.map((part) => part.results.map(({ index, score }) => [index, score])),
  };
}

test('every dialect has a fixture', () => {
  expect([...new Set(FIXTURES.map(nameOf))].sort()).toEqual([...NAMES].sort());
});

test('every route of a dialect names a shape that it can read', () => {
  for (const name of NAMES) {
    for (const route of DIALECTS[name].routes) {
      if (route.method === 'GET') continue;
      const reading = DIALECTS[name].readRequest(documentOf({}), route);
      expect([name, route.path, reading.ok]).toEqual([name, route.path, false]);
    }
  }
});

describe.each(FIXTURES.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
  const { path, request, response } = fixture;
  const matched = createRouter([nameOf(fixture)]).match('POST', path);

  test('is a route, and is read with its answer', () => {
    expect(matched).toBeDefined();
    const call = understood(matched!, request, response);
    expect(call).toMatchSnapshot();
    expect(call).not.toHaveProperty('refused');
  });

  test('is read the same by auto, or is refused as ambiguous', () => {
    const auto = createRouter(['auto']).match('POST', path)!;
    const alone = understood(matched!, request, response);
    const found = understood(auto, request, response);
    if ('refused' in found)
      expect(found.refused).toMatch(/^BODY_AMBIGUOUS_MEMBER: .* read this body differently/);
    else expect({ ...found, dialect: '' }).toEqual({ ...alone, dialect: '' });
  });

  test('has an answer for no candidates that it reads itself', () => {
    const reading = matched!.dialect.readRequest(documentOf(request), matched!.route);
    if (!reading.ok) throw new Error(reading.message);
    const { dialect, route } = reading.matched ?? matched!;
    if (route.order === 'given') return;
    const call = { requestId: 'call-1', model: 'm', parts: reading.parts.length };
    const sent = reading.parts.map(() => ({ count: 0, ids: [] }));
    const answer = dialect.readResponse(documentOf(JSON.parse(dialect.empty(route, call))), route, sent);
    expect(answer).toMatchObject({ ok: true, parts: sent.map(() => ({ results: [] })) });
  });

  test('is refused with a member that another API uses', () => {
    if (Array.isArray(request)) return;
    const foreign = { ...(request as object), text_docs: ['other'] };
    expect(understood(matched!, foreign, response)).toEqual({
      refused: expect.stringMatching(/^BODY_AMBIGUOUS_MEMBER/),
    });
  });
});

test('an auto connection knows what most fixtures are', () => {
  const router = createRouter(['auto']);
  const refused = FIXTURES.filter(({ path, request, response }) =>
    Object.hasOwn(understood(router.match('POST', path)!, request, response), 'refused'),
  );
  expect(refused.map(({ name }) => name)).toEqual([]);
});
