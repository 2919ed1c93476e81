/** Slots of one window: its sums slide by a twelfth of its length. */
const SLOTS = 12;

/** Sums over a sliding window of time, in memory of a fixed size. */
export interface Rolling {
  /** Adds to the slot of a time; a time that is older than the window is forgotten. */
  add(atMs: number, values: readonly number[]): void;
  /** The sums of the slots that are not older than the window. */
  sums(nowMs: number): readonly number[];
}

/** `width` numbers over `lengthMs` milliseconds. */
export function createRolling(lengthMs: number, width: number): Rolling {
  const slotMs = lengthMs / SLOTS;
  const slots = new Float64Array(SLOTS * width);
  const numbers = new Float64Array(SLOTS).fill(-1);
  const slotOf = (ms: number) => Math.floor(ms / slotMs);
  return {
    add(atMs, values) {
      const slot = slotOf(atMs);
      const place = slot % SLOTS;
      const held = numbers[place] ?? -1;
      if (held > slot) return;
      if (held < slot) {
        numbers[place] = slot;
        slots.fill(0, place * width, (place + 1) * width);
      }
      for (let at = 0; at < width; at += 1) slots[place * width + at]! += values[at] ?? 0;
    },
    sums(nowMs) {
      const newest = slotOf(nowMs);
      const sums = new Array<number>(width).fill(0);
      for (let place = 0; place < SLOTS; place += 1) {
        const slot = numbers[place] ?? -1;
        if (slot < 0 || slot <= newest - SLOTS) continue;
        for (let at = 0; at < width; at += 1) sums[at]! += slots[place * width + at] ?? 0;
      }
      return sums;
    },
  };
}
