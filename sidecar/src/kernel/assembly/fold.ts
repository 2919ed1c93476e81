// The decoded, folded view of a text: what a person or another program would read in it.
// Every mapping yields at most as many bytes as its source has, so a view is never longer than its text.

import { CYRILLIC, GREEK, RUN_COUNT, RUNS } from './look-alikes';

/** Next source position, set by `unit` and `decode`. */
let next: usize = 0;
/** Where the view is written, and where it begins. */
let to: usize = 0;
let first: usize = 0;

@inline export function after(): usize { return next; }

@inline function hexValue(c: u32): i32 {
  if (c - 48 < 10) return <i32>(c - 48);
  const l = c | 32;
  return l >= 97 && l <= 102 ? <i32>(l - 87) : -1;
}

/** Four hexadecimal digits at p, or -1. */
function hex4(p: usize, end: usize): i32 {
  if (p + 4 > end) return -1;
  const a = hexValue(load<u8>(p)), b = hexValue(load<u8>(p, 1)), c = hexValue(load<u8>(p, 2)), d = hexValue(load<u8>(p, 3));
  return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

/** Code point of the UTF-8 sequence at p; a byte that begins none is U+FFFD and stands alone. */
export function utf8(p: usize, end: usize): u32 {
  const c = <u32>load<u8>(p);
  next = p + 1;
  if (c < 0x80) return c;
  if (c < 0xc2 || c > 0xf4) return 0xfffd;
  const size: usize = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  if (p + size > end) return 0xfffd;
  let cp: u32 = c & (<u32>0x7f >> <u32>size);
  for (let i: usize = 1; i < size; i++) {
    const b = <u32>load<u8>(p + i);
    if ((b & 0xc0) != 0x80) return 0xfffd;
    cp = cp << 6 | (b & 0x3f);
  }
  next = p + size;
  return cp;
}

/** One character of the JSON string text at p, escapes decoded. A backslash that begins no escape stands for itself. */
function decode(p: usize, end: usize): u32 {
  const c = <u32>load<u8>(p);
  if (c != 0x5c) return utf8(p, end);
  next = p + 1;
  if (p + 1 >= end) return c;
  const e = <u32>load<u8>(p, 1);
  next = p + 2;
  switch (e) {
    case 0x22: case 0x5c: case 0x2f: return e;
    case 0x6e: return 10;
    case 0x74: return 9;
    case 0x72: return 13;
    case 0x62: return 8;
    case 0x66: return 12;
    case 0x75: {
      const high = hex4(p + 2, end);
      if (high >= 0) {
        next = p + 6;
        if ((high & 0xfc00) == 0xd800 && p + 12 <= end && load<u16>(p, 6) == 0x755c) {
          const low = hex4(p + 8, end);
          if ((low & 0xfc00) == 0xdc00) { next = p + 12; return 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff)); }
        }
        return (high & 0xf800) == 0xd800 ? 0xfffd : <u32>high;
      }
    }
  }
  next = p + 1;
  return c;
}

// --- encodings of one character by several: percent, HTML entities, a second layer of JSON escapes ---

/**
 * HTML's names of characters that stand in values (HTML standard, section 13.5): length, what it stands for, name. None
 * is longer than {@link LONGEST_NAME}; a zero ends the list.
 */
