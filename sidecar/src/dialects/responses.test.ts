import { describe, expect, test } from '@jest/globals';
import { createJsonReader } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createRouter } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });
const router = createRouter(['tei', 'cohere-v1', 'cohere-v2']);

/** Per ranking: index, score and the echoed document's text of each result; or why not. */
function understood(path: string, body: unknown, sent: readonly number[]) {
  const result = reader.read(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  if (!result.ok) throw new Error(result.message);
  const { document } = result;
  const { dialect, route } = router.match('POST', path)!;
  const reading = dialect.readResponse(
    document,
    route,
    sent.map((count) => ({ count })),
  );
  if (!reading.ok) return `${reading.code}: ${reading.message}`;
  return reading.parts.map(({ results }) =>
    results.map(({ index, indexToken, score, documentToken }) => {
      expect(document.number(indexToken)).toBe(index);
      return [index, score, documentToken === -1 ? null : document.raw(documentToken)];
    }),
  );
}

interface Format {
  readonly path: string;
  readonly score: string;
  readonly document: string;
  readonly wrap: (results: readonly unknown[]) => unknown;
  readonly nothing: readonly unknown[];
}

const FORMATS: readonly Format[] = [
  {
    path: '/rerank',
    score: 'score',
    document: 'text',
    wrap: (results) => results,
    nothing: [{}, { results: [] }, 'null', '"x"', 1],
  },
  {
    path: '/vertex',
    score: 'score',
    document: 'text',
    wrap: (results) => ({ predictions: [results] }),
    nothing: [[], {}, { predictions: {} }, { predictions: null }, { predictions: [{}] }],
  },
  ...['/v1/rerank', '/v2/rerank'].map((path) => ({
    path,
    score: 'relevance_score',
    document: 'document',
    wrap: (results: readonly unknown[]) => ({ id: 'x', results, meta: {} }),
    nothing: [[], {}, { results: {} }, { results: null }, { Results: [] }],
  })),
];

describe.each(FORMATS)('an answer of $path', ({ path, score, document, wrap, nothing }) => {
  test('is read in the order in which it comes', () => {
    const results = [
      { index: 2, [score]: 0.5 },
      { [score]: 9, [document]: 'echo', index: 0 },
    ];
    expect(understood(path, wrap(results), [3])).toEqual([
      [
        [2, 0.5, null],
        [0, 9, '"echo"'],
      ],
    ]);
  });

  test('may be empty, and may name fewer than were sent', () => {
    expect(understood(path, wrap([]), [3])).toEqual([[]]);
    expect(understood(path, wrap([{ index: 1, [score]: 0 }]), [3])).toEqual([[[1, 0, null]]]);
  });

  test('may have a null score, which is how a NaN arrives', () => {
    expect(understood(path, wrap([{ index: 0, [score]: null }]), [1])).toEqual([[[0, null, null]]]);
  });

  test('may have members that nobody knows', () => {
    expect(understood(path, wrap([{ index: 0, [score]: 1, rank: 1 }]), [1])).toEqual([[[0, 1, null]]]);
  });

  const repeated = 'a result names a document that was not sent, or the same one twice';
  test.each([
    ['a result that is no object', ['a'], 'a result is not an object'],
    ['a result without index', [{ [score]: 1 }], 'a result has no index'],
    ['an index as text', [{ index: '0', [score]: 1 }], 'a result has no index'],
    ['an index below 0', [{ index: -1, [score]: 1 }], 'a result has no index'],
    ['half an index', [{ index: 0.5, [score]: 1 }], 'a result has no index'],
    ['a null index', [{ index: null, [score]: 1 }], 'a result has no index'],
    ['an index of what was not sent', [{ index: 2, [score]: 1 }], repeated],
    [
      'the same index twice',
      [
        { index: 1, [score]: 1 },
        { index: 1, [score]: 2 },
      ],
      repeated,
    ],
    ['a result without score', [{ index: 0 }], `a result has no ${score}`],
    ['a score as text', [{ index: 0, [score]: '1' }], 'a score is not a number'],
  ])('is refused with %s', (_, results, message) => {
    expect(understood(path, wrap(results), [2])).toBe(`UPSTREAM_SHAPE: ${message}`);
  });

  test.each(nothing.map((body) => [JSON.stringify(body), body]))('is refused when it is %s', (_, body) => {
    expect(understood(path, body, [2])).toMatch(/^UPSTREAM_SHAPE: /);
  });

  test('is refused with an index that is written in another way', () => {
    for (const spelling of ['1e0', '1.0', '0e0', '-0', '10000000000']) {
      const body = JSON.stringify(wrap([{ index: 'HERE', [score]: 1 }])).replace('"HERE"', spelling);
      expect([spelling, understood(path, body, [2])]).toEqual([
        spelling,
        expect.stringMatching(/^UPSTREAM_SHAPE/),
      ]);
    }
  });
});

describe('a batch', () => {
  test('has each ranking judged by what it was sent', () => {
    const body = {
      predictions: [
        [{ index: 0, score: 1 }],
        [
          { index: 1, score: 2 },
          { index: 0, score: 1 },
        ],
      ],
    };
    expect(understood('/vertex', body, [1, 2])).toEqual([
      [[0, 1, null]],
      [
        [1, 2, null],
        [0, 1, null],
      ],
    ]);
    expect(understood('/vertex', body, [2, 1])).toMatch(/^UPSTREAM_SHAPE: a result names a document/);
  });

  test.each([
    ['fewer', [[]]],
    ['more', [[], [], []]],
  ])('with %s rankings than asked for is refused', (_, predictions) => {
    expect(understood('/vertex', { predictions }, [1, 1])).toBe(
      'UPSTREAM_SHAPE: another number of rankings than asked for',
    );
  });
});
