import { describe, expect, test } from '@jest/globals';
import { createTurns } from './turns.ts';

/** A core that needs `cost` milliseconds for each call, with calls coming at their times. */
async function simulate(arrivals: readonly number[], cost: number) {
  let now = 0;
  const pending: (() => void)[] = [];
  const turns = createTurns({ clock: () => now, nextTurn: (callback) => void pending.push(callback) });
  const served: number[] = [];
  let refused = 0;
  let unread = 0;
  const left = [...arrivals];
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  while (left.length > 0 || pending.length > 0) {
    while (left.length > 0 && left[0]! <= now) {
      const at = left.shift()!;
      if (!turns.admit()) {
        unread++;
        continue;
      }
      void Promise.resolve(turns.take()).then((ok) => {
        if (!ok) refused++;
        else served.push(now - at);
        if (ok) now += cost;
      });
    }
    await settled();
    for (const callback of pending.splice(0)) callback();
    await settled();
    now += 0.1;
  }
  return { served, refused, unread, waiting: turns.waiting };
}

const every = (ms: number, count: number) => Array.from({ length: count }, (_, n) => n * ms);

describe('turns', () => {
  test('a call that is alone does not wait', () => {
    const turns = createTurns({ clock: () => 0, nextTurn: () => {} });
    expect(turns.take()).toBe(true);
  });

  test('calls that come together are judged in the order in which they came, some in each turn', async () => {
    const pending: (() => void)[] = [];
    let now = 0;
    const turns = createTurns({ clock: () => now, nextTurn: (callback) => void pending.push(callback) });
    const order: number[] = [];
    for (const n of [0, 1, 2, 3, 4]) {
      void Promise.resolve(turns.take()).then(() => {
        order.push(n);
        now += 2.5;
      });
    }
    for (const expected of [[0], [0, 1, 2], [0, 1, 2, 3, 4]]) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(order).toEqual(expected);
      for (const callback of pending.splice(0)) callback();
    }
  });

  test('a load that the core can bear refuses nobody, nor does a burst that is soon worked off', async () => {
    expect(await simulate(every(1.2, 2_000), 1)).toMatchObject({ refused: 0, unread: 0, waiting: 0 });
    const burst = [
      ...every(2, 500),
      ...Array.from({ length: 60 }, () => 1_001),
      ...every(2, 500).map((t) => t + 1_002),
    ];
    expect(await simulate(burst, 1)).toMatchObject({ refused: 0, unread: 0, waiting: 0 });
  });

  test('a few callers on a slow core wait for each other, and none is refused', async () => {
    let now = 0;
    const pending: (() => void)[] = [];
    const turns = createTurns({ clock: () => now, nextTurn: (callback) => void pending.push(callback) });
    let served = 0;
    let refused = 0;
    const callAgain = (): void => {
      if (!turns.admit()) refused++;
      else
        void Promise.resolve(turns.take()).then((ok) => {
          if (!ok) refused++;
          now += 20;
          if (++served < 1_000) callAgain();
        });
    };
    for (let caller = 0; caller < 12; caller++) callAgain();
    while (served < 1_000) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const callback of pending.splice(0)) callback();
    }
    expect(refused).toBe(0);
  });

  test('three times what the core can bear: as many are served as it can, the others learn it soon', async () => {
    const { served, refused, unread } = await simulate(every(1 / 3, 6_000), 1);
    expect(refused + unread).toBeGreaterThan(3_000);
    // Nearly all of them before their bodies were read.
    expect(unread / (refused + unread)).toBeGreaterThan(0.8);
    expect(served.length).toBeGreaterThan(1_500);
    const settled = served.slice(served.length / 5).toSorted((a, b) => a - b);
    expect(settled[Math.floor(settled.length * 0.99)]).toBeLessThan(50);
  });

  test('once the crowd is gone nobody is refused for it', async () => {
    const crowd = every(1 / 3, 3_000);
    const after = every(5, 200).map((t) => t + 2_000);
    const { refused, unread } = await simulate(crowd, 1);
    expect(await simulate([...crowd, ...after], 1)).toMatchObject({ refused, unread });
  });
});
