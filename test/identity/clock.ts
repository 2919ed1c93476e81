/** A clock that moves when it is told to, and the timers that hang on it. */
export interface TestClock {
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly seconds: () => number;
  readonly schedule: (delayMs: number, task: () => void) => () => void;
  /** Moves on and runs what falls due, in order. What those tasks start is not waited for. */
  advance(ms: number): void;
}

/** 2030-01-01T00:00:00Z: far enough from today for a forgotten Date.now to show. */
export const START = Date.UTC(2030, 0, 1);

export function createTestClock(): TestClock {
  let time = START;
  let timers: { readonly at: number; readonly task: () => void }[] = [];
  const due = (until: number) => timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    now: () => time,
    seconds: () => Math.floor(time / 1000),
    schedule(delayMs, task) {
      const timer = { at: time + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      const until = time + ms;
      for (let timer = due(until); timer !== undefined; timer = due(until)) {
        const { at, task } = timer;
        timers = timers.filter((other) => other !== timer);
        time = Math.max(time, at);
        task();
      }
      time = until;
    },
  };
}

/** Lets I/O happen until something is so. Fails after 2,000 turns of the event loop that took 5 s or more. */
export async function until(holds: () => boolean): Promise<void> {
  const start = performance.now();
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 2_000 && performance.now() - start > 5_000) throw new Error('waited in vain');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
