/** Bounds what all calls together may hold: calls in flight, and body bytes. */
export interface Budget {
  /** Takes a place for one call, or says no. `limit` is the most there may be. */
  enter(limit: number): boolean;
  leave(): void;
  /** Takes `bytes`, or says no before they are read. */
  reserve(bytes: number, limit: number): boolean;
  release(bytes: number): void;
  readonly calls: number;
  readonly bytes: number;
}

export function createBudget(): Budget {
  let calls = 0;
  let held = 0;
  return {
    enter(limit) {
      if (calls >= limit) return false;
      calls++;
      return true;
    },
    leave() {
      calls--;
    },
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
