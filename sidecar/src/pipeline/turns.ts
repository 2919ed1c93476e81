/** Waits in the queue up to this long are what a busy core makes; longer ones are the start of a crowd. */
const SHORT_WAIT_MS = 20;
/** A queue whose shortest wait stays above the short one for so long does not empty by itself. */
const CROWD_AFTER_MS = 100;
/** So much of a turn of the event loop is given to calls before what came in meanwhile is looked at. */
const SLICE_MS = 4;
/** In a crowd one call: Node takes one new connection in each turn (libuv 3696), and whoever waits at the door is not seen. */
const SLICE_IN_CROWD_MS = 0.01;
/** In a crowd nobody is served who waited longer: a quick no is worth more than a late answer. */
const LONGEST_WAIT_MS = 30;
/** So few are no crowd, however slow the core is: a pod with a small CPU limit is throttled for longer than that. */
const FEW = 16;
/** A crowd is over when nobody had to be refused for so long. */
const CROWD_LASTS_MS = 250;
/** In a crowd as many bodies are read in one such window as calls were judged in the one before, and a little more. */
const WINDOW_MS = 50;
const MORE = 1.1;
const SOME = 2;

/**
 * Gives calls their turn at the core: a few milliseconds' worth in each turn of the event loop, so that answers
 * that come in and refusals need not wait behind a batch of judgements. The queue is bounded by time, after CoDel
 * (RFC 8289): when it does not empty for a while, those that waited too long are told so.
 */
export interface Turns {
  /**
   * Asked before a body is read. false: there is a crowd, and this body would be read only to be refused. By rate
   * and not by places, so that callers who send slowly keep nobody out.
   */
  admit(): boolean;
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

  let crowdUntil = Number.NEGATIVE_INFINITY;
  const window = { since: deps.clock(), judged: 0, admitted: 0, judgedBefore: 0 };

  function roll(now: number): void {
    const took = now - window.since;
    if (took < WINDOW_MS) return;
    window.judgedBefore = (window.judged * WINDOW_MS) / took;
    window.judged = 0;
    window.admitted = 0;
    window.since = now;
  }

  function comesTooLate(waited: number, now: number): boolean {
    if (waited < SHORT_WAIT_MS) longSince = null;
    else longSince ??= now;
    const crowded = now < crowdUntil || (longSince !== null && now - longSince > CROWD_AFTER_MS);
    if (!crowded || waited <= LONGEST_WAIT_MS || queue.length < FEW) return false;
    crowdUntil = now + CROWD_LASTS_MS;
    return true;
  }

  function hold(): void {
    taken = true;
    deps.nextTurn(() => {
      taken = false;
      const now = deps.clock();
      serve(now + (now < crowdUntil ? SLICE_IN_CROWD_MS : SLICE_MS));
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
      roll(now);
      window.judged++;
      taken = true;
      // The call goes on in a microtask that is queued before this one.
      queueMicrotask(() => queueMicrotask(() => serve(until)));
      return;
    }
    taken = false;
    longSince = null;
  }

  return {
    admit() {
      const now = deps.clock();
      if (now >= crowdUntil) return true;
      roll(now);
      if (window.admitted < window.judgedBefore * MORE + SOME) {
        window.admitted++;
        return true;
      }
      crowdUntil = now + CROWD_LASTS_MS;
      return false;
    },
    take() {
      if (taken || queue.length > 0) {
        return new Promise((resolve) => queue.push({ since: deps.clock(), resolve }));
      }
      hold();
      roll(deps.clock());
      window.judged++;
      return true;
    },
    get waiting() {
      return queue.length;
    },
  };
}
