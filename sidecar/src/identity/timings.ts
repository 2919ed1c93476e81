/** Milliseconds. */
export interface KeySetTimings {
  /** From one successful fetch to the next; each wait is between 80 and 100 % of it, at random. */
  readonly refreshMs: number;
  /** Between two fetches that unknown keys ask for, whatever callers send. */
  readonly cooldownMs: number;
  /** How long after they were last fetched known keys serve while the issuer cannot be reached. */
  readonly toleranceMs: number;
  /** How long a call may wait for a fetch, counted from the fetch's start. */
  readonly waitMs: number;
  /** For discovery and key set together. */
  readonly timeoutMs: number;
  /** Pause after a failed fetch, shortened by up to 20 % at random; doubles up to `retryMaxMs`. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
}

export const KEY_SET_TIMINGS: KeySetTimings = {
  refreshMs: 300_000,
  cooldownMs: 30_000,
  toleranceMs: 3_600_000,
  waitMs: 2_000,
  timeoutMs: 5_000,
  retryMs: 500,
  retryMaxMs: 15_000,
};

/** Runs a task later and returns what cancels it. Waiting must not keep the process alive. */
export type Schedule = (delayMs: number, task: () => void) => () => void;
