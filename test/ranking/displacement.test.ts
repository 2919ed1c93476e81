import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { displacementOf, rankingOf } from '../../sidecar/src/displacement/index.ts';
import { PERSONAL } from '../support/personal.ts';
import { type Setup, withSetup } from '../support/setup.ts';
import { httpAnswer, type UpstreamCall } from '../support/upstream.ts';
import { waitFor } from '../support/wait.ts';

const BODY = { query: `who is ${PERSONAL.EMAIL_ADDRESS}`, texts: ['a', 'b', 'c'] };
const ASKED = { target: '/rerank', body: JSON.stringify(BODY) };

/** Ranks the other way round when the query is masked. */
async function answer(call: UpstreamCall): Promise<void> {
  const masked = !call.body.toString().includes('@');
  const scores = masked ? [0.1, 0.5, 0.9] : [0.9, 0.5, 0.1];
  const results = scores.map((score, index) => ({ index, score }));
  await call.write(httpAnswer(200, JSON.stringify(results.toSorted((a, b) => b.score - a.score))));
}

const withPercent = (displacementPercent: number, use: (setup: Setup) => Promise<void>) =>
  withSetup(
    {
      order: 'score-then-mask',
      spec: { masking: { profile: 'pii', order: 'score-then-mask', displacementPercent } },
    },
    use,
  );

const SAMPLES = (result: string) =>
  `rankguard_rank_samples_total{connection="e2e/search",result="${result}"}`;
const samples = ({ guard }: Setup, result: string) => guard.metric(SAMPLES(result));

test('a chosen call is scored again, masked, and how far the order moved is counted', async () => {
  await withPercent(100, async (setup) => {
    setup.upstream.script = answer;
    const response = await setup.send(ASKED);
    expect(JSON.parse(response.body.toString())[0]).toMatchObject({ index: 0, score: 0.9 });
    await waitFor(async () => (await samples(setup, 'measured')) === 1, 'the second scoring');
    const [first, second] = setup.upstream.calls;
    expect(first!.body.toString()).toBe(ASKED.body);
    expect(second!.body.toString()).toBe(ASKED.body.replace(PERSONAL.EMAIL_ADDRESS, '<EMAIL_ADDRESS>'));
    expect(second!.headers.get('authorization')).toBe(first!.headers.get('authorization'));
    const sum = (name: string) => setup.guard.metric(`${name}_sum{connection="e2e/search"}`);
    // c b a instead of a b c: two results by two places each.
    expect(await sum('rankguard_rank_displacement_positions')).toBeCloseTo(4 / 3);
    expect(await sum('rankguard_rank_kendall_tau')).toBe(-1);
  });
}, 30_000);

test('a call in which nothing is masked is not sent again, and moves nothing', async () => {
  await withPercent(100, async (setup) => {
    setup.upstream.script = answer;
    await setup.send({ target: '/rerank', body: JSON.stringify({ ...BODY, query: 'q' }) });
    expect(await samples(setup, 'unchanged')).toBe(1);
    expect(setup.upstream.calls).toHaveLength(1);
  });
}, 30_000);

test('a second scoring that fails fails nothing else', async () => {
  await withPercent(100, async (setup) => {
    setup.upstream.script = (call) => (call.body.toString().includes('@') ? answer(call) : call.reset());
    expect((await setup.send(ASKED)).status).toBe(200);
    await waitFor(async () => (await samples(setup, 'failed')) === 1, 'the second scoring to fail');
    expect((await setup.send(ASKED)).status).toBe(200);
  });
}, 30_000);

test('a call that is refused, and one that nobody chose, are sent no second time', async () => {
  await withPercent(100, async (setup) => {
    const forbidden = { ...BODY, query: `forbidden ${PERSONAL.EMAIL_ADDRESS}` };
    expect((await setup.send({ target: '/rerank', body: JSON.stringify(forbidden) })).status).toBe(403);
    expect(setup.upstream.bytes).toBe(0);
  });
  await withPercent(0, async (setup) => {
    setup.upstream.script = answer;
    await setup.send(ASKED);
    await setup.send(ASKED);
    expect(setup.upstream.calls.map(({ body }) => body.toString())).toEqual([ASKED.body, ASKED.body]);
  });
}, 30_000);

const ranking = (size: number) =>
  fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size });

test('rankings compare by what both have', () => {
  expect(displacementOf([0, 1, 2], [0, 1, 2])).toEqual({ positions: 0, tau: 1 });
  expect(displacementOf([0, 1, 2, 3], [3, 2, 1, 0])).toEqual({ positions: 2, tau: -1 });
  expect(displacementOf([0, 9, 1], [1, 7, 0])).toEqual({ positions: 1, tau: -1 });
  expect(displacementOf([0], [0])).toBeNull();
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }).chain((size) => fc.tuple(ranking(size), ranking(size))),
      ([one, other]) => {
        const there = displacementOf(one, other)!;
        const back = displacementOf(other, one)!;
        expect(there.positions).toBeCloseTo(back.positions);
        expect(there.tau).toBeCloseTo(back.tau);
        expect(Math.abs(there.tau)).toBeLessThanOrEqual(1);
        expect(there.positions).toBeLessThanOrEqual(one.length / 2);
      },
    ),
  );
});

test('a ranking is by score, and as it stands where one has none', () => {
  expect(
    rankingOf([
      { index: 0, score: 0.1 },
      { index: 1, score: 0.9 },
    ]),
  ).toEqual([1, 0]);
  expect(
    rankingOf([
      { index: 0, score: null },
      { index: 1, score: 0.9 },
    ]),
  ).toEqual([0, 1]);
});
