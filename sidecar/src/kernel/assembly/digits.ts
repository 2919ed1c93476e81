// Payment cards and US social security numbers among the digits of a view.
import { isNoCard } from './context';
import { CARD, emit, lastEnd, SSN, WEAK_SSN } from './findings';

@inline function isDigit(c: u32): bool { return c - 48 < 10; }
@inline function isLetter(c: u32): bool { return (c | 32) - 97 < 26; }
@inline function isAlnum(c: u32): bool { return c - 48 < 10 || (c | 32) - 97 < 26; }

const MOST_DIGITS: u32 = 19;
const MOST_GROUPS: u32 = 20;

// What separates two groups of digits: at most three of the characters below.
const NONE: u32 = 0;
const SPACE: u32 = 1;
/** A line break or tab. */
const LINE: u32 = 2;
const DASH: u32 = 3;
const DOT: u32 = 4;
/** Added to DASH and DOT when no white space stands beside them. */
const TIGHT: u32 = 8;

/** The groups from the one in hand on: start and end addresses, length, and the gap in front of each. */
const STARTS = memory.data(21 * 4, 4);
const ENDS = memory.data(21 * 4, 4);
const GAPS = memory.data(21 * 4, 4);
/** Their digits as numbers. 32 zeros stand in front, so that vectors can be aligned to the last digit. */
const DIGITS = memory.data(32 + 64, 16) + 32;
let groups: u32 = 0;
/** Digits in the groups together. */
let total: u32 = 0;

@inline function startOf(i: u32): usize { return <usize>load<u32>(STARTS + (<usize>i << 2)); }
@inline function endOf(i: u32): usize { return <usize>load<u32>(ENDS + (<usize>i << 2)); }
@inline function gapOf(i: u32): u32 { return load<u32>(GAPS + (<usize>i << 2)); }
@inline function sizeOf(i: u32): u32 { return <u32>(endOf(i) - startOf(i)); }
@inline function digit(i: u32): u32 { return <u32>load<u8>(DIGITS + i); }

let low: usize = 0;
let high: usize = 0;

/** Sets the text whose digits are looked at. */
export function openDigits(from: usize, to: usize): void {
  low = from;
  high = to;
  searched = from;
  lastWord = 0;
}

let gapSize: usize = 0;

/** The gap that begins at p and ends at a digit (`step` 1), or ends before p and begins behind a digit (`step` -1). */
function gap(p: usize, backwards: bool): u32 {
  let kind: u32 = NONE;
  let white = false;
  if (!backwards && p + 1 < high && load<u8>(p) == 0x20 && isDigit(load<u8>(p, 1))) { gapSize = 1; return SPACE; }
  for (let i: usize = 0; i < 4; i++) {
    if (backwards ? p - i <= low : p + i >= high) return NONE;
    const c = <u32>load<u8>(backwards ? p - i - 1 : p + i);
    if (isDigit(c)) { gapSize = i; return kind >= DASH && !white ? kind | TIGHT : kind; }
    if (i == 3) return NONE;
    if (c == 0x20) { white = true; if (kind == NONE) kind = SPACE; }
    else if (c == 10 || c == 13 || c == 9) { white = true; if (kind <= SPACE) kind = LINE; }
    else if (c == 0x2d) { if (kind == DOT) return NONE; kind = DASH; }
    else if (c == 0x2e) { if (kind >= DASH) return NONE; kind = DOT; }
    else return NONE;
  }
  return NONE;
}

/** End of the digits that begin at p; looks at most at so many more than a card has that it shows. */
function runEnd(p: usize): usize {
  const limit = high - p > MOST_DIGITS + 1 ? p + MOST_DIGITS + 1 : high;
  while (p < limit) {
    const digits = i8x16.lt_u(i8x16.sub(v128.load(p), i8x16.splat(0x30)), i8x16.splat(10));
    const size = <usize>ctz(~<u32>i8x16.bitmask(digits));
    p += size;
    if (size < 16) break;
  }
  return p < limit ? p : limit;
}

