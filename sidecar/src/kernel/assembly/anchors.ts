// Personal data in texts: one pass over the bytes finds `@`, digits, long tokens and assignments. Addresses, cards and
// social security numbers are settled here; the other places are noted as anchors for the host.
import { isNamed } from './context';
import { digits, jsonNumber, openDigits } from './digits';
import { email } from './email';
import { dropFindings, findingAt, findingCount, firstFinding, openFindings, openText } from './findings';
import { fold } from './fold';
import { signsIn } from './signs';

/**
 * What the pass looks for. It comes from memory and not from constants because the compiler keeps loaded vectors
 * in registers, but makes constant ones anew in each round of a loop.
 */
const MARKS = memory.data<u8>([0x40, 0x30, 10, 0x5c, 0x25, 0x26, 0x20, 0x61, 26, 0x2b, 15, 0x5f, 0x3d, 0x3a, 0x73, 0x77, 0x76]);

/** Kinds of anchors; the host knows them by these numbers. An anchor is a kind in the top three bits and a place. */
const DIGITS: u32 = 1 << 29;
/** At the last byte of a run of letters, digits and `+,-./_=`. */
const LONG: u32 = 2 << 29;
/** At a `:` or `=`. */
const ASSIGN: u32 = 3 << 29;
/** At the second `s` of `password`, or the `V` of `PRIVATE KEY`: a secret may follow. */
const WORD: u32 = 4 << 29;
const ASSWORD: u64 = 0x64726f77737361;
const PRIVATE: u64 = 0x2045544156495250;
const KEY: u32 = 0x59454b;
/** Shorter runs are words. */
const LONG_RUN: u32 = 14;
/** A text that may be nothing but a number. */
const SHORT_TEXT: usize = 40;

let anchors: usize = 0;
let origin: usize = 0;

@inline function anchor(kind: u32, place: usize): void {
  store<u32>(anchors, kind | <u32>(place - origin));
  anchors += 4;
}

/** Longest password that a sentence tells. */
const LONGEST_SAID: usize = 64;

/** Whether the word that begins at p has a digit. Sets `wordEnd`. */
function hasDigit(p: usize, end: usize): bool {
  const limit = end - p > LONGEST_SAID ? p + LONGEST_SAID : end;
  let found = false;
  for (; p < limit && load<u8>(p) > 0x20; p++) if (<u32>load<u8>(p) - 0x30 < 10) found = true;
  wordEnd = p;
  return found;
}
let wordEnd: usize = 0;

/** Whether a word with a digit follows the one that ends at p, maybe behind `is` or `was`: no other is a password. */
function saysPassword(p: usize, end: usize): bool {
  if (p >= end || load<u8>(p) != 0x20) return false;
  if (hasDigit(p + 1, end)) return true;
  return wordEnd - p <= 4 && wordEnd < end && load<u8>(wordEnd) == 0x20 && hasDigit(wordEnd + 1, end);
}

/** Whether the `sw` or `va` at p, in whatever case, is a part of a word that announces a secret. */
function isSecretWord(p: usize, low: usize, end: usize): bool {
  if (p - low >= 2 && end - p >= 5 && (load<u64>(p - 2) & 0xffffffffffffff) == ASSWORD) return saysPassword(p + 5, end);
  return p - low >= 3 && end - p >= 8 && load<u64>(p - 3) == PRIVATE && (load<u32>(p, 5) & 0xffffff) == KEY;
}

/**
 * Runs the detectors over a text. With `raw` it stops at the first byte that makes the text's view differ from
 * the text, and returns false. Reads up to 15 bytes past the end.
 */
