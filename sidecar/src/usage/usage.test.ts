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
  answered: true,
  shown: [],
  ...over,
});

const REFUSED = { documents: 0, rows: 0, cost: 0, denied: true, answered: false } as const;

function world(options: { identities?: number } = {}) {
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

  test('a denied call counts as a call and a denial, and makes nothing known', () => {
    const { usage } = world();
    usage.add(ada, call({ ...REFUSED, dataset: 'medical' }));
    const read = usage.read(ada, { dataset: 'medical', model: null });
    expect(read.day).toEqual({ calls: 1, documents: 0, rows: 0, cost: 0, denied: 1 });
    expect(read.novel).toMatchObject({ identity: true, dataset: true });
  });

  test('subjects and issuers that run together are told apart', () => {
    const { usage } = world();
    usage.add({ ...ada, issuer: 'a', subject: 'b"c' }, call());
    expect(usage.read({ ...ada, issuer: 'a"b', subject: 'c' }, NAMES).hour.calls).toBe(0);
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

/** A call at its time, and a slow count of all that is said about it. */
interface Counted {
  readonly at: number;
  readonly call: CountedCall;
}
const WINDOWS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const NAMED = ['tickets', 'medical'] as const;
const gaps = fc.oneof(
  fc.integer({ min: 0, max: 12_000 }),
  fc.constantFrom(4_999, 5_000, 5_001, 59_999, 60_000, 300_000, 3_600_000, 7_200_000, 86_400_000),
);
const anyCall = fc.record({
  dataset: fc.constantFrom(...NAMED, null),
  model: fc.constant(null),
  documents: fc.integer({ min: 0, max: 1000 }),
  rows: fc.integer({ min: 0, max: 100 }),
  cost: fc.integer({ min: 0, max: 10 }),
  outcome: fc.constantFrom('answered', 'denied', 'failed'),
});
const steps = fc.array(
  fc.record({ gap: gaps, call: fc.option(anyCall, { freq: 10 }), restart: fc.boolean() }),
  { maxLength: 40 },
);

describe('a slow count of the same calls', () => {
  test('agrees in every window, across its borders and restarts', () => {
    fc.assert(
      fc.property(steps, (done) => {
        let at = START;
        const make = () => createUsageWindows({ now: () => at });
        let usage = make();
        let since = at;
        let counted: Counted[] = [];
        for (const { gap, call: made, restart } of done) {
          at += gap;
          if (made !== null) {
            const { outcome, ...numbers } = made;
            const over = { denied: outcome === 'denied', answered: outcome === 'answered' };
            const one = { ...numbers, ...over, shown: [] };
            usage.add(ada, one);
            counted.push({ at, call: one });
          } else if (restart) {
            usage = make();
            since = at;
            counted = [];
          }
          for (const dataset of NAMED) compare(usage.read(ada, { dataset, model: null }), dataset);
        }

        function compare(read: ReturnType<typeof usage.read>, dataset: string): void {
          for (const window of ['minute', 'hour', 'day'] as const) {
            const slot = WINDOWS[window] / 12;
            // The window begins with a slot: eleven whole ones and the one that is not over.
            const from = Math.floor(at / slot) * slot - 11 * slot;
            const within = counted.filter((one) => one.at >= from).map((one) => one.call);
            expect(read[window]).toEqual({
              calls: within.length,
              documents: sum(within, 'documents'),
              rows: sum(within, 'rows'),
              cost: sum(within, 'cost'),
              denied: within.filter(({ denied }) => denied).length,
            });
          }
          const answered = counted.filter(({ call: { answered } }) => answered);
          expect(read.novel.identity).toBe(answered.length === 0);
          expect(read.novel.dataset).toBe(!answered.some(({ call }) => call.dataset === dataset));
          expect(read.since).toBe(Math.ceil(since / 1000));
          expect(read.lag).toBeNull();
        }
      }),
    );
  });
});

function sum(calls: readonly CountedCall[], member: 'documents' | 'rows' | 'cost'): number {
  return calls.reduce((total, call) => total + call[member], 0);
}

test('nothing is shared where nobody asked for it', () => {
  const { usage } = world();
  expect(usage.sharing).toBeNull();
});
