/** How busy the event loop is, since the last time somebody asked. */
export interface LoopLoad {
  /** Mean time of a turn of the loop in which it worked, milliseconds. */
  readonly turnMs: number;
}

/** Bounds what all calls together may hold: calls in flight, and body bytes. */
export interface Budget {
  /** Takes a place for one call, or says no. `limit` is the most there may ever be. */
  enter(limit: number): boolean;
  leave(): void;
  /** Whether a call that has waited this long in the sidecar, because of the others, comes too late to be served. */
  late(ageMs: number): boolean;
  /** Takes `bytes`, or says no before they are read. */
  reserve(bytes: number, limit: number): boolean;
  release(bytes: number): void;
  readonly calls: number;
  readonly bytes: number;
}

/**
 * A turn longer than this means that calls wait for each other and not for the reranker: a call takes four or five
 * turns (its body in pieces, the upstream's answer), so that what is let in still ends in some 40 ms.
 */
const LONGEST_TURN_MS = 12;
/** Under such load a call that waited longer before anybody looked at it is refused: the caller has better use of a quick no. */
const LONGEST_WAIT_MS = 25;
/** Fewer calls than this at a time are always let in: one core does that much in a few milliseconds. */
const FEWEST_CALLS = 16;
const SAMPLE_MS = 50;
const STALE_MS = 4 * SAMPLE_MS;
const INCREASE = 8;

/**
 * Lets calls in up to the connection's own limit while the event loop keeps up, and fewer when it does not
 * (additive increase, proportional decrease). A slow reranker leaves the loop idle and lowers nothing.
 */
export function createBudget(deps: {
  /** Monotonic, milliseconds. */
  readonly clock: () => number;
  readonly loopLoad: () => LoopLoad;
}): Budget {
  let calls = 0;
  let held = 0;
  let room = Number.POSITIVE_INFINITY;
  let sampledAt = deps.clock();
  let wasLong = false;
  let overloaded = false;

  function sample(limit: number): void {
    const now = deps.clock();
    if (now - sampledAt < SAMPLE_MS) return;
    sampledAt = now;
    const { turnMs } = deps.loopLoad();
    // One long turn is a pause (garbage, a busy machine); what came meanwhile is soon served. Two are a crowd.
    overloaded = turnMs > LONGEST_TURN_MS && wasLong;
    wasLong = turnMs > LONGEST_TURN_MS;
    // A turn is about as long as there are calls in flight, so the room for short ones follows from this one.
    const fitting = Math.floor((Math.min(room, calls) * LONGEST_TURN_MS) / turnMs);
    room = overloaded ? Math.max(FEWEST_CALLS, fitting) : Math.min(limit, room + INCREASE);
  }

  return {
    enter(limit) {
      sample(limit);
      if (calls >= Math.min(limit, room)) return false;
      calls++;
      return true;
    },
    leave() {
      calls--;
    },
    // In a crowd somebody asks all the time; what was measured long ago says nothing about a caller who is slow.
    late: (ageMs) => overloaded && deps.clock() - sampledAt < STALE_MS && ageMs > LONGEST_WAIT_MS,
    reserve(bytes, limit) {
      if (held + bytes > limit) return false;
      held += bytes;
      return true;
    },
    release(bytes) {
      held -= bytes;
    },
    get calls() {
      return calls;
    },
    get bytes() {
      return held;
    },
  };
}
