// What the detectors found, as entries of 16 bytes: token, start, end, entities.
// Entities: the low byte is the kind that names the finding, the bits above it are every kind that took part.

export const EMAIL: u32 = 1;
export const SSN: u32 = 2;
export const CARD: u32 = 3;
/** Nine digits that are an SSN only under a sensitive field name: the host decides. */
export const WEAK_SSN: u32 = 4;

let out: usize = 0;
let count: u32 = 0;
let capacity: u32 = 0;
let first: u32 = 0;
let token: u32 = 0;

export function openFindings(address: usize, room: u32): void {
  out = address;
  capacity = room;
  count = 0;
}

/** Starts the text of another token; findings of different texts are never joined. */
export function openText(id: u32): void {
  token = id;
  first = count;
}

/** Forgets what was found in this text. */
export function dropFindings(): void {
  count = first;
}

@inline export function findingCount(): u32 { return count; }
@inline export function firstFinding(): u32 { return first; }
@inline export function findingAt(index: u32): usize { return out + (<usize>index << 4); }

/** End of the last finding of this text that is no weak one, or 0. */
export function lastEnd(): usize {
  if (count == first) return 0;
  const last = findingAt(count - 1);
  return (load<u32>(last, 12) & 255) == WEAK_SSN ? 0 : <usize>load<u32>(last, 8);
}

/**
 * Findings that overlap become one, so that no piece of either is left over; the longest names it.
 * A weak finding gives way to every other.
 */
export function emit(entity: u32, start: usize, end: usize): void {
  let kind = entity;
  let all: u32 = 1 << (8 + entity);
  let longest = end - start;
  while (count > first) {
    const last = findingAt(count - 1);
    const from = <usize>load<u32>(last, 4);
    const to = <usize>load<u32>(last, 8);
    if (to <= start) break;
    const lastKinds = load<u32>(last, 12);
    const lastKind = lastKinds & 255;
    if (lastKind != WEAK_SSN && entity == WEAK_SSN) return;
    count--;
    if (lastKind == WEAK_SSN && entity != WEAK_SSN) continue;
    all |= lastKinds & ~255;
    if (to - from > longest) { kind = lastKind; longest = to - from; }
    if (from < start) start = from;
    if (to > end) end = to;
  }
  if (count == capacity) unreachable();
  const entry = findingAt(count++);
  store<u32>(entry, token);
  store<u32>(entry, <u32>start, 4);
  store<u32>(entry, <u32>end, 8);
  store<u32>(entry, kind | all, 12);
}
