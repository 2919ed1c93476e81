import { describe, expect, test } from '@jest/globals';
import { readUsageReport, readUsageShares, type UsageReport } from '@rankguard/contract/control';
import { createUsageWindows, type UsageKey } from '@rankguard/sidecar/usage';
import fc from 'fast-check';
import { createUsageLedger, type UsageLedger } from './usage.ts';

const START = 1_700_000_000_000;
const DAY = 86_400_000;
const connection = { namespace: 'shop', name: 'search' };
const NAMES = { dataset: null, model: null };
const WINDOWS = { minute: 60_000, hour: 3_600_000, day: DAY } as const;
const keyOf = (subject: string): UsageKey => ({
  connection: 'shop/search',
  kind: 'user',
  issuer: 'https://idp',
  subject,
});

/** Sidecars that count, and the ledger of a leader, on one clock and without a network. */
function createWorld(pods: readonly string[], mostParts?: number) {
  const state = { at: START, guarded: [...pods] };
  const now = () => state.at;
  const make = () =>
    createUsageLedger({
      guardedPods: () => state.guarded,
      now,
      ...(mostParts === undefined ? {} : { mostParts }),
    });
  let ledger: UsageLedger = make();
  const reports: UsageReport[] = [];

  function sidecar(uid: string) {
    let starts = 0;
    function windowsOf() {
      starts += 1;
      return createUsageWindows({ now, instance: `${uid}-${starts}` });
    }
    let windows = windowsOf();
    /** As it would go over the wire. What becomes of the answer is the caller's to say. */
    function exchange({ lost = false, ends = false } = {}) {
      const report = windows.sharing!.report(connection, ends);
      reports.push(report);
      const arrived = readUsageReport(JSON.parse(JSON.stringify(report)))!;
      const pod = { namespace: 'shop', name: uid, uid };
      const shares = readUsageShares(JSON.parse(JSON.stringify(ledger.exchange(pod, arrived))))!;
      if (lost) windows.sharing!.untold();
      const done = !lost && windows.sharing!.take(shares);
      return { done, shares };
    }
    const settle = (ends = false) => {
      while (!exchange({ ends }).done);
    };
    return {
      exchange,
      settle,
      read: (subject = 'ada', asked: Parameters<typeof windows.read>[1] = NAMES) =>
        windows.read(keyOf(subject), asked),
      call: (subject = 'ada', over = {}) =>
        windows.add(keyOf(subject), {
          ...{ ...NAMES, documents: 10, rows: 3, cost: 1, denied: false, answered: true, shown: [] },
          ...over,
        }),
      restart() {
        settle(true);
        windows = windowsOf();
      },
    };
  }
  const sidecars = pods.map(sidecar);
  return {
    state,
    reports,
    sidecars,
    settle() {
      // Once to tell, once to hear what those after it have told.
      for (const _ of [1, 2]) for (const each of sidecars) each.settle();
    },
    changeLeader: () => (ledger = make()),
  };
}

const sidecar = fc.integer({ min: 0, max: 2 });
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('call'), sidecar, subject: fc.constantFrom('ada', 'ben') }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('exchange'), sidecar, lost: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('pass'),
      ms: fc.constantFrom(1, 4_999, 5_000, 61_000, 300_000, 7_200_000, DAY),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('upset'), sidecar }) },
);
interface Happening {
  readonly what: string;
  readonly sidecar?: number;
  readonly subject?: string;
  readonly lost?: boolean;
  readonly ms?: number;
}

/** Every sidecar knows exactly what all of them counted, once all have exchanged. */
function allAgree(upset: 'restarts' | 'leaders') {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings: readonly Happening[]) => {
      const { state, sidecars, settle, changeLeader } = createWorld(['a', 'b', 'c']);
      const calls: { at: number; subject: string }[] = [];
      for (const { what, sidecar: at = 0, subject = 'ada', lost = false, ms = 0 } of happenings) {
        const one = sidecars[at]!;
        if (what === 'call') calls.push({ at: state.at, subject });
        const acts: Record<string, () => void> = {
          call: () => one.call(subject),
          exchange: () => one.exchange({ lost }),
          pass: () => (state.at += ms),
          upset: upset === 'restarts' ? one.restart : changeLeader,
        };
        acts[what]?.();
      }
      settle();
      for (const one of sidecars)
        for (const subject of ['ada', 'ben'])
          for (const window of ['minute', 'hour', 'day'] as const) {
            const slot = WINDOWS[window] / 12;
            const from = Math.floor(state.at / slot) * slot - 11 * slot;
            const count = calls.filter((call) => call.subject === subject && call.at >= from).length;
            expect(one.read(subject)[window]).toEqual({
              ...{ calls: count, documents: 10 * count, rows: 3 * count, cost: count, denied: 0 },
            });
          }
    }),
  );
}

