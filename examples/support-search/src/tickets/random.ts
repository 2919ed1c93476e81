/** A small deterministic generator (mulberry32): the same seed gives the same tickets on every machine. */
export function createRandom(seed: number) {
  let state = seed >>> 0;

  /** A number in [0, 1). */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  function between(low: number, high: number): number {
    return low + Math.floor(next() * (high - low + 1));
  }

  return {
    between,
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(list: readonly T[]): T => list[between(0, list.length - 1)]!,
  };
}

export type Random = ReturnType<typeof createRandom>;