/** Reads the groups from the run at p on, as long as they have no more digits than a card. */
function readGroups(p: usize, end: usize): void {
  groups = 0;
  total = 0;
  let before: u32 = NONE;
  while (true) {
    const size = <u32>(end - p);
    if (total + size > MOST_DIGITS) return;
    store<u32>(STARTS + (<usize>groups << 2), <u32>p);
    store<u32>(ENDS + (<usize>groups << 2), <u32>end);
    store<u32>(GAPS + (<usize>groups << 2), before);
    // Copies 16 or 32 bytes at once; those behind the digits are written over or not read.
    v128.store(DIGITS + total, i8x16.sub(v128.load(p), i8x16.splat(0x30)));
    if (size > 16) v128.store(DIGITS + total + 16, i8x16.sub(v128.load(p + 16), i8x16.splat(0x30)));
    total += size;
    groups++;
    if (groups == MOST_GROUPS) return;
    before = gap(end, false);
    if (before == NONE) return;
    p = end + gapSize;
    end = runEnd(p);
  }
}

// --- cards ---

@inline function within(value: u32, from: u32, to: u32): bool { return value - from <= to - from; }

/** Whether an issuer gives out numbers that begin like DIGITS and have this many (ISO/IEC 7812 ranges, as published). */
function issued(length: u32): bool {
  const two = digit(0) * 10 + digit(1);
  const four = two * 100 + digit(2) * 10 + digit(3);
  const three = four / 10;
  const six = four * 100 + digit(4) * 10 + digit(5);
  switch (digit(0)) {
    case 0: return four == 604;
    // UATP; JCB's old range.
    case 1: return length == 15 && two != 10;
    // JCB's old range; Mastercard 2-series; Mir.
    case 2: return (length == 15 && four == 2131) || (length == 16 && within(four, 2221, 2720)) ||
      (length >= 16 && within(four, 2200, 2204));
    case 3:
      if (two == 34 || two == 37) return length == 15;
      if (within(three, 300, 305) || four == 3095 || two == 36 || two == 38 || two == 39) return within(length, 14, 19);
      // JCB: 3528 to 3589 is published, test numbers and older ranges use all of 35.
      return two == 35 && (length == 16 || (length > 16 && within(four, 3528, 3589)));
    case 4: return length == 13 || length == 16 || length == 18 || length == 19;
    case 5: return two == 50 || two >= 56 || (length == 16 && within(two, 51, 55));
    case 6:
      // Maestro, in all its lengths.
      if (two == 67 || four == 6304 || four == 6390) return true;
      // Discover, UnionPay, RuPay, InterPayment, InstaPayment, Hipercard, Elo.
      return length >= 16 && (two == 60 || two == 62 || two == 65 || two == 64 || within(three, 636, 639) || six == 627780);
    case 8: return length >= 16 && (two == 81 || two == 82);
    case 9: return length == 16 && four == 9792;
  }
  return false;
}

/** Whether some issuer's numbers begin with these two digits; says no to most of what cannot be a card. */
@inline function mayBegin(a: u32, b: u32, size: u32): bool {
  // UATP is looked for in one piece only: too many numbers begin with 1.
  if (a == 1) return size == 15 && b != 0;
  if (a == 2) return b <= 7;
  if (a == 8) return b == 1 || b == 2;
  return a != 7 && (a != 9 || b == 7) && (a != 0 || b == 6);
}

