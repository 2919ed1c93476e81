import { describe, expect, test } from '@jest/globals';
import { createBudget } from './budget.ts';

function setUp() {
  const state = { now: 0, turnMs: 0 };
  const budget = createBudget({ clock: () => state.now, loopLoad: () => ({ turnMs: state.turnMs }) });
  /** Fills the budget and says how many calls it took. */
  const fill = (limit: number) => {
    let entered = 0;
    while (budget.enter(limit)) entered++;
    for (let left = entered; left > 0; left--) budget.leave();
    return entered;
  };
  return { state, budget, fill };
}

describe('calls in flight', () => {
  test('the connection’s own limit holds while the loop keeps up', () => {
    const { fill } = setUp();
    expect(fill(256)).toBe(256);
  });

  test('long turns let fewer and fewer in, but never none', () => {
    const { state, budget, fill } = setUp();
    state.turnMs = 50;
    const seen: number[] = [];
    for (let round = 0; round < 20; round++) {
      let entered = 0;
      while (budget.enter(256)) entered++;
      state.now += 100;
      budget.enter(256);
      seen.push(entered);
      while (budget.calls > 0) budget.leave();
    }
    expect(seen[0]).toBe(256);
    expect(seen.at(-1)).toBe(16);
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
    expect(fill(256)).toBe(16);
  });

  test('room comes back step by step once turns are short again', () => {
    const { state, budget, fill } = setUp();
    state.turnMs = 50;
    for (let round = 0; round < 20; round++) {
      state.now += 100;
      budget.enter(256);
      budget.leave();
    }
    expect(fill(256)).toBe(16);
    state.turnMs = 1;
    for (let round = 0; round < 200; round++) {
      state.now += 50;
      budget.enter(256);
      budget.leave();
    }
    expect(fill(256)).toBe(256);
  });
});

describe('calls that waited', () => {
  test('are late only while calls wait for each other', () => {
    const { state, budget } = setUp();
    expect(budget.late(1_000)).toBe(false);
    state.turnMs = 50;
    state.now += 100;
    budget.enter(256);
    // One pause is no overload.
    expect(budget.late(1_000)).toBe(false);
    state.now += 100;
    budget.enter(256);
    expect(budget.late(1_000)).toBe(true);
    expect(budget.late(10)).toBe(false);
    state.turnMs = 1;
    state.now += 100;
    budget.enter(256);
    expect(budget.late(1_000)).toBe(false);
  });

  test('are not late when nobody came for a while: then the caller was slow, not the sidecar', () => {
    const { state, budget } = setUp();
    state.turnMs = 50;
    for (let round = 0; round < 2; round++) {
      state.now += 100;
      budget.enter(256);
    }
    expect(budget.late(1_000)).toBe(true);
    state.now += 1_000;
    expect(budget.late(1_000)).toBe(false);
  });
});

describe('bytes held', () => {
  test('refuses what would go over the limit and takes it once there is room', () => {
    const { budget } = setUp();
    expect(budget.reserve(60, 100)).toBe(true);
    expect(budget.reserve(41, 100)).toBe(false);
    expect(budget.bytes).toBe(60);
    budget.release(60);
    expect(budget.reserve(100, 100)).toBe(true);
  });
});
