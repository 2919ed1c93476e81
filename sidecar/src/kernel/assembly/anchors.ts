// Personal data in texts: one pass over the bytes finds `@` and digits, checks run only there.
import { digits, jsonNumber, openDigits } from './digits';
import { email } from './email';
import { findingAt, findingCount, firstFinding, openFindings, openText } from './findings';
import { fold, plain } from './fold';

/** Runs the detectors over a view. Reads up to 15 bytes past the end. */
function detect(low: usize, end: usize): void {
  openDigits(low, end);
  const at = i8x16.splat(0x40), zero = i8x16.splat(0x30), ten = i8x16.splat(10);
  let carry: u32 = 0;
  for (let p = low; p < end; p += 16) {
    const v = v128.load(p);
    let d = <u32>i8x16.bitmask(i8x16.lt_u(i8x16.sub(v, zero), ten));
    let a = <u32>i8x16.bitmask(i8x16.eq(v, at));
    if (end - p < 16) { const inside = (<u32>1 << <u32>(end - p)) - 1; d &= inside; a &= inside; }
    const begins = d & ~(d << 1 | carry);
    carry = d >> 15;
    let here = begins | a;
    while (here) {
      const k = ctz(here);
      here &= here - 1;
      if (a >> k & 1) email(p + k, low, end); else digits(p + k);
    }
  }
}

/** Turns the findings of one text from addresses into offsets. */
function rebase(base: usize): void {
  for (let i = firstFinding(); i < findingCount(); i++) {
    const entry = findingAt(i);
    store<u32>(entry, load<u32>(entry, 4) - <u32>base, 4);
    store<u32>(entry, load<u32>(entry, 8) - <u32>base, 8);
  }
}

/**
 * Finds personal data in parts of the text at `base`. `ranges`: `count` entries of 16 bytes (token, start, end,
 * 1 for a JSON number); `view`: room for the longest part and 64 bytes. Writes findings to `out` (room for
 * `capacity`) and returns how many: offsets into the text, ascending within a part, whole escapes only.
 */
export function findPersonalData(base: usize, ranges: usize, count: u32, view: usize, out: usize, capacity: u32): u32 {
  openFindings(out, capacity);
  for (let i: u32 = 0; i < count; i++, ranges += 16) {
    const start = base + <usize>load<u32>(ranges, 4);
    const end = base + <usize>load<u32>(ranges, 8);
    openText(load<u32>(ranges));
    if (load<u32>(ranges, 12)) { jsonNumber(start, end); rebase(base); continue; }
    if (plain(start, end)) { detect(start, end); rebase(base); continue; }
    const length = fold(start, end, view, true, base, 0, 0, 0);
    detect(view, view + <usize>length);
    const found = findingCount() - firstFinding();
    if (!found) continue;
    rebase(view);
    fold(start, end, view, true, base, findingAt(firstFinding()) + 4, found, 16);
  }
  return findingCount();
}

/** Writes the folded view of a text to `view` and returns its length. */
export function foldText(start: usize, end: usize, view: usize): u32 {
  return fold(start, end, view, true, start, 0, 0, 0);
}

/**
 * Turns ranges of a JSON string's decoded UTF-8 into ranges of its text [start, end), in place: `pairs` holds
 * `count` ascending, disjoint, non-empty ranges (two u32 each). `view` needs the text's length and 64 bytes.
 */
export function locateDecoded(start: usize, end: usize, view: usize, pairs: usize, count: u32): void {
  fold(start, end, view, false, start, pairs, count, 8);
}