const NAMES = memory.data<u8>([
  3, 0x26, 97, 109, 112,
  6, 0x40, 99, 111, 109, 109, 97, 116,
  6, 0x2e, 112, 101, 114, 105, 111, 100,
  4, 0x20, 110, 98, 115, 112,
  4, 0x20, 101, 110, 115, 112,
  4, 0x20, 101, 109, 115, 112,
  6, 0x20, 116, 104, 105, 110, 115, 112,
  6, 0x2d, 104, 121, 112, 104, 101, 110,
  4, 0x2d, 100, 97, 115, 104,
  5, 0x2d, 110, 100, 97, 115, 104,
  5, 0x2d, 109, 100, 97, 115, 104,
  5, 0x2d, 109, 105, 110, 117, 115,
  4, 0x22, 113, 117, 111, 116,
  4, 0x27, 97, 112, 111, 115,
  5, 0x3a, 99, 111, 108, 111, 110,
  4, 0x3b, 115, 101, 109, 105,
  3, 0x2f, 115, 111, 108,
  6, 0x5f, 108, 111, 119, 98, 97, 114,
  4, 0x2b, 112, 108, 117, 115,
  6, 0x3d, 101, 113, 117, 97, 108, 115,
  4, 0x28, 108, 112, 97, 114,
  4, 0x29, 114, 112, 97, 114,
  5, 0x2c, 99, 111, 109, 109, 97,
  3, 0x23, 110, 117, 109,
  3, 1, 115, 104, 121,
  3, 1, 122, 119, 106,
  4, 1, 122, 119, 110, 106,
  14, 1, 90, 101, 114, 111, 87, 105, 100, 116, 104, 83, 112, 97, 99, 101,
  3, 9, 84, 97, 98,
  7, 10, 78, 101, 119, 76, 105, 110, 101,
  0,
]);
const LONGEST_NAME: u32 = 14;
const NAME = memory.data(16);

/** The character that the name from `c` on stands for, up to its semicolon; 0: none that is known. `next` is then behind it. */
function named(c: u32, end: usize): u32 {
  let length: u32 = 0;
  while ((c | 32) - 97 < 26 && length < LONGEST_NAME) {
    store<u8>(NAME + length++, <u8>c);
    if (next >= end) return 0;
    c = decode(next, end);
  }
  if (c != 0x3b) return 0;
  for (let p = NAMES; load<u8>(p); p += 2 + load<u8>(p)) {
    if (load<u8>(p) == length && memory.compare(p + 2, NAME, length) == 0) return <u32>load<u8>(p, 1);
  }
  return 0;
}

/** Behind `&`: the character that an HTML reference stands for, or 0. */
function entity(p: usize, end: usize): u32 {
  if (p >= end) return 0;
  const c = decode(p, end);
  if (c == 0x23) {
    let q = next;
    if (q >= end) return 0;
    let d = decode(q, end);
    const hex = (d | 32) == 0x78;
    if (hex) { q = next; if (q >= end) return 0; d = decode(q, end); }
    let value: u32 = 0;
    for (let i = 0; i < 8; i++) {
      const v = hexValue(d);
      if (v < 0 || (!hex && v > 9)) {
        // Browsers take the reference without its semicolon too.
        if (i == 0) return 0;
        if (d != 0x3b) next = q;
        return value < 0x110000 && (value & 0xfffff800) != 0xd800 ? value : 0;
      }
      value = hex ? value << 4 | <u32>v : value * 10 + <u32>v;
      q = next;
      if (q >= end) return value < 0x110000 && (value & 0xfffff800) != 0xd800 ? value : 0;
      d = decode(q, end);
    }
    return 0;
  }
  return named(c, end);
}

/** Behind `%`: the printable ASCII character that two hexadecimal digits stand for, or 0. */
function percent(p: usize, end: usize): u32 {
  if (p >= end) return 0;
  const high = hexValue(decode(p, end));
  if (high < 2 || high > 7 || next >= end) return 0;
  const low = hexValue(decode(next, end));
  if (low < 0) return 0;
  const value = <u32>(high << 4 | low);
  return value < 0x7f ? value : 0;
}

/** Behind a backslash that is text: what it escapes when the text is itself JSON or code, or 0. */
function secondLayer(p: usize, end: usize): u32 {
  if (p >= end) return 0;
  const c = decode(p, end);
  if (c == 0x6e) return 10;
  if (c == 0x74) return 9;
  if (c == 0x72) return 13;
  if (c != 0x75) return 0;
  const high = hexUnit(next, end);
  if ((high & 0xfffffc00) != 0xd800) return high > 0xffff || (high & 0xf800) == 0xd800 ? 0 : high;
  if (next >= end || decode(next, end) != 0x5c || next >= end || decode(next, end) != 0x75) return 0;
  const low = hexUnit(next, end);
  return (low & 0xfffffc00) == 0xdc00 ? 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff)) : 0;
}

