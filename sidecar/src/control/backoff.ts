/** How long to wait before the next try: doubling from half a second to half a minute, each time half of it at random. */
export interface Backoff {
  /** Milliseconds; grows with each call. */
  next(): number;
  reset(): void;
}

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

export function createBackoff(random: () => number): Backoff {
  let span = FIRST_MS;
  return {
    next() {
      const wait = span / 2 + (span / 2) * random();
      span = Math.min(span * 2, LONGEST_MS);
      return wait;
    },
    reset() {
      span = FIRST_MS;
    },
  };
}

/** Ends early, without an error, when the signal fires. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