/** ISO/IEC 7812-1 Annex B: from the right, every second digit counts double, as the sum of its digits. */
function luhn(length: u32): bool {
  let sum: u32 = 0;
  for (let end = DIGITS + length; end > DIGITS; end -= 16) {
    const v = v128.load(end - 16);
    const twice = i8x16.add(v, v);
    const carried = v128.and(i8x16.gt_u(twice, i8x16.splat(9)), i8x16.splat(9));
    const counted = v128.bitselect(i8x16.sub(twice, carried), v, i16x8.splat(0xff));
    const pairs = i16x8.extadd_pairwise_i8x16_u(counted);
    const fours = i32x4.extadd_pairwise_i16x8_u(pairs);
    sum += i32x4.extract_lane(fours, 0) + i32x4.extract_lane(fours, 1) + i32x4.extract_lane(fours, 2) + i32x4.extract_lane(fours, 3);
  }
  return sum % 10 == 0;
}

/** Whether [s, e) is a piece of a hexadecimal number: letters touch it, and all of them are a to f. */
function inHex(s: usize, e: usize): bool {
  if (!(s > low && isAlnum(load<u8>(s - 1))) && !(e < high && isAlnum(load<u8>(e)))) return false;
  let touched = false;
  for (let p = s, i = 0; p > low && i < 64; p--, i++) {
    const c = <u32>load<u8>(p - 1);
    if (!isAlnum(c)) break;
    if (!isDigit(c)) { if ((c | 32) > 102) return false; touched = true; }
  }
  for (let p = e, i = 0; p < high && i < 64; p++, i++) {
    const c = <u32>load<u8>(p);
    if (!isAlnum(c)) break;
    if (!isDigit(c)) { if ((c | 32) > 102) return false; touched = true; }
  }
  return touched;
}

/** Whether nothing touches s from before: so many digits at the beginning of a hexadecimal number are no chance. */
@inline function begins(s: usize): bool { return !(s > low && isAlnum(load<u8>(s - 1))); }

@inline function ofUuid(c: u32): bool { return c == 0x2d || isAlnum(c); }

/** Whether [s, e) lies in a UUID (RFC 9562): 8-4-4-4-12 hexadecimal digits. */
function inUuid(s: usize, e: usize): bool {
  if (!((s > low && ofUuid(load<u8>(s - 1))) || (e < high && ofUuid(load<u8>(e))))) return false;
  const from = e >= low + 36 ? e - 36 : low;
  for (let u = from; u <= s && u + 36 <= high; u++) {
    if (load<u8>(u, 8) != 0x2d || load<u8>(u, 13) != 0x2d || load<u8>(u, 18) != 0x2d || load<u8>(u, 23) != 0x2d) continue;
    let i: usize = 0;
    for (; i < 36; i++) {
      if (i == 8 || i == 13 || i == 18 || i == 23) continue;
      const c = <u32>load<u8>(u + i);
      if (!isDigit(c) && (c | 32) - 97 >= 6) break;
    }
    if (i == 36 && !(u > low && isAlnum(load<u8>(u - 1))) && !(u + 36 < high && isAlnum(load<u8>(u + 36)))) return true;
  }
  return false;
}

/** Whether the run at s is the fraction of a decimal number, as in `0.4111…`. */
@inline function isFraction(s: usize): bool {
  return s >= low + 2 && load<u8>(s - 1) == 0x2e && isDigit(load<u8>(s - 2));
}

/** E.164 numbers have at most 15 digits, and a `+`. */
@inline function isPhone(s: usize, length: u32): bool {
  return length <= 15 && s > low && load<u8>(s - 1) == 0x2b;
}

function card(length: u32, s: usize, e: usize): bool {
  return issued(length) && luhn(length) && !isPhone(s, length) && ((length > 14 && begins(s)) || !inHex(s, e)) && !inUuid(s, e) &&
    // Maestro has all lengths: an article number of 13 digits begins and ends like one.
    (length > 14 || digit(0) < 5 || !isNoCard(s, e, low, high));
}

