import { describe, expect, test } from '@jest/globals';
import { createBudget } from './budget.ts';

describe('calls in flight', () => {
  test('the connection’s own limit holds, and a place that is left is there for the next', () => {
    const budget = createBudget();
    expect([1, 2, 3].map(() => budget.enter(2))).toEqual([true, true, false]);
    budget.leave();
    expect(budget.enter(2)).toBe(true);
    expect(budget.calls).toBe(2);
  });
});

describe('bytes held', () => {
  test('refuses what would go over the limit and takes it once there is room', () => {
    const budget = createBudget();
    expect(budget.reserve(60, 100)).toBe(true);
    expect(budget.reserve(41, 100)).toBe(false);
    expect(budget.bytes).toBe(60);
    budget.release(60);
    expect(budget.reserve(100, 100)).toBe(true);
  });
});
