import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Setup, setUp } from '../support/setup.ts';
import { httpAnswer } from '../support/upstream.ts';
import { type Candidate, type Result, WIRES, type Wire } from '../support/wires/index.ts';
import { REGO, type Word } from './model.ts';

const CALLS = 30;

const candidate = fc.record({
  group: fc.constantFrom('a', 'b', 'c'),
  team: fc.constantFrom('own', 'other'),
  pinned: fc.boolean(),
});
const candidates = fc
  .array(candidate, { minLength: 1, maxLength: 7 })
  .map((all) => all.map((one, n): Candidate => ({ name: `n${n}`, ...one })));
/** Verbs of both phases; none that only refuses. */
const VERBS = ['teams', 'truncate', 'weak', 'floor', 'sink', 'cap', 'mix', 'boost', 'demote', 'top'] as const;

/** What a reranker may say of what it was sent: any of it, in any order; or what it must not say. */
const answers = fc.record({
  order: fc.infiniteStream(fc.nat()).map((stream) => [...stream.take(12)]),
  scores: fc.infiniteStream(fc.integer({ min: -5, max: 1000 })).map((stream) => [...stream.take(12)]),
  few: fc.option(fc.nat({ max: 6 }), { freq: 3 }),
  wrong: fc.option(fc.constantFrom('beyond', 'twice', 'many'), { freq: 4 }),
});
type Answers = typeof answers extends fc.Arbitrary<infer T> ? T : never;

/** Results for the candidates that were sent; each score is given once, so that it tells whose it is. */
function resultsOf(count: number, wire: Wire, { order, scores, few, wrong }: Answers): readonly Result[] {
  const all = Array.from({ length: count }, (_, index) => ({
    index,
    score: (scores[index]! * 100 + index) / 100_000,
  }));
  if (wire.given) return all;
  const chosen = all.toSorted((a, b) => order[a.index]! - order[b.index]! || a.index - b.index);
  const some = few === null ? chosen : chosen.slice(0, few);
  if (wrong === 'beyond') return [...some, { index: count, score: 0.5 }];
  if (wrong === 'twice') return [...some, ...chosen.slice(0, 1), ...chosen.slice(0, 1)];
  return wrong === 'many' ? [...chosen, ...chosen] : some;
}

interface Generated extends Answers {
  readonly candidates: readonly Candidate[];
  readonly words: readonly Word[];
  readonly topN: number | null;
}
const calls: fc.Arbitrary<Generated> = fc
  .tuple(
    answers,
    fc.record({
      candidates,
      words: fc.subarray([...VERBS], { maxLength: 4 }),
      topN: fc.option(fc.integer({ min: 1, max: 9 })),
    }),
  )
  .map(([answer, call]) => ({ ...answer, ...call }));

async function replay(setup: Setup, wire: Wire, call: Generated): Promise<void> {
  setup.fresh();
  const given = new Map<unknown, number | null>();
  setup.upstream.script = async (received) => {
    const body: unknown = JSON.parse(received.body.toString('utf8'));
    const sent = wire.sent(body);
    const results = resultsOf(sent.candidates.length, wire, call);
    for (const { index, score } of results) given.set(sent.candidates[index]?.['name'], score);
    await received.write(httpAnswer(200, JSON.stringify(wire.answer(body, results))));
  };
  const query = ['q', ...call.words].join(' ');
  const response = await setup.send({
    target: wire.path,
    token: null,
    headers: [wire.credential(setup.token)],
    body: wire.encode({ query, candidates: call.candidates, topN: call.topN }),
  });
  if (response.status !== 200) {
    const reason = response.json()['reason'];
    expect(reason).toBe(wire.given ? 'RANKING_FIXED' : 'UPSTREAM_SHAPE');
    if (!wire.given) expect(call.wrong).not.toBeNull();
    return;
  }
  const shown = wire.decode(response.json());
  expect(new Set(shown.map(({ index }) => index)).size).toBe(shown.length);
  for (const { index, score, echo } of shown) {
    // What a client does: it takes the element of its own array, unchecked.
    const own = call.candidates[index];
    expect(own).toBeDefined();
    expect(score).toBe(given.get(own!['name']));
    if (wire.echo) expect(echo).toEqual(own);
  }
  if (wire.topN) expect(shown.length).toBeLessThanOrEqual(call.topN ?? shown.length);
}

describe.each([...new Set(WIRES.map(({ dialect }) => dialect))])('%s', (dialect) => {
  const wires = WIRES.filter((wire) => wire.dialect === dialect);
  let setup: Setup;
  beforeAll(async () => {
    setup = await setUp({ dialects: [dialect], rego: REGO, order: 'score-then-mask' });
  }, 60_000);
  afterAll(() => setup.close());

  test.each(wires.map((wire) => [wire.title, wire] as const))(
    '%s: whatever the reranker answers and policies do, each score is on its document in the client’s own array',
    async (_, wire) => {
      await fc.assert(
        fc.asyncProperty(calls, (call) => replay(setup, wire, call)),
        { numRuns: CALLS, seed: 20_261_121 },
      );
    },
    60_000,
  );
});