/** How many of the groups from the one in hand on, four digits or more each but the last, make a card; 0: none do. */
function cardGroups(emitting: bool): u32 {
  let length: u32 = 0;
  let found: u32 = 0;
  // Groups apart in different ways may be two numbers. They are one only if no card was found in them already.
  let mixed = false;
  const inside = emitting && lastEnd() > startOf(0);
  for (let i: u32 = 0; i < groups; i++) {
    length += sizeOf(i);
    if (i > 1 && gapOf(i) != gapOf(1)) mixed = true;
    // `4111 1111 1111 1111 219-45-…`: the group belongs to what follows.
    if (found && ties(gap(endOf(i), false))) break;
    const possible = length >= 12 && !(mixed && (inside || found)) && !(i == 0 && isFraction(startOf(0)));
    if (possible && card(length, startOf(0), endOf(i))) {
      found = i + 1;
      if (emitting) emit(CARD, startOf(0), endOf(i));
      // A number in one piece is whole.
      if (i == 0) break;
    }
    if (sizeOf(i) < 4) break;
  }
  return found;
}

/** `4 1 1 1 …`, `41 11 …`: a card in equal small groups, when nothing else of the kind stands around it. */
function spelledCard(): void {
  const size = sizeOf(0);
  let length = size;
  let i: u32 = 1;
  for (; i < groups; i++) {
    if ((gapOf(i) & 7) != (gapOf(1) & 7) || sizeOf(i) > size) break;
    length += sizeOf(i);
    if (sizeOf(i) < size) { i++; break; }
  }
  if (length < 12 || i < groups || gap(endOf(i - 1), false) != NONE || gap(startOf(0), true) != NONE) return;
  if (card(length, startOf(0), endOf(i - 1))) emit(CARD, startOf(0), endOf(i - 1));
}

// --- social security numbers ---

@inline function number(i: u32, size: u32): u32 {
  let value: u32 = 0;
  for (let k: u32 = 0; k < size; k++) value = value * 10 + digit(i + k);
  return value;
}

/** Area, group and serial that were never issued (SSA, before and after randomisation). */
function issuedSsn(): bool {
  const area = number(0, 3);
  return area != 0 && area != 666 && area < 900 && number(3, 2) != 0 && number(5, 4) != 0;
}

const SSN_WORD = memory.data<u8>([115, 115, 110]);
const SOCIAL = memory.data<u8>([115, 111, 99, 105, 97, 108]);
const SECURITY = memory.data<u8>([115, 101, 99, 117, 114, 105, 116, 121]);

@inline function says(p: usize, word: usize, length: usize, end: usize): bool {
  if (p + length > end) return false;
  for (let i: usize = 0; i < length; i++) if ((load<u8>(p + i) | 32) != load<u8>(word + i)) return false;
  return true;
}

/** Whether SSN or "social security" begins at p, as whole words. */
function namesSsn(p: usize): bool {
  if (p > low && isLetter(load<u8>(p - 1))) return false;
  if (says(p, SSN_WORD, 3, high)) {
    const q = p + 3 < high && (load<u8>(p + 3) | 32) == 115 ? p + 4 : p + 3;
    return q >= high || !isLetter(load<u8>(q));
  }
  if (!says(p, SOCIAL, 6, high)) return false;
  let q = p + 6;
  for (let i = 0; i < 3 && q < high && !isLetter(load<u8>(q)); i++) q++;
  return says(q, SECURITY, 8, high);
}

/** Bytes on either side in which a context word counts. */
const NEAR: usize = 48;
/** Context words that begin before here have been looked for. */
let searched: usize = 0;
/** Where the last context word before `searched` begins, or 0. */
let lastWord: usize = 0;

/** Whether a context word stands near [s, e). Asked in ascending order, it looks at each byte once. */
function hasContext(s: usize, e: usize): bool {
  const from = s - low > NEAR ? s - NEAR : low;
  const to = high - e > NEAR ? e + NEAR : high;
  for (let p = searched > from ? searched : from; p < to; p++) {
    if ((load<u8>(p) | 32) == 115 && namesSsn(p)) lastWord = p;
  }
  if (to > searched) searched = to;
  return lastWord != 0 && lastWord >= from;
}

