import { USAGE_SLOTS } from '@rankguard/contract/control';

/** Sums over a sliding window of time, in memory of a fixed size. Slots are numbered as in contract/control. */
export interface Rolling {
  /** Adds to the slot of a time; a time that is older than the window is forgotten. */
  add(atMs: number, values: readonly number[]): void;
  /** Raises the numbers of a slot to these, where they are lower. */
  raise(slot: number, values: readonly number[]): void;
  /** The sums of the slots that are not older than the window. */
  sums(nowMs: number): readonly number[];
  /** Slots of the window in which something may have changed since a time, each with its numbers. */
  rows(sinceMs: number, nowMs: number): (readonly [slot: number, ...values: number[]])[];
}

/** `width` numbers over `lengthMs` milliseconds. */
export function createRolling(lengthMs: number, width: number): Rolling {
  const slotMs = lengthMs / USAGE_SLOTS;
  const slots = new Array<number>(USAGE_SLOTS * width).fill(0);
  const numbers = new Array<number>(USAGE_SLOTS).fill(-1);
  const slotOf = (ms: number) => Math.floor(ms / slotMs);

  /** Where the numbers of a slot begin; -1 when it is older than what its place holds. */
  function startOf(slot: number): number {
    const place = slot % USAGE_SLOTS;
    const held = numbers[place] ?? -1;
    if (held > slot) return -1;
    if (held < slot) {
      numbers[place] = slot;
      slots.fill(0, place * width, (place + 1) * width);
    }
    return place * width;
  }
  /** Places of slots from `oldest` on that are within the window. */
  function* live(oldest: number, nowMs: number): Generator<number> {
    const newest = slotOf(nowMs);
    for (let place = 0; place < USAGE_SLOTS; place += 1) {
      const slot = numbers[place] ?? -1;
      if (slot >= 0 && slot >= oldest && slot > newest - USAGE_SLOTS) yield place;
    }
  }

  return {
    add(atMs, values) {
      const start = startOf(slotOf(atMs));
      if (start === -1) return;
      for (let at = 0; at < width; at += 1) slots[start + at]! += values[at] ?? 0;
    },
    raise(slot, values) {
      const start = startOf(slot);
      if (start === -1) return;
      for (let at = 0; at < width; at += 1)
        slots[start + at] = Math.max(slots[start + at] ?? 0, values[at] ?? 0);
    },
    sums(nowMs) {
      const sums = new Array<number>(width).fill(0);
      for (const place of live(0, nowMs))
        for (let at = 0; at < width; at += 1) sums[at]! += slots[place * width + at] ?? 0;
      return sums;
    },
    rows: (sinceMs, nowMs) =>
      Array.from(live(slotOf(sinceMs), nowMs), (place) => {
        const row: [number, ...number[]] = [numbers[place] ?? 0];
        for (let at = 0; at < width; at += 1) row.push(slots[place * width + at] ?? 0);
        return row;
      }),
  };
}
