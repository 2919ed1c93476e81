import { describe, expect, test } from '@jest/globals';
import { createGate, waitFor } from '../../../test/support/wait.ts';
import { createWorkQueue } from './queue.ts';

describe('a work queue', () => {
  test('works on a name once however often it is added, and again when it is added meanwhile', async () => {
    const gate = createGate();
    const worked: string[] = [];
    const queue = createWorkQueue({
      async work(key) {
        worked.push(key);
        if (worked.length === 1) await gate.opened;
        return undefined;
      },
      onError: () => {},
    });
    queue.add('a');
    await waitFor(() => worked.length === 1, 'a is worked on');
    for (let i = 0; i < 5; i++) queue.add('a');
    queue.add('b');
    await waitFor(() => worked.includes('b'), 'b is not behind a');
    expect(worked).toEqual(['a', 'b']);
    gate.open();
    await queue.idle();
    expect(worked).toEqual(['a', 'b', 'a']);
  });

  test('never works on one name twice at a time, nor on more names than it may', async () => {
    const active = new Map<string, number>();
    let most = 0;
    const queue = createWorkQueue({
      concurrency: 3,
      async work(key) {
        active.set(key, (active.get(key) ?? 0) + 1);
        expect(active.get(key)).toBe(1);
        most = Math.max(
          most,
          [...active.values()].reduce((sum, n) => sum + n),
        );
        await new Promise((resolve) => setImmediate(resolve));
        active.set(key, 0);
        return undefined;
      },
      onError: (_, error) => {
        throw error;
      },
    });
    for (let i = 0; i < 300; i++) queue.add(`k${i % 10}`);
    await queue.idle();
    expect(most).toBe(3);
  });

  test('tries again after a failure, with pauses that grow, and forgets them after a success', async () => {
    const pauses: number[] = [];
    let left = 5;
    const queue = createWorkQueue({
      backoffMs: [1, 1000],
      async work() {
        if (left-- > 0) throw new Error('not yet');
        return undefined;
      },
      onError: (_, __, retryMs) => void pauses.push(retryMs),
    });
    queue.add('a');
    await waitFor(() => left < 0, 'it succeeds');
    expect(pauses).toHaveLength(5);
    pauses.forEach((ms, i) => {
      expect(ms).toBeGreaterThanOrEqual(2 ** i / 2);
      expect(ms).toBeLessThanOrEqual(2 ** i);
    });
    left = 1;
    queue.add('a');
    await waitFor(() => pauses.length === 6 && left < 0, 'it fails once more');
    expect(pauses[5]).toBeLessThanOrEqual(1);
  });

  test('many failures together are tried again at a bounded rate', async () => {
    const pauses: number[] = [];
    const queue = createWorkQueue({
      backoffMs: [1, 1],
      retriesPerSecond: 1,
      concurrency: 50,
      work: () => Promise.reject(new Error('the API server is down')),
      onError: (_, __, retryMs) => void pauses.push(retryMs),
    });
    for (let i = 0; i < 30; i++) queue.add(`k${i}`);
    await waitFor(() => pauses.length >= 30, 'all have failed');
    await queue.stop();
    expect(pauses.filter((ms) => ms > 500).length).toBeGreaterThan(10);
  });

  test('comes back when the work says so; stop waits for what is under way', async () => {
    let calls = 0;
    const gate = createGate();
    const queue = createWorkQueue({
      async work() {
        calls += 1;
        if (calls < 3) return 1;
        await gate.opened;
        calls += 1;
        return 1;
      },
      onError: () => {},
    });
    queue.add('a');
    await waitFor(() => calls === 3, 'twice by itself');
    const stopped = queue.stop();
    queue.add('a');
    gate.open();
    await stopped;
    expect(calls).toBe(4);
    expect(queue.depth).toBe(0);
  });
});
