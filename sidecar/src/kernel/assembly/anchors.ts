// Personal data in texts: one pass over the bytes finds `@` and digits, checks run only there.
import { digits, jsonNumber, openDigits } from './digits';
import { email } from './email';
import { dropFindings, findingAt, findingCount, firstFinding, openFindings, openText } from './findings';
import { fold } from './fold';

/**
 * What the pass looks for. It comes from memory and not from constants because the compiler keeps loaded vectors
 * in registers, but makes constant ones anew in each round of a loop.
 */
const MARKS = memory.data<u8>([0x40, 0x30, 10, 0x5c, 0x25, 0x26]);

/**
 * Runs the detectors over a text. With `raw` it stops at the first byte that makes the text's view differ from
 * the text, and returns false. Reads up to 15 bytes past the end.
 */
function detect(low: usize, end: usize, raw: bool): bool {
  openDigits(low, end);
  const at = v128.load8_splat(MARKS), zero = v128.load8_splat(MARKS + 1), ten = v128.load8_splat(MARKS + 2);
  const backslash = v128.load8_splat(MARKS + 3), percent = v128.load8_splat(MARKS + 4), amp = v128.load8_splat(MARKS + 5);
  let carry: u32 = 0;
  for (let p = low; p < end; p += 16) {
    const v = v128.load(p);
    const isDigit = i8x16.lt_u(i8x16.sub(v, zero), ten);
    const isAt = i8x16.eq(v, at);
    // The high bit of a byte is the first bit of non-ASCII.
    const isSpecial = v128.or(v128.or(v, i8x16.eq(v, backslash)), v128.or(i8x16.eq(v, percent), i8x16.eq(v, amp)));
    if (!i8x16.bitmask(v128.or(v128.or(isDigit, isAt), isSpecial))) { carry = 0; continue; }
    let d = <u32>i8x16.bitmask(isDigit);
    let a = <u32>i8x16.bitmask(isAt);
    let special = raw ? <u32>i8x16.bitmask(isSpecial) : 0;
    if (end - p < 16) { const inside = (<u32>1 << <u32>(end - p)) - 1; d &= inside; a &= inside; special &= inside; }
    if (special) return false;
    const begins = d & ~(d << 1 | carry);
    carry = d >> 15;
    let here = begins | a;
    while (here) {
      const k = ctz(here);
      here &= here - 1;
      if (a >> k & 1) { email(p + k, low, end); continue; }
      // Most numbers in prose are short and alone: seen here, in the register.
      const after = k + ctz(~(d >> k));
      if (after <= 12 && after - k < 9 && (d >> (after + 1) & 7) == 0) continue;
      digits(p + k);
    }
  }
  return true;
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
    if (detect(start, end, true)) { rebase(base); continue; }
    dropFindings();
    const length = fold(start, end, view, true, base, 0, 0, 0);
    detect(view, view + <usize>length, false);
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
