import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DIALECT_NAMES } from '@rankguard/contract';
import fc from 'fast-check';
import type { RawResponse } from '../support/client.ts';
import { type Setup, setUp } from '../support/setup.ts';
import { type Call, type Candidate, WIRES, type Wire } from '../support/wires/index.ts';
import { serveWire } from '../support/wires/serve.ts';
import { predict, REGO, WORDS, type Word } from './model.ts';

const CALLS = 30;

const candidate = fc.record({
  group: fc.constantFrom('a', 'b', 'c'),
  team: fc.constantFrom('own', 'other'),
  pinned: fc.boolean(),
  weight: fc.integer({ min: 1, max: 999 }).map((n) => n / 1000),
});
/** Each is one of a kind, so that nothing can stand in the place of another unnoticed. */
const candidates = fc
  .array(candidate, { minLength: 1, maxLength: 8 })
  .map((all) =>
    all.map((one, n): Candidate => ({ name: `n${n}`, code: `code-${n}`, note: `note-${n}`, ...one })),
  );
/** Refusals are words among others: most calls must come through, or nothing would be ranked. */
const words = fc.subarray([...WORDS], { maxLength: 5 }).map((chosen) => chosen.slice(0, 4));
const calls = fc.record({
  candidates,
  words,
  topN: fc.option(fc.integer({ min: 1, max: 9 })),
});
type Generated = typeof calls extends fc.Arbitrary<infer T> ? T : never;

let seen: Call[] = [];
async function send(setup: Setup, wire: Wire, { candidates, words, topN }: Generated): Promise<RawResponse> {
  setup.fresh();
  seen = [];
  setup.upstream.script = serveWire(
    wire,
    ({ weight }) => Number(weight),
    (call) => seen.push(call),
  );
  const body = wire.encode({ query: ['q', ...words].join(' '), candidates, topN });
  return setup.send({ target: wire.path, token: null, headers: [wire.credential(setup.token)], body });
}

const MASKED = '<REDACTED>';
/** What a policy's masks make of a document. */
function masked(one: Candidate, words: readonly Word[]): Candidate {
  return {
    ...one,
    ...(words.includes('hide') && { code: MASKED }),
    ...(words.includes('reveal') && one['pinned'] === true && { note: MASKED }),
  };
}

const placeOf = ({ name }: Candidate) => Number(String(name).slice(1));
type Order = 'mask-then-score' | 'score-then-mask';

/** What came of a call in one API, told without any of the API's own words. */
function outcomeOf(wire: Wire, order: Order, call: Generated, response: RawResponse) {
  if (response.status !== 200) {
    const body = response.json();
    expect(wire.explanation(body)).toContain(body['detail']);
    return { refused: body['reason'], code: body['code'] };
  }
  const whole = (index: number) => call.candidates[index]!;
  const sent = seen[0]?.candidates ?? [];
  for (const one of sent) {
    const own = whole(placeOf(one));
    expect(one).toEqual(order === 'mask-then-score' ? masked(own, call.words) : own);
  }
  const shown = wire.decode(response.json());
  for (const { index, echo } of shown) {
    if (wire.echo) expect(echo).toEqual(masked(whole(index), call.words));
  }
  return { sent: sent.map(placeOf), shown: shown.map(({ index, score }) => ({ index, score })) };
}

test('every dialect is among the wires', () => {
  const spoken = new Set(WIRES.map(({ dialect }) => dialect));
  expect([...spoken].sort()).toEqual(DIALECT_NAMES.filter((name) => name !== 'auto').sort());
});

test('what APIs cannot do is known', () => {
  const titles = (ability: 'topN' | 'echo') =>
    WIRES.filter((wire) => !wire[ability] && !wire.given).map(({ title }) => title);
  expect(titles('topN')).toEqual([
    'tei /rerank',
    'tei /',
    'tei /invocations',
    'nim /v1/ranking',
    'sagemaker /invocations texts',
  ]);
  expect(titles('echo')).toEqual(['cohere-v2 /v2/rerank', 'llama-cpp /v1/rerank', 'nim /v1/ranking']);
  expect(WIRES.filter(({ given }) => given).map(({ title }) => title)).toEqual([
    'vllm /score text_1',
    'vllm /v1/score queries',
    'kserve /v2/models/m/infer',
  ]);
});

const DIALECTS = [...new Set(WIRES.map(({ dialect }) => dialect))];
const CONNECTIONS = [...DIALECTS, 'auto' as const].flatMap((dialect) =>
  (['mask-then-score', 'score-then-mask'] as const).map((order) => [dialect, order] as const),
);

describe.each(CONNECTIONS)('%s, %s', (dialect, order) => {
  const wires = WIRES.filter((wire) => dialect === 'auto' || wire.dialect === dialect);
  let setup: Setup;
  beforeAll(async () => {
    setup = await setUp({ dialects: [dialect], rego: REGO, order });
  }, 60_000);
  afterAll(() => setup.close());

  test.each(wires.map((wire) => [wire.title, wire] as const))(
    '%s: the same verdict, permutation and masks as in every other API',
    async (_, wire) => {
      // One seed for all: every API gets the same calls.
      const property = fc.asyncProperty(calls, async (call) => {
        const outcome = outcomeOf(wire, order, call, await send(setup, wire, call));
        expect(outcome).toEqual(predict(call.candidates, call.words, call.topN, wire));
      });
      await fc.assert(property, { numRuns: dialect === 'auto' ? CALLS / 3 : CALLS, seed: 20_261_121 });
    },
    60_000,
  );
});
