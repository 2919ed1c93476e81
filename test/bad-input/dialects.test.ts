import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ReasonCode } from '@rankguard/contract';
import { expectRefusal } from '../support/expectations.ts';
import { leaksIn } from '../support/personal.ts';
import { type Setup, setUp } from '../support/setup.ts';
import { httpAnswer } from '../support/upstream.ts';
import { type Result, WIRES, type Wire } from '../support/wires/index.ts';
import { serveWire } from '../support/wires/serve.ts';
import { ambiguousBodies, BROKEN, CANDIDATES, goodBody, MISPLACED, wrongBodies } from './dialects.ts';
import { OWN } from './dialects-own.ts';

/** One way of each API; TEI and Cohere have suites of their own. */
const OTHERS = WIRES.filter(
  ({ dialect, path }, at) =>
    !['tei', 'cohere-v1', 'cohere-v2'].includes(dialect) &&
    WIRES.findIndex((wire) => wire.dialect === dialect && wire.path === path) === at,
);

describe.each([...new Set(OTHERS.map(({ dialect }) => dialect))])('%s', (dialect) => {
  let setup: Setup;
  beforeAll(async () => {
    // The upstream must have something to leak: it gets the documents as they are.
    setup = await setUp({ dialects: [dialect], limits: { documents: 10 }, order: 'score-then-mask' });
  }, 60_000);
  beforeEach(() => setup.fresh());
  afterAll(() => setup.close());

  const send = (wire: Wire, body: unknown) =>
    setup.send({ target: wire.path, token: null, headers: [wire.credential(setup.token)], body });

  async function expectNeverSent(wire: Wire, body: unknown, reason: ReasonCode): Promise<void> {
    await expectRefusal(setup, await send(wire, body), reason, wire);
    // A good call, and it is all that ever reached the upstream.
    setup.upstream.script = serveWire(wire, () => 0.25);
    expect((await send(wire, goodBody(wire))).status).toBe(200);
    expect(setup.upstream.calls).toHaveLength(1);
    expect(setup.upstream.bytes).toBe(setup.upstream.calls[0]?.bytes.length);
  }

  const rows = <T>(of: (wire: Wire) => readonly (readonly [string, T])[]) =>
    OTHERS.filter((wire) => wire.dialect === dialect).flatMap((wire) =>
      of(wire).map(([title, value]) => [wire.title, title, wire, value] as const),
    );

  type Refused = readonly (readonly [string, readonly [unknown, ReasonCode]])[];
  const refused = (wire: Wire): Refused => [
    ...wrongBodies(wire).map(([title, body]) => [title, [body, 'BODY_SHAPE']] as const),
    ...ambiguousBodies(wire).map(([title, body]) => [title, [body, 'BODY_AMBIGUOUS_MEMBER']] as const),
    ...OWN.filter(([whose]) => whose === wire.title).map(([, title, ...rest]) => [title, rest] as const),
  ];
  test.each(rows(refused))('%s: a body with %s', async (_path, _title, wire, [body, reason]) => {
    await expectNeverSent(wire, body, reason);
  });

  test.each(rows((wire) => [['more documents than the limit', wire]]))(
    '%s: %s',
    async (_path, _title, wire) => {
      const many = Array.from({ length: 11 }, (_, n) => ({ ...CANDIDATES[0]!, name: `n${n}` }));
      await expectNeverSent(wire, goodBody(wire, many), 'TOO_MANY_DOCUMENTS');
    },
  );

  /** The caller gets a problem in its API's own words, and nothing of what the reranker said. */
  async function expectNothingBack(
    wire: Wire,
    answer: (body: unknown) => string,
    reason: ReasonCode,
  ): Promise<void> {
    setup.upstream.script = (call) =>
      call.write(httpAnswer(200, answer(JSON.parse(call.body.toString('utf8')))));
    const response = await send(wire, goodBody(wire));
    await expectRefusal(setup, response, reason, wire);
    expect(leaksIn(response.bytes)).toEqual([]);
    for (const { name } of CANDIDATES) expect(response.body.toString()).not.toContain(`"${name}"`);
    // A POST that may have arrived is not sent twice.
    expect(setup.upstream.calls).toHaveLength(1);
  }
  const scored = (index: unknown): Result => ({ index: index as number, score: 0.25 });

  test.each(rows(() => BROKEN.map(([title, ...rest]) => [title, rest] as const)))(
    '%s: an upstream that answers %s',
    async (_path, _title, wire, [reason, change]) => {
      const good = (body: unknown) => JSON.stringify(wire.answer(body, [0, 1, 2].map(scored)));
      await expectNothingBack(wire, (body) => change(good(body)), reason);
    },
  );

  const counted = [
    ['fewer scores than texts', [0, 1]],
    ['more scores than texts', [0, 1, 2, 3]],
    ['no scores', []],
  ] as const;
  test.each(rows((wire): typeof MISPLACED => (wire.given ? counted : MISPLACED)))(
    '%s: an upstream that answers %s',
    async (_path, _title, wire, indices) => {
      const answer = (body: unknown) => JSON.stringify(wire.answer(body, indices.map(scored)));
      await expectNothingBack(wire, answer, 'UPSTREAM_SHAPE');
    },
  );
});
