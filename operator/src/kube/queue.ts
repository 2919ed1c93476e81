import { type Backoff, createBackoff } from './backoff.ts';

export interface WorkQueueOptions {
  /** Brings the thing of this name to its wanted state. A number asks to be called again after so many milliseconds. */
  readonly work: (key: string) => Promise<number | undefined>;
  readonly onError: (key: string, error: unknown, retryMs: number) => void;
  readonly onDone?: (key: string, seconds: number) => void;
  /** How many names at once. */
  readonly concurrency?: number;
  /** Pauses after failures of one name, in milliseconds. */
  readonly backoffMs?: readonly [number, number];
  /** Retries of all names together: so many a second, in bursts of ten times as many. */
  readonly retriesPerSecond?: number;
}

/**
 * Names to be worked on. A name that is added several times is worked on once; one that is added while it
 * is worked on is worked on again afterwards; never twice at the same time. Failures are tried again with
 * growing pauses.
 */
export interface WorkQueue {
  add(key: string): void;
  addAfter(key: string, ms: number): void;
  /** Names that wait or are worked on; not those that wait for a time. */
  readonly depth: number;
  /** Resolves when nothing waits and nothing is worked on. */
  idle(): Promise<void>;
  /** Takes no more; resolves when what is under way has ended. */
  stop(): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { concurrency = 2, backoffMs: [firstMs, mostMs] = [50, 300_000] } = options;
  const waiting = new Set<string>();
  const active = new Set<string>();
  /** Added while active. */
  const again = new Set<string>();
  const timers = createTimers(add);
  const backoffs = new Map<string, Backoff>();
  const bucket = createBucket(options.retriesPerSecond ?? 10);
  let listeners: (() => void)[] = [];
  let stopped = false;

  function add(key: string): void {
    if (stopped) return;
    timers.clear(key);
    if (active.has(key)) again.add(key);
    else waiting.add(key);
    pump();
  }

  const addAfter = (key: string, ms: number) => {
    if (!stopped) timers.set(key, ms);
  };

  function pump(): void {
    for (const key of waiting) {
      if (active.size >= concurrency) return;
      waiting.delete(key);
      active.add(key);
      void perform(key);
    }
  }

  async function perform(key: string): Promise<void> {
    const started = performance.now();
    try {
      const after = await options.work(key);
      backoffs.delete(key);
      options.onDone?.(key, (performance.now() - started) / 1000);
      if (after !== undefined) addAfter(key, after);
    } catch (error) {
      const backoff = backoffs.get(key) ?? createBackoff({ firstMs, mostMs });
      backoffs.set(key, backoff);
      const retryMs = Math.max(backoff.next(), bucket.take());
      options.onError(key, error, retryMs);
      addAfter(key, retryMs);
    } finally {
      active.delete(key);
      if (again.delete(key)) waiting.add(key);
      pump();
      if (waiting.size + active.size === 0) {
        for (const listener of listeners) listener();
        listeners = [];
      }
    }
  }

  const idle = () =>
    new Promise<void>((resolve) => {
      if (waiting.size + active.size === 0) resolve();
      else listeners.push(resolve);
    });

  return {
    add,
    addAfter,
    idle,
    get depth() {
      return waiting.size + active.size;
    },
    async stop() {
      stopped = true;
      waiting.clear();
      again.clear();
      timers.clearAll();
      await idle();
    },
  };
}

/** One timer for each name. */
function createTimers(fire: (key: string) => void) {
  const timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  const clear = (key: string) => {
    clearTimeout(timers.get(key)?.timer);
    timers.delete(key);
  };
  return {
    clear,
    clearAll() {
      for (const key of timers.keys()) clear(key);
    },
    /** The sooner one wins: the work will say itself when to come back. */
    set(key: string, ms: number) {
      const at = performance.now() + ms;
      if ((timers.get(key)?.at ?? Infinity) <= at) return;
      clear(key);
      timers.set(key, { at, timer: setTimeout(() => fire(key), ms) });
    },
  };
}

/** A token bucket; `take` says how many milliseconds its token is away. */
function createBucket(perSecond: number) {
  const size = perSecond * 10;
  let tokens = size;
  let at = performance.now();
  return {
    take(): number {
      const now = performance.now();
      tokens = Math.min(size, tokens + ((now - at) / 1000) * perSecond);
      at = now;
      tokens -= 1;
      return tokens >= 0 ? 0 : (-tokens / perSecond) * 1000;
    },
  };
}