function detect(low: usize, end: usize, raw: bool): bool {
  openDigits(low, end);
  const at = v128.load8_splat(MARKS), zero = v128.load8_splat(MARKS + 1), ten = v128.load8_splat(MARKS + 2);
  const backslash = v128.load8_splat(MARKS + 3), percent = v128.load8_splat(MARKS + 4), amp = v128.load8_splat(MARKS + 5);
  const small = v128.load8_splat(MARKS + 6), a = v128.load8_splat(MARKS + 7), letters = v128.load8_splat(MARKS + 8);
  const plus = v128.load8_splat(MARKS + 9), signs = v128.load8_splat(MARKS + 10), underscore = v128.load8_splat(MARKS + 11);
  const equals = v128.load8_splat(MARKS + 12), colon = v128.load8_splat(MARKS + 13);
  const s = v128.load8_splat(MARKS + 14), w = v128.load8_splat(MARKS + 15), letterV = v128.load8_splat(MARKS + 16);
  let carry: u32 = 0;
  let carriedLetter: u32 = 0;
  let carriedSign: u32 = 0;
  let run: u32 = 0;
  for (let p = low; p < end; p += 16) {
    const v = v128.load(p);
    const isDigit = i8x16.lt_u(i8x16.sub(v, zero), ten);
    const isAt = i8x16.eq(v, at);
    const lower = v128.or(v, small);
    const isLetter = i8x16.lt_u(i8x16.sub(lower, a), letters);
    const lowerNext = v128.or(v128.load(p, 1), small);
    const isWord = v128.or(
      v128.and(i8x16.eq(lower, s), i8x16.eq(lowerNext, w)),
      v128.and(i8x16.eq(lower, letterV), i8x16.eq(lowerNext, a)),
    );
    const isEquals = i8x16.eq(v, equals);
    const isSign = v128.or(isEquals, i8x16.eq(v, colon));
    // `+,-./` and the digits stand in a row.
    const isToken = v128.or(v128.or(isLetter, i8x16.lt_u(i8x16.sub(v, plus), signs)), v128.or(i8x16.eq(v, underscore), isEquals));
    // The high bit of a byte is the first bit of non-ASCII.
    const isSpecial = v128.or(v128.or(v, i8x16.eq(v, backslash)), v128.or(i8x16.eq(v, percent), i8x16.eq(v, amp)));
    let token = <u32>i8x16.bitmask(isToken);
    const inside: u32 = end - p < 16 ? (<u32>1 << <u32>(end - p)) - 1 : 0xffff;
    token &= inside;
    let seen: u32 = 0;
    if (token == 0xffff) run += 16;
    else {
      const lead = ctz(~token);
      if (run + lead >= LONG_RUN) seen = 1;
      else run = 0;
      if (!seen) run = clz(~(token << 16));
    }
    if (!(<u32>i8x16.bitmask(v128.or(v128.or(isDigit, isAt), v128.or(v128.or(isSpecial, isWord), isSign))) | seen)) {
      carry = 0;
      carriedSign = 0;
      carriedLetter = <u32>i8x16.bitmask(isLetter) >> 15;
      continue;
    }
    if (seen) {
      const lead = ctz(~token);
      anchor(LONG, p + lead - 1);
      run = clz(~(token << 16));
    }
    const d = <u32>i8x16.bitmask(isDigit) & inside;
    const ats = <u32>i8x16.bitmask(isAt) & inside;
    const sign = <u32>i8x16.bitmask(isSign) & inside;
    const letter = <u32>i8x16.bitmask(isLetter) & inside;
    if (raw && (<u32>i8x16.bitmask(isSpecial) & inside)) return false;
    const begins = d & ~(d << 1 | carry);
    const letterBefore = letter << 1 | carriedLetter;
    const signs1 = sign & ~(sign << 1 | carriedSign);
    carry = d >> 15;
    carriedLetter = letter >> 15;
    carriedSign = sign >> 15;
    const word = <u32>i8x16.bitmask(isWord) & inside;
    let here = begins | ats | signs1 | word;
    while (here) {
      const k = ctz(here);
      here &= here - 1;
      if (ats >> k & 1) { email(p + k, low, end); continue; }
      if (sign >> k & 1) { anchor(ASSIGN, p + k); continue; }
      if (word >> k & 1) { if (isSecretWord(p + k, low, end)) anchor(WORD, p + k); continue; }
      // Most numbers in prose are short and alone: seen here, in the register.
      let size = ctz(~(d >> k));
      let near = d >> (k + size + 1) & 7;
      let letterAfter = letter >> (k + size) & 1;
      if (k + size > 12) {
        const next = v128.load(p + k);
        const left: u32 = end - p - k < 16 ? (<u32>1 << <u32>(end - p - k)) - 1 : 0xffff;
        const following = <u32>i8x16.bitmask(i8x16.lt_u(i8x16.sub(next, zero), ten)) & left;
        size = ctz(~following);
        near = size < 13 ? following >> (size + 1) & 7 : 1;
        letterAfter = (<u32>i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.or(next, small), a), letters)) & left) >> size & 1;
      }
      const touched = (letterBefore >> k & 1) | letterAfter;
      if (near == 0 && size < 9) {
        // Five to eight digits alone are something only where words say so; a short text may be named from outside.
        if (touched || (size >= 5 && (end - low <= SHORT_TEXT || isNamed(p + k, p + k + size, low, end)))) anchor(DIGITS, p + k);
        continue;
      }
      anchor(DIGITS, p + k);
      digits(p + k);
    }
  }
  if (run >= LONG_RUN) anchor(LONG, end - 1);
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
 * Looks for personal data in parts of the text at `base`. `ranges`: `count` entries of 16 bytes (token, start, end,
 * 1 for a JSON number). `out`: room for `capacity` findings; returns how many. `marks`: room for five anchors (u32) per
 * four bytes of text and one per part. `views`: room for the parts and 32 bytes each. `signs`: room for a u32 per part,
 * which says what signs it has.
 *
 * The entries are replaced: where the text that was looked at begins and ends (the part itself, or its view), the
 * number of anchors and the number of findings up to here. All places are offsets from `base`.
 */
export function findPersonalData(base: usize, ranges: usize, count: u32, views: usize, out: usize, capacity: u32, marks: usize, signs: usize): u32 {
  openFindings(out, capacity);
  anchors = marks;
  origin = base;
  for (let i: u32 = 0; i < count; i++, ranges += 16) {
    const start = base + <usize>load<u32>(ranges, 4);
    const end = base + <usize>load<u32>(ranges, 8);
    let from = start, to = end;
    const before = anchors;
    openText(load<u32>(ranges));
    const isNumber = load<u32>(ranges, 12);
    store<u32>(signs + (<usize>i << 2), isNumber ? 0 : signsIn(start, end));
    if (isNumber) jsonNumber(start, end);
    else if (!detect(start, end, true)) {
      dropFindings();
      anchors = before;
      from = views;
      to = views + <usize>fold(start, end, views, true, base, 0, 0, 0);
      detect(from, to, false);
      views = to + 32;
    }
    rebase(base);
    store<u32>(ranges, <u32>(from - base));
    store<u32>(ranges, <u32>(to - base), 4);
    store<u32>(ranges, <u32>((anchors - marks) >> 2), 8);
    store<u32>(ranges, findingCount(), 12);
  }
  return findingCount();
}

/** Turns ranges of a text's folded view into ranges of the text, as `locateDecoded` does for the decoded text. */
export function locateFolded(start: usize, end: usize, view: usize, pairs: usize, count: u32): void {
  fold(start, end, view, true, start, pairs, count, 8);
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
