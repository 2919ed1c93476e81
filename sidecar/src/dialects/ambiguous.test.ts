import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createJsonReader } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createRouter } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });
const router = createRouter(['tei', 'cohere-v1', 'cohere-v2']);

/** `ok`, or the code of the refusal. */
function verdict(path: string, body: unknown): string {
  const result = reader.read(Buffer.from(JSON.stringify(body)));
  if (!result.ok) return result.code;
  const { dialect, route } = router.match('POST', path)!;
  const reading = dialect.readRequest(result.document, route);
  return reading.ok ? 'ok' : reading.code;
}

type Body = Readonly<Record<string, unknown>>;
interface Case {
  readonly title: string;
  readonly path: string;
  /** Members that the API knows, with values that it takes. */
  readonly good: Body;
  readonly wrap?: (body: Body) => unknown;
}

const ranking = {
  query: 'q',
  texts: ['a', 'b'],
  truncate: true,
  truncation_direction: 'right',
  raw_scores: true,
  return_text: true,
};
const cohere = { model: 'm', query: 'q', documents: ['a', 'b'], top_n: 1 };
const CASES: readonly Case[] = [
  { title: 'TEI /rerank', path: '/rerank', good: ranking },
  { title: 'TEI /', path: '/', good: ranking },
  { title: 'TEI /invocations', path: '/invocations', good: ranking },
  { title: 'TEI /vertex, outside', path: '/vertex', good: { instances: [ranking], parameters: {} } },
  {
    title: 'TEI /vertex, in an instance',
    path: '/vertex',
    good: ranking,
    wrap: (instance) => ({ instances: [ranking, instance] }),
  },
  {
    title: 'Cohere v1',
    path: '/v1/rerank',
    good: { ...cohere, rank_fields: ['text'], return_documents: true, max_chunks_per_doc: 1 },
  },
  {
    title: 'Cohere v2',
    path: '/v2/rerank',
    good: { ...cohere, max_tokens_per_doc: 4, priority: 1, return_documents: true, rank_fields: ['text'] },
  },
];

/** Where rerank APIs put candidates or the query. */
const ELSEWHERE = [
  ...['documents', 'texts', 'passages', 'records', 'input', 'inputs', 'sources', 'instances', 'items'],
  ...['text_docs', 'queries', 'query_text', 'text_1', 'text_2', 'data_1', 'data_2'],
];

/**
 * Names that Go's encoding/json takes for `name`: letters by simple case folding, to which the Kelvin sign and the
 * long s belong (https://pkg.go.dev/encoding/json#Unmarshal).
 */
function foldTwins(name: string): string[] {
  const letters = [...name];
  const twins = letters.flatMap((letter, at) => {
    const others = [
      letter.toUpperCase(),
      ...(letter === 's' ? ['\u017f'] : []),
      ...(letter === 'k' ? ['\u212a'] : []),
    ];
    return others.map((other) => [...letters.slice(0, at), other, ...letters.slice(at + 1)].join(''));
  });
  const whole = [name.toUpperCase(), name[0]!.toUpperCase() + name.slice(1)];
  return [...new Set([...twins, ...whole])].filter((twin) => twin !== name);
}

describe.each(CASES)('$title', ({ path, good, wrap = (body) => body }) => {
  test('takes its own members', () => {
    expect(verdict(path, wrap(good))).toBe('ok');
  });

  test('takes members that are nobody’s', () => {
    expect(verdict(path, wrap({ ...good, user: 'ann', metadata: { documents: ['x'] }, Labels: [] }))).toBe(
      'ok',
    );
  });

  test.each(Object.keys(good))('refuses every case twin of %s, beside it and in its place', (name) => {
    const { [name]: value, ...others } = good;
    for (const twin of foldTwins(name)) {
      expect([twin, verdict(path, wrap({ ...good, [twin]: value }))]).toEqual([
        twin,
        'BODY_AMBIGUOUS_MEMBER',
      ]);
      expect([twin, verdict(path, wrap({ [twin]: value, ...good }))]).toEqual([
        twin,
        'BODY_AMBIGUOUS_MEMBER',
      ]);
      expect([twin, verdict(path, wrap({ ...others, [twin]: value }))]).toEqual([
        twin,
        'BODY_AMBIGUOUS_MEMBER',
      ]);
    }
  });

  test.each(ELSEWHERE.filter((name) => !(name in good)))('refuses %s and its case twins', (name) => {
    for (const foreign of [name, ...foldTwins(name)]) {
      for (const value of [['x'], 'x', null]) {
        const verdicts = [wrap({ ...good, [foreign]: value }), wrap({ [foreign]: value, ...good })].map(
          (body) => verdict(path, body),
        );
        expect([foreign, ...verdicts]).toEqual([foreign, 'BODY_AMBIGUOUS_MEMBER', 'BODY_AMBIGUOUS_MEMBER']);
      }
    }
  });

  test('property: no other capitals of a known name pass', () => {
    const flipped = fc
      .tuple(fc.constantFrom(...Object.keys(good)), fc.infiniteStream(fc.boolean()))
      .map(([name, flips]) => {
        const other = [...name]
          .map((letter) => (flips.next().value ? letter.toUpperCase() : letter))
          .join('');
        return [name, other] as const;
      });
    fc.assert(
      fc.property(flipped, ([name, other]) => {
        const expected = name === other ? 'ok' : 'BODY_AMBIGUOUS_MEMBER';
        expect(verdict(path, wrap({ ...good, [other]: good[name] }))).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });
});

test('a name that is escaped is the name', () => {
  const bytes = Buffer.from('{"query":"q","texts":["a"],"Text\\u0073":["b"]}');
  const result = reader.read(bytes);
  if (!result.ok) throw new Error(result.message);
  const { dialect, route } = router.match('POST', '/rerank')!;
  expect(dialect.readRequest(result.document, route)).toMatchObject({
    ok: false,
    code: 'BODY_AMBIGUOUS_MEMBER',
  });
});
