import type { Fetched, KeySetError } from './fetch-keys.ts';
import type { KeySetTimings, Schedule } from './timings.ts';

export interface RefresherDeps<T> {
  readonly fetch: (signal: AbortSignal) => Promise<Fetched<T>>;
  readonly accept: (value: T) => void;
  readonly refuse: (failed: { readonly error: KeySetError; readonly message: string }) => void;
  readonly now: () => number;
  readonly schedule: Schedule;
  readonly random: () => number;
  readonly timings: KeySetTimings;
}

/** A fetch under way. */
export interface Attempt {
  readonly startedAt: number;
  readonly done: Promise<void>;
}

/** Fetches something again and again: regularly when it succeeds, with growing pauses when it fails. */
export interface Refresher {
  /** Starts a fetch, or returns the one under way: there is never more than one. */
  refresh(): Attempt;
  /** Waits for a fetch, no longer than calls may. True when it ended in time. */
  ended(attempt: Attempt): Promise<boolean>;
  readonly busy: boolean;
  /** Milliseconds until the next fetch starts by itself. */
  readonly pause: number;
  readonly closed: boolean;
  close(): void;
}

export function createRefresher<T>(deps: RefresherDeps<T>): Refresher {
  const { now, schedule, timings } = deps;
  const closing = new AbortController();
  let attempt: Attempt | null = null;
  let failures = 0;
  let nextAt = 0;
  let cancelNext = () => {};

  function plan(): void {
    const retry = Math.min(timings.retryMs * 2 ** Math.min(failures - 1, 30), timings.retryMaxMs);
    const delay = (failures === 0 ? timings.refreshMs : retry) * (0.8 + 0.2 * deps.random());
    cancelNext();
    nextAt = now() + delay;
    cancelNext = schedule(delay, refresh);
  }

  async function run(): Promise<void> {
    const timeout = new AbortController();
    const cancel = schedule(timings.timeoutMs, () => timeout.abort());
    const fetched = await deps.fetch(AbortSignal.any([closing.signal, timeout.signal]));
    cancel();
    attempt = null;
    if (closing.signal.aborted) return;
    failures = fetched.ok ? 0 : failures + 1;
    plan();
    if (fetched.ok) deps.accept(fetched.value);
    else deps.refuse(fetched);
  }

  function refresh(): Attempt {
    attempt ??= { startedAt: now(), done: run() };
    return attempt;
  }

  function ended({ startedAt, done }: Attempt): Promise<boolean> {
    // Counted from the fetch's start: an issuer that swallows requests must not make every call wait.
    const left = startedAt + timings.waitMs - now();
    if (left <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const cancel = schedule(left, () => resolve(false));
      void done.then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  return {
    refresh,
    ended,
    get busy() {
      return attempt !== null;
    },
    get pause() {
      return Math.max(0, nextAt - now());
    },
    get closed() {
      return closing.signal.aborted;
    },
    close() {
      closing.abort();
      cancelNext();
    },
  };
}
