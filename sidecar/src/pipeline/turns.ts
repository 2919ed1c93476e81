/** Waits in the queue up to this long are what a busy core makes; longer ones are the start of a crowd. */
const SHORT_WAIT_MS = 20;
/** A queue whose shortest wait stays above the short one for so long does not empty by itself. */
const CROWD_AFTER_MS = 100;
/** So much of a turn of the event loop is given to calls before what came in meanwhile is looked at. */
const SLICE_MS = 4;
/** In a crowd nobody is served who waited longer: a quick no is worth more than a late answer. */
const LONGEST_WAIT_MS = 30;

/**
 * Gives calls their turn at the core: a few milliseconds' worth in each turn of the event loop, so that answers
 * that come in and refusals need not wait behind a batch of judgements. The queue is bounded by time, after CoDel
 * (RFC 8289): when it does not empty for a while, those that waited too long are told so.
 */
export interface Turns {
  /** true: judge now; false: the call comes too late. A promise when the call has to wait for its turn. */
  take(): boolean | Promise<boolean>;
  readonly waiting: number;
}

interface Waiter {
  readonly since: number;
  readonly resolve: (served: boolean) => void;
}

export function createTurns(deps: {
  /** Monotonic, milliseconds. */
  readonly clock: () => number;
  /** Calls back in the next turn of the event loop, when what had come in meanwhile was read. */
  readonly nextTurn: (callback: () => void) => void;
}): Turns {
  const queue: Waiter[] = [];
  let taken = false;
  /** Since when every wait was long; null: the last one was not. */
  let longSince: number | null = null;

  function comesTooLate(waited: number, now: number): boolean {
    if (waited < SHORT_WAIT_MS) {
      longSince = null;
      return false;
    }
    longSince ??= now;
    return now - longSince > CROWD_AFTER_MS && waited > LONGEST_WAIT_MS;
  }

  function hold(): void {
    taken = true;
    deps.nextTurn(() => {
      taken = false;
      serve(deps.clock() + SLICE_MS);
    });
  }

  /** Serves one after the other until the slice is over; each is judged before the next one is looked at. */
  function serve(until: number): void {
    const now = deps.clock();
    if (now >= until) {
      hold();
      return;
    }
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const late = comesTooLate(now - next.since, now);
      next.resolve(!late);
      if (late) continue;
      taken = true;
      // The call goes on in a microtask that is queued before this one.
      queueMicrotask(() => queueMicrotask(() => serve(until)));
      return;
    }
    taken = false;
    longSince = null;
  }

  return {
    take() {
      if (taken || queue.length > 0) {
        return new Promise((resolve) => queue.push({ since: deps.clock(), resolve }));
      }
      hold();
      return true;
    },
    get waiting() {
      return queue.length;
    },
  };
}