describe('sidecars that tell each other through the operator', () => {
  test('count alike, whatever answers are lost and whoever restarts', () => allAgree('restarts'));
  test('count alike, whatever answers are lost and whoever leads', () => allAgree('leaders'));

  test('a connection that was silent for a day goes on counting: its versions do not begin anew', () => {
    const { state, sidecars, settle } = createWorld(['a', 'b', 'c']);
    sidecars[2]!.call();
    sidecars[2]!.restart();
    sidecars[1]!.exchange();
    state.at += DAY;
    sidecars[0]!.call();
    settle();
    for (const one of sidecars) expect(one.read().day.calls).toBe(1);
  });

  test('know what is new together', () => {
    const { sidecars, settle } = createWorld(['a', 'b']);
    const [a, b] = sidecars;
    const asked = { dataset: 'tickets', model: 'm' };
    a!.call('ada', { ...asked, answered: false, denied: true });
    settle();
    expect(b!.read('ada', asked).novel).toEqual({ identity: true, dataset: true, model: true });
    a!.call('ada', asked);
    settle();
    expect(b!.read('ada', asked).novel).toEqual({ identity: false, dataset: false, model: false });
    expect(b!.read('ada', { dataset: 'medical', model: 'm' }).novel.dataset).toBe(true);
    expect(b!.read('ben', asked).novel).toEqual({ identity: true, dataset: true, model: true });
  });

  test('name nobody, and nobody alike in two connections', () => {
    const { sidecars, settle, reports } = createWorld(['a', 'b']);
    sidecars[0]!.call('ada', { dataset: 'tickets' });
    settle();
    const told = JSON.stringify(reports);
    expect(reports.flatMap(({ entries }) => entries)).not.toHaveLength(0);
    for (const name of ['ada', 'idp', 'tickets']) expect(told).not.toContain(name);
    const ledger = createUsageLedger({ guardedPods: () => [], now: () => START });
    const pod = { namespace: 'shop', name: 'a', uid: 'a' };
    const ask = (name: string) =>
      ledger.exchange(pod, { ...reports[0]!, connection: { ...connection, name } }).key;
    expect(ask('search')).toBe(ask('search'));
    expect(ask('search')).not.toBe(ask('ads'));
  });

  test('tell a thousand identities in parts that fit', () => {
    const { sidecars, settle, reports } = createWorld(['a', 'b']);
    for (let n = 0; n < 3_000; n++) sidecars[0]!.call(`user-${n}`);
    settle();
    expect(Math.max(...reports.map((report) => JSON.stringify(report).length))).toBeLessThan(200 * 1024);
    for (let n = 0; n < 3_000; n += 100) expect(sidecars[1]!.read(`user-${n}`).hour.calls).toBe(1);
  });

  test('do not count what lies in the future of the leader', () => {
    const { state, sidecars, settle } = createWorld(['a', 'b']);
    state.at += DAY;
    sidecars[0]!.call();
    sidecars[0]!.exchange({ lost: true });
    state.at -= DAY;
    settle();
    expect(sidecars[1]!.read().day.calls).toBe(0);
    sidecars[1]!.call();
    settle();
    expect(sidecars[1]!.read().day.calls).toBe(1);
  });
});

describe('how old the counts of others are', () => {
  test('nobody knows before all have reported; then it is the age of the oldest report', () => {
    const { state, sidecars } = createWorld(['a', 'b', 'c']);
    const [a, b, c] = sidecars;
    a!.settle();
    b!.settle();
    expect(a!.read().lag).toBeNull();
    c!.settle();
    state.at += 3_000;
    b!.settle();
    state.at += 1_000;
    a!.settle();
    expect(a!.read().lag).toBe(4);
    state.at += 5_000;
    expect(a!.read().lag).toBe(9);
  });

  test('the only sidecar waits for nobody, and reports less often', () => {
    const { sidecars, state } = createWorld(['a']);
    sidecars[0]!.settle();
    const { shares } = sidecars[0]!.exchange();
    expect(sidecars[0]!.read().lag).toBe(0);
    state.guarded.push('b');
    expect(sidecars[0]!.exchange().shares).toMatchObject({ ageMs: null });
    expect(shares.nextMs).toBe(10_000);
  });

  test('a pod that never reports is waited for at first, one that falls silent for ten minutes, one that ends not', () => {
    const { state, sidecars } = createWorld(['a', 'b', 'mute']);
    const [a, b] = sidecars;
    const ageAfter = (ms: number) => {
      state.at += ms;
      return a!.exchange().shares.ageMs;
    };
    a!.settle();
    b!.settle();
    expect(ageAfter(59_000)).toBeNull();
    expect(ageAfter(1_000)).toBe(60_000);
    expect(ageAfter(500_000)).toBe(560_000);
    expect(ageAfter(100_000)).toBe(0);
    b!.settle();
    expect(ageAfter(2_000)).toBe(2_000);
    b!.settle(true);
    expect(ageAfter(2_000)).toBe(0);
  });

  test('another leader knows nothing until it was told, and the lag says so', () => {
    const { state, sidecars, settle, changeLeader } = createWorld(['a', 'b']);
    const [a, b] = sidecars;
    b!.call();
    settle();
    changeLeader();
    state.at += 20_000;
    a!.settle();
    expect(a!.read()).toMatchObject({ lag: 20, hour: { calls: 1 } });
    b!.settle();
    a!.settle();
    expect(a!.read()).toMatchObject({ lag: 0, hour: { calls: 1 } });
  });
});

test('a full ledger forgets whom it has not heard of for longest, and says since when', () => {
  const { state, sidecars, settle } = createWorld(['a', 'b'], 10);
  for (let n = 0; n < 10; n++) sidecars[0]!.call(`user-${n}`);
  settle();
  expect(sidecars[1]!.read('user-0')).toMatchObject({ since: START / 1000, hour: { calls: 1 } });
  state.at += 5_000;
  sidecars[0]!.call('one more');
  settle();
  const fresh = sidecars[1]!.read('user-0');
  expect(fresh.since).toBe(START / 1000 + 5);
  expect(sidecars[1]!.read('one more').hour.calls).toBe(1);
});