/** Four hexadecimal digits that may themselves be escaped, or u32.MAX_VALUE. */
function hexUnit(p: usize, end: usize): u32 {
  let value: u32 = 0;
  next = p;
  for (let i = 0; i < 4; i++) {
    if (next >= end) return u32.MAX_VALUE;
    const v = hexValue(decode(next, end));
    if (v < 0) return u32.MAX_VALUE;
    value = value << 4 | <u32>v;
  }
  return value;
}

// --- folding ---

/** One bit for each 16 characters that have a run of look-alikes: most of any script have none. */
const BLOCKS = memory.data(0x11000 / 8);
for (let i: u32 = 0; i < RUN_COUNT; i++) {
  const run = RUNS + (<usize>i << 3);
  const from = load<u32>(run);
  for (let block = from >> 4; block <= (from + (load<u32>(run, 4) >> 9) - 1) >> 4; block++) {
    store<u8>(BLOCKS + (block >> 3), load<u8>(BLOCKS + (block >> 3)) | <u8>(<u32>1 << (block & 7)));
  }
}

@inline function hasLookAlikes(cp: u32): bool { return (load<u8>(BLOCKS + (cp >> 7)) >> (cp >> 4 & 7) & 1) != 0; }

/** The ASCII character that this one stands for; 0: it stands for itself, 1: for nothing. */
function ascii(cp: u32): u32 {
  if (cp < 0x80) {
    if (cp >= 0x20) return cp == 0x7f ? 1 : cp;
    return cp == 9 || cp == 10 || cp == 13 ? cp : cp == 11 || cp == 12 ? 10 : 1;
  }
  if (!hasLookAlikes(cp)) return 0;
  let low: u32 = 0, high: u32 = RUN_COUNT;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(RUNS + (<usize>middle << 3)) <= cp) low = middle + 1; else high = middle;
  }
  if (low == 0) return 0;
  const run = RUNS + (<usize>(low - 1) << 3);
  const place = cp - load<u32>(run);
  const meaning = load<u32>(run, 4);
  if (place >= meaning >> 9) return 0;
  return (meaning & 0xff) + (meaning & 0x100 ? place : 0);
}

@inline function put(c: u32): void { store<u8>(to, c); to++; }

function putUtf8(cp: u32): void {
  if (cp < 0x80) { put(cp); return; }
  if (cp < 0x800) put(0xc0 | cp >> 6);
  else {
    if (cp < 0x10000) put(0xe0 | cp >> 12);
    else { put(0xf0 | cp >> 18); put(0x80 | (cp >> 12 & 0x3f)); }
    put(0x80 | (cp >> 6 & 0x3f));
  }
  put(0x80 | (cp & 0x3f));
}

@inline function inWord(c: u32): bool { return (c | 32) - 97 < 26 || c - 48 < 10 || c == 0x5f; }

/** The Latin letter that a letter of another alphabet looks like, or 0. */
@inline function likeLatin(cp: u32): u32 {
  if (cp - 0x400 < 96) return <u32>load<u8>(CYRILLIC + (cp - 0x400));
  return cp - 0x391 < 57 ? <u32>load<u8>(GREEK + (cp - 0x391)) : 0;
}

/** Characters that a word is looked at ahead: so many look-alikes may stand before its first letter in ASCII. */
const AHEAD: i32 = 8;

/** The same where the word around is in ASCII, else 0. Keeps `next`. */
function inLatinWord(cp: u32, end: usize): u32 {
  const like = likeLatin(cp);
  if (!like) return 0;
  const before: u32 = to > first ? <u32>load<u8>(to - 1) : 0x20;
  if (inWord(before)) return like;
  if (before >= 0x80) return 0;
  const behind = next;
  let meant: u32 = 0;
  for (let i = 0; i < AHEAD && next < end; i++) {
    const c = decode(next, end);
    if (likeLatin(c)) continue;
    if (inWord(c)) meant = like;
    break;
  }
  next = behind;
  return meant;
}

/** Whether a character beyond ASCII may stand for another one. Within a word of its own alphabet a letter does not. */
@inline function mayMeanAnother(cp: u32): bool {
  return hasLookAlikes(cp) || isTag(cp) || (likeLatin(cp) != 0 && !(to > first && load<u8>(to - 1) >= 0x80));
}

@inline function isTag(cp: u32): bool { return cp - 0xe0020 < 0x5f; }

/** Whether the unit before was a tag. */
let wasTag: bool = false;