/** In a row of numbers apart by spaces, three that look like an SSN are one only if their neighbours are no such numbers. */
function standsAlone(s: usize, e: usize): bool {
  if (gap(s, true) == SPACE) {
    const before = s - gapSize;
    if (lastEnd() == before) return true;
    let p = before;
    while (p > low && before - p < 5 && isDigit(load<u8>(p - 1))) p--;
    if (before - p < 5) return false;
  }
  if (gap(e, false) != SPACE) return true;
  const p = e + gapSize;
  const end = runEnd(p);
  if (end - p >= 5) return true;
  readGroups(p, end);
  return isSsnShape() || cardGroups(false) > 0;
}

@inline function isSsnShape(): bool { return groups >= 3 && sizeOf(0) == 3 && sizeOf(1) == 2 && sizeOf(2) == 4; }

/** Whether the gap ties digits into one longer number, as the dashes of an article number do. */
@inline function ties(kind: u32): bool { return (kind & TIGHT) != 0; }

function strongSsn(s: usize, e: usize): bool {
  const a = gapOf(1) & 7, b = gapOf(2) & 7;
  const spaced = a <= LINE && b <= LINE;
  if (spaced ? a == LINE && b == LINE : a != b) return false;
  if (ties(gap(s, true)) || ties(gap(e, false))) return false;
  if (s > low && isLetter(load<u8>(s - 1))) return false;
  if (e < high && isLetter(load<u8>(e))) return false;
  return !spaced || standsAlone(s, e);
}

function ssn(): void {
  let length: u32 = 0;
  let i: u32 = 0;
  while (i < groups && length < 9) length += sizeOf(i++);
  if (length != 9 || !issuedSsn()) return;
  const shape = i == 1 || (i == 2 && (sizeOf(0) == 3 || sizeOf(0) == 5)) || (i == 3 && sizeOf(0) == 3 && sizeOf(1) == 2);
  if (!shape) return;
  const s = startOf(0), e = endOf(i - 1);
  if (inHex(s, e) || isFraction(s) || inUuid(s, e)) return;
  // `standsAlone` reads other groups: nothing may look at these afterwards.
  const found = (i == 3 && strongSsn(s, e)) || hasContext(s, e);
  emit(found ? SSN : WEAK_SSN, s, e);
}

/** Looks at the digits that begin at p: what they and the groups behind them can be. Bounded work. */
export function digits(p: usize): void {
  const end = runEnd(p);
  const size = <u32>(end - p);
  if (size > MOST_DIGITS) return;
  if (size < 9 && gap(end, false) == NONE) return;
  // Fewer than three digits can only begin a card that is spelled in small groups, and not in the middle of it.
  if (size < 3 && gap(p, true) != NONE) return;
  const mayCard = size < 4 || mayBegin(load<u8>(p) - 48, load<u8>(p, 1) - 48, size);
  // What an SSN begins with.
  if (!mayCard && size != 5 && size != 9) return;
  readGroups(p, end);
  if (total < 9) return;
  if (size >= 4) cardGroups(true);
  else if (total >= 12) spelledCard();
  ssn();
}

/** Looks at a JSON number: a card as it is, nine digits by their field's name. */
export function jsonNumber(p: usize, end: usize): void {
  openDigits(p, end);
  if (p < end && load<u8>(p) == 0x2d) p++;
  const stop = runEnd(p);
  const size = <u32>(stop - p);
  if (size > MOST_DIGITS) return;
  let rest = stop;
  if (rest < end && load<u8>(rest) == 0x2e) { rest++; while (rest < end && load<u8>(rest) == 0x30) rest++; }
  if (rest != end) return;
  readGroups(p, stop);
  if (groups == 0) return;
  if (size >= 12 && card(size, p, stop)) emit(CARD, low, end);
  else if (size == 9 && issuedSsn()) emit(WEAK_SSN, low, end);
}
