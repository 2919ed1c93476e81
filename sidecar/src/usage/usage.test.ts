import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CountedCall, createUsageWindows, type UsageKey } from './index.ts';

const START = 1_700_000_000_000;
const ada: UsageKey = { connection: 'shop/search', kind: 'user', issuer: 'https://idp', subject: 'ada' };
const NAMES = { dataset: null, model: null };
const call = (over: Partial<CountedCall> = {}): CountedCall => ({
  dataset: null,
  model: null,
  documents: 10,
  rows: 3,
  cost: 1,
  denied: false,
  shown: [],
  ...over,
});

function world(options: { identities?: number; shared?: boolean } = {}) {
  let ms = START;
  const usage = createUsageWindows({ now: () => ms, ...options });
  return { usage, pass: (by: number) => (ms += by) };
}

describe('windows', () => {
  test('count per identity and connection, the call at hand left out', () => {
    const { usage } = world();
    expect(usage.read(ada, NAMES).hour.calls).toBe(0);
    usage.add(ada, call());
    usage.add(ada, call({ documents: 5 }));
    usage.add({ ...ada, subject: 'ben' }, call());
    usage.add({ ...ada, connection: 'shop/other' }, call());
    expect(usage.read(ada, NAMES).minute).toEqual({ calls: 2, documents: 15, rows: 6, cost: 2, denied: 0 });
  });

  test('a denied call counts as a call and a denial, and for nothing else', () => {
    const { usage } = world();
    usage.add(ada, call({ denied: true, dataset: 'medical' }));
    const read = usage.read(ada, { dataset: 'medical', model: null });
    expect(read.day).toEqual({ calls: 1, documents: 0, rows: 0, cost: 0, denied: 1 });
    expect(read.novel.dataset).toBe(true);
  });

  test('subjects and issuers that run together are told apart', () => {
    const { usage } = world();
    usage.add({ ...ada, issuer: 'a', subject: 'b"c' }, call());
    expect(usage.read({ ...ada, issuer: 'a"b', subject: 'c' }, NAMES).hour.calls).toBe(0);
  });

  test('agree with a slow count, give or take the oldest twelfth', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (gaps) => {
        const { usage, pass } = world();
        let at = START;
        const times: number[] = [];
        for (const gap of gaps) {
          pass(gap);
          at += gap;
          times.push(at);
          usage.add(ada, call());
        }
        const { calls } = usage.read(ada, NAMES).minute;
        const within = (ms: number) => times.filter((time) => time > at - ms).length;
        expect(calls).toBeGreaterThanOrEqual(within(55_000));
        expect(calls).toBeLessThanOrEqual(within(60_000));
      }),
    );
  });

  test('empty with time', () => {
    const { usage, pass } = world();
    usage.add(ada, call());
    pass(61_000);
    expect(usage.read(ada, NAMES).minute.calls).toBe(0);
    expect(usage.read(ada, NAMES).hour.calls).toBe(1);
    pass(86_400_000);
    expect(usage.read(ada, NAMES).day.calls).toBe(0);
  });
});

describe('novelty', () => {
  test('an identity, its data sets and models are new once', () => {
    const { usage } = world();
    const asked = { dataset: 'tickets', model: 'm' };
    expect(usage.read(ada, asked).novel).toEqual({ identity: true, dataset: true, model: true });
    usage.add(ada, call(asked));
    expect(usage.read(ada, asked).novel).toEqual({ identity: false, dataset: false, model: false });
    expect(usage.read(ada, { dataset: 'medical', model: 'm' }).novel).toEqual({
      identity: false,
      dataset: true,
      model: false,
    });
    expect(usage.read(ada, NAMES).novel.dataset).toBe(false);
  });
});

describe('bounds', () => {
  test('whoever was not seen for longest is forgotten, and `since` says so', () => {
    const { usage, pass } = world({ identities: 2 });
    usage.add(ada, call());
    pass(10_000);
    usage.add({ ...ada, subject: 'ben' }, call());
    expect(usage.read(ada, NAMES).since).toBe(START / 1000);
    usage.add({ ...ada, subject: 'cleo' }, call());
    usage.add({ ...ada, subject: 'dan' }, call());
    expect(usage.read(ada, NAMES)).toMatchObject({ since: START / 1000 + 10, hour: { calls: 0 } });
  });

  test('exposure keeps 16 fields of 256 values', () => {
    const { usage } = world();
    const shown = Array.from({ length: 300 }, (_, rank) => ({
      rank,
      fields: { publisher: `p${rank}`, [`field${rank}`]: 'x', long: 'x'.repeat(200), n: 1 },
    }));
    usage.add(ada, call({ shown }));
    const { exposure } = usage.read(ada, NAMES);
    expect(Object.keys(exposure)).toHaveLength(16);
    expect(Object.keys(exposure['publisher'] as object)).toHaveLength(256);
    expect(exposure).not.toHaveProperty('long');
    expect(exposure).not.toHaveProperty('n');
  });
});

test('exposure weighs a result by its place, over all identities', () => {
  const { usage, pass } = world();
  const shown = ['a', 'b', 'a'].map((publisher, rank) => ({ rank, fields: { publisher } }));
  usage.add(ada, call({ shown }));
  const read = () =>
    usage.read({ ...ada, subject: 'ben' }, NAMES).exposure['publisher'] as Record<string, number>;
  expect(read()['a']).toBeCloseTo(1 + 1 / Math.log2(4));
  expect(read()['b']).toBeCloseTo(1 / Math.log2(3));
  pass(2 * 86_400_000);
  expect(read()).toEqual({});
});

describe('sharing', () => {
  test('replicas that tell each other count alike, each its own calls once', () => {
    const { usage: one } = world({ shared: true });
    const { usage: other, pass } = world({ shared: true });
    expect(one.read(ada, NAMES).lag).toBeNull();
    one.add(ada, call());
    one.add(ada, call({ denied: true }));
    other.add(ada, call());
    other.addShares(one.takeShares());
    expect(one.takeShares()).toEqual([]);
    expect(other.read(ada, NAMES).hour).toEqual({ calls: 3, documents: 20, rows: 6, cost: 2, denied: 1 });
    pass(5_000);
    expect(other.read(ada, NAMES).lag).toBe(5);
    // What came from the other one is not told back.
    expect(other.takeShares()).toHaveLength(1);
    expect(other.takeShares()).toEqual([]);
  });

  test('nothing is kept for replicas that there are not', () => {
    const { usage } = world();
    usage.add(ada, call());
    expect(usage.takeShares()).toEqual([]);
  });
});
