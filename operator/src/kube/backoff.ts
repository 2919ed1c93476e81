/** Growing pauses, spread so that many who failed together do not come back together. */
export interface Backoff {
  /** Milliseconds to wait before the next try. */
  next(): number;
  reset(): void;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly mostMs: number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

export function createBackoff({ firstMs, mostMs, random = Math.random }: BackoffOptions): Backoff {
  let tries = 0;
  return {
    next() {
      const full = Math.min(mostMs, firstMs * 2 ** Math.min(tries, 30));
      tries += 1;
      return full * (0.5 + random() / 2);
    },
    reset() {
      tries = 0;
    },
  };
}

/** Resolves after the time, or at once when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
