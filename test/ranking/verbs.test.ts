import { describe, expect, test } from '@jest/globals';
import { NO_OBLIGATIONS, type RankObligation } from '@rankguard/contract';
import fc from 'fast-check';
import { throughBothPhases } from '../candidates/calls.ts';
import { FORMATS, type Format } from '../candidates/formats.ts';

/** A candidate with its attributes, and the score that the reranker gives it. */
interface Candidate {
  readonly group: string | null;
  readonly score: number | null;
}

const candidates = fc.array(
  fc.record({
    group: fc.constantFrom('a', 'b', 'c', null),
    score: fc.option(
      fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000 + 0.0001),
      { freq: 12 },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

const policy = 'shop/p';
const verb: fc.Arbitrary<RankObligation> = fc.oneof(
  fc.record({
    verb: fc.constant('floor' as const),
    min_score: fc.double({ min: 0, max: 1, noNaN: true }),
    below: fc.constantFrom('remove' as const, 'last' as const),
    policy: fc.constant(policy),
  }),
  fc.record({
    verb: fc.constant('cap' as const),
    by: fc.constant('fields.group'),
    value: fc.constantFrom('a', null),
    max: fc.integer({ min: 0, max: 3 }),
    over: fc.constantFrom('remove' as const, 'last' as const),
    policy: fc.constant(policy),
  }),
  fc.record({
    verb: fc.constant('diversify' as const),
    by: fc.constant('fields.group'),
    top: fc.integer({ min: 1, max: 8 }),
    max: fc.integer({ min: 1, max: 3 }),
    policy: fc.constant(policy),
  }),
  fc.record({
    verb: fc.constant('limit' as const),
    results: fc.integer({ min: 0, max: 6 }),
    policy: fc.constant(policy),
  }),
);

/** The document as the caller sends it: JSON inside a string, or an object where the API takes one. */
const documentOf = ({ group }: Candidate, place: number) =>
  JSON.stringify(JSON.stringify({ place, ...(group === null ? {} : { group }) }));

/** What the reranker answers: best first, candidates without a score last. */
function bestFirst(list: readonly Candidate[]): number[] {
  return [...list.keys()].toSorted((a, b) => (list[b]!.score ?? -1) - (list[a]!.score ?? -1) || a - b);
}

function answered(format: Format, lists: readonly (readonly Candidate[])[], rank: readonly RankObligation[]) {
  const body = format.body(
    lists.map((list) => list.map(documentOf)),
    null,
  );
  const answer = format.answer(
    lists.map((list) =>
      bestFirst(list).map((place) =>
        format.result(String(place), String(list[place]!.score), documentOf(list[place]!, place)),
      ),
    ),
  );
  const said = { request: NO_OBLIGATIONS, response: { ...NO_OBLIGATIONS, rank } };
  return { answer, ...throughBothPhases(format.path, body, said, answer) };
}

/** Scores in the order in which they stand, whatever the format calls them. */
function scoresIn(value: unknown): (number | null)[] {
  if (typeof value !== 'object' || value === null) return [];
  const object = value as Readonly<Record<string, unknown>>;
  if ('index' in object) return [(object['score'] ?? object['relevance_score'] ?? null) as number | null];
  return Object.values(object).flatMap(scoresIn);
}

/** Index, echo and score of each result, by the JSON reader of the platform. */
function resultsOf(format: Format, text: string) {
  const scores = scoresIn(JSON.parse(text));
  let at = 0;
  return format.results(text).map((part) => part.map((result) => ({ ...result, score: scores[at++] })));
}

describe.each(FORMATS)('$path', (format) => {
  test('property: whatever the verbs do, each result is about the document that it names', () => {
    const lists = fc.array(candidates, { minLength: 1, maxLength: format.batch ? 2 : 1 });
    fc.assert(
      fc.property(lists, fc.array(verb, { maxLength: 4 }), (all, verbs) => {
        const results = resultsOf(format, answered(format, all, verbs).answered);
        expect(results).toHaveLength(all.length);
        for (const [at, part] of results.entries()) {
          const list = all[at]!;
          expect(new Set(part.map(({ index }) => index)).size).toBe(part.length);
          for (const { index, echo, score } of part) {
            expect(echo).toBe(JSON.parse(documentOf(list[index]!, index)));
            expect(score).toBe(list[index]!.score);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('what each verb promises', () => {
  const format = FORMATS[0]!;
  const run = (list: readonly Candidate[], verbs: readonly RankObligation[]) =>
    resultsOf(format, answered(format, [list], verbs).answered)[0]!.map(({ index }) => index);
  const groups = (list: readonly Candidate[], order: readonly number[]) =>
    order.map((index) => list[index]!.group);
  const scored = (...pairs: [string | null, number | null][]) =>
    pairs.map(([group, score]) => ({ group, score }));

  test('floor removes what scores lower and what has no score, or moves it behind', () => {
    const list = scored(['a', 0.9], ['a', null], ['b', 0.1], ['b', 0.5]);
    const floor = (below: 'remove' | 'last') => ({ verb: 'floor', min_score: 0.5, below, policy }) as const;
    expect(run(list, [floor('remove')])).toEqual([0, 3]);
    expect(run(list, [floor('last')])).toEqual([0, 3, 2, 1]);
  });

  test('the highest floor holds', () => {
    const list = scored(['a', 0.9], ['a', 0.6], ['b', 0.3]);
    const floor = (min_score: number) => ({ verb: 'floor', min_score, below: 'remove', policy }) as const;
    expect(run(list, [floor(0.2), floor(0.7), floor(0.5)])).toEqual([0]);
  });

  test('cap keeps the best of a group, of each or of one; those without the attribute are one group', () => {
    const list = scored(['a', 0.9], ['a', 0.8], [null, 0.7], [null, 0.6], ['b', 0.5]);
    const cap = (value: string | null) =>
      ({ verb: 'cap', by: 'fields.group', value, max: 1, over: 'remove', policy }) as const;
    expect(run(list, [cap(null)])).toEqual([0, 2, 4]);
    expect(run(list, [cap('a')])).toEqual([0, 2, 3, 4]);
    expect(run(list, [{ ...cap('a'), over: 'last' }])).toEqual([0, 2, 3, 4, 1]);
  });

  test('property: no group has more than its share of the top while others are left', () => {
    fc.assert(
      fc.property(
        candidates,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        (list, top, max) => {
          const order = run(list, [{ verb: 'diversify', by: 'fields.group', top, max, policy }]);
          expect(order.toSorted((a, b) => a - b)).toEqual([...list.keys()]);
          const seen = groups(list, order);
          for (let place = 0; place < Math.min(top, seen.length); place++) {
            const count = (group: string | null) =>
              seen.slice(0, place).filter((one) => one === group).length;
            if (count(seen[place]!) < max) continue;
            // A group over its share may only stand here when every other one that is left is at its share too.
            for (const other of new Set(seen.slice(place))) expect(count(other)).toBeGreaterThanOrEqual(max);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('reorder moves to the front, to the end, and by places', () => {
    const list = scored(['a', 0.9], ['a', 0.8], ['b', 0.7], ['b', 0.6]);
    const move = (index: number, where: 'boost' | 'demote', places: number | null = null) =>
      ({ verb: 'reorder', index, move: where, places, policy }) as const;
    expect(run(list, [move(3, 'boost')])).toEqual([3, 0, 1, 2]);
    expect(run(list, [move(0, 'demote')])).toEqual([1, 2, 3, 0]);
    expect(run(list, [move(3, 'boost', 1), move(0, 'demote', 1)])).toEqual([1, 0, 3, 2]);
    expect(run(list, [move(2, 'boost', 99)])).toEqual([2, 0, 1, 3]);
  });

  test('contradictory reorders are a fault of the policy', () => {
    const list = scored(['a', 0.9], ['b', 0.8]);
    const move = (where: 'boost' | 'demote') =>
      ({ verb: 'reorder', index: 1, move: where, places: null, policy }) as const;
    expect(() => run(list, [move('boost'), move('demote')])).toThrow('contradictory reorders of candidate 1');
  });

  test('verbs run in their order, whatever the order in which they were said', () => {
    const list = scored(['a', 0.9], ['a', 0.8], ['a', 0.7], ['b', 0.6], ['b', 0.1]);
    const verbs = [
      { verb: 'limit', results: 3, policy },
      { verb: 'reorder', index: 3, move: 'boost', places: null, policy },
      { verb: 'cap', by: 'fields.group', value: null, max: 2, over: 'remove', policy },
      { verb: 'floor', min_score: 0.2, below: 'remove', policy },
    ] as const;
    expect(run(list, verbs)).toEqual([3, 0, 1]);
    expect(run(list, verbs.toReversed())).toEqual([3, 0, 1]);
  });

  test('an answer that no verb changes keeps its bytes', () => {
    const list = scored(['a', 0.9], ['b', 0.8]);
    const same = answered(format, [list], [{ verb: 'floor', min_score: 0.1, below: 'remove', policy }]);
    expect(same.answered).toBe(same.answer);
  });
});