/** Tags in a row are a text of their own; one alone is a character without width. Keeps `next`. */
function tag(cp: u32, end: usize): u32 {
  const behind = next;
  const inRow = wasTag || (next < end && isTag(decode(next, end)));
  next = behind;
  wasTag = true;
  return inRow ? cp - 0xe0000 : 1;
}

/** Writes the view of the unit at p: one character of the text, however it is spelled. Sets `next`. */
function unit(p: usize, end: usize, folded: bool): void {
  let cp = decode(p, end);
  if (!folded) { putUtf8(cp); return; }
  const single = next;
  if (cp == 0x25 || cp == 0x26 || cp == 0x5c) {
    const meant = cp == 0x25 ? percent(single, end) : cp == 0x26 ? entity(single, end) : secondLayer(single, end);
    if (meant) cp = meant; else next = single;
  }
  let c: u32;
  if (isTag(cp)) c = tag(cp, end);
  else { c = ascii(cp); wasTag = false; }
  if (c > 1) put(c);
  else if (c == 0 && cp != 0xfffd) {
    const latin = inLatinWord(cp, end);
    if (latin) put(latin); else putUtf8(cp);
  }
  // A broken sequence is a wall: no value goes through it.
  else if (c == 0) put(0);
}

/** What needs more than copying, beside non-ASCII: a backslash, `%`, `&`. In memory for the reason given in anchors.ts. */
const MARKS = memory.data<u8>([0x5c, 0x25, 0x26]);

/**
 * Writes the view of [p, end) to `view` and returns its length; `view` needs 16 bytes more than the text has.
 *
 * With `pairs` it also turns half-open ranges of the view into ranges of the text, in place: `pairs` points to
 * a start and an end (u32, relative to `view`), followed by the next after `stride` bytes; they must be
 * ascending, disjoint and not empty. What comes out is relative to `base` and covers whole units.
 */
export function fold(p: usize, end: usize, view: usize, folded: bool, base: usize, pairs: usize, count: u32, stride: u32): u32 {
  to = view;
  first = view;
  wasTag = false;
  let wantStart = true;
  let left = count;
  let target: usize = left ? view + <usize>load<u32>(pairs) : usize.MAX_VALUE;
  const backslash = v128.load8_splat(MARKS), percent = v128.load8_splat(MARKS + 1), amp = v128.load8_splat(MARKS + 2);
  while (p < end) {
    const v = v128.load(p);
    const special = v128.or(v128.or(v, i8x16.eq(v, backslash)), v128.or(i8x16.eq(v, percent), i8x16.eq(v, amp)));
    let k = <usize>ctz(i8x16.bitmask(special) | 0x10000);
    if (k > end - p) k = end - p;
    if (k) {
      wasTag = false;
      v128.store(to, v);
      // Copied bytes are units of one byte: positions differ by a constant.
      while (target < to + k) {
        const raw = <u32>(p + (target - to) - base);
        if (wantStart) { store<u32>(pairs, raw); target = view + <usize>load<u32>(pairs, 4) - 1; }
        else { store<u32>(pairs, raw + 1, 4); pairs += stride; left--; target = left ? view + <usize>load<u32>(pairs) : usize.MAX_VALUE; }
        wantStart = !wantStart;
      }
      to += k; p += k;
      if (k == 16) continue;
      if (p >= end) break;
    }
    const cp = load<u8>(p) < 0x80 ? 0xfffd : utf8(p, end);
    // A character that stands for itself is copied; one that is no character, or is U+FFFD, is not.
    if (cp != 0xfffd && !(folded && mayMeanAnother(cp))) {
      wasTag = false;
      store<u32>(to, load<u32>(p));
      to += next - p;
    } else unit(p, end, folded);
    const behind = next;
    while (target < to) {
      if (wantStart) { store<u32>(pairs, <u32>(p - base)); target = view + <usize>load<u32>(pairs, 4) - 1; }
      else { store<u32>(pairs, <u32>(behind - base), 4); pairs += stride; left--; target = left ? view + <usize>load<u32>(pairs) : usize.MAX_VALUE; }
      wantStart = !wantStart;
    }
    p = behind;
  }
  return <u32>(to - view);
}
