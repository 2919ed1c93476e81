// The decoded, folded view of a text: what a person or another program would read in it.
// Every mapping yields at most as many bytes as its source has, so a view is never longer than its text.

/** Next source position, set by `unit` and `decode`. */
let next: usize = 0;
/** Where the view is written. */
let to: usize = 0;

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

/** Whether the characters from p on spell the ASCII literal; `next` is then behind it. */
function spells(p: usize, end: usize, literal: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    if (p >= end || decode(p, end) != <u32>load<u8>(literal + i)) return false;
    p = next;
  }
  next = p;
  return true;
}

const COMMAT = memory.data<u8>([99, 111, 109, 109, 97, 116, 59]);
const PERIOD = memory.data<u8>([112, 101, 114, 105, 111, 100, 59]);
const NBSP = memory.data<u8>([110, 98, 115, 112, 59]);
const HYPHEN = memory.data<u8>([104, 121, 112, 104, 101, 110, 59]);
const QUOT = memory.data<u8>([113, 117, 111, 116, 59]);

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
  if (c == 99) return spells(p, end, COMMAT, 7) ? 0x40 : 0;
  if (c == 112) return spells(p, end, PERIOD, 7) ? 0x2e : 0;
  if (c == 110) return spells(p, end, NBSP, 5) ? 0x20 : 0;
  if (c == 104) return spells(p, end, HYPHEN, 7) ? 0x2d : 0;
  if (c == 113) return spells(p, end, QUOT, 5) ? 0x22 : 0;
  return 0;
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
  let value: u32 = 0;
  for (let i = 0; i < 4; i++) {
    if (next >= end) return 0;
    const v = hexValue(decode(next, end));
    if (v < 0) return 0;
    value = value << 4 | <u32>v;
  }
  return (value & 0xf800) == 0xd800 ? 0 : value;
}

// --- folding ---

/** Zeros of the decimal digits of every script (Unicode 17, category Nd), ten in a row each. */
const ZEROS = memory.data<u32>([
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
  0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
  0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0,
  0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950,
  0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11de0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce,
  0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
]);
const ZERO_COUNT: u32 = 76;

function digitOf(cp: u32): i32 {
  let low: u32 = 0, high: u32 = ZERO_COUNT;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(ZEROS + (<usize>middle << 2)) <= cp) low = middle + 1; else high = middle;
  }
  if (low == 0) return -1;
  const d = cp - load<u32>(ZEROS + (<usize>(low - 1) << 2));
  return d < 10 ? <i32>d : -1;
}

/** The ASCII letter that U+2100–214F is a styled form of, 0 where there is none. */
const LETTERLIKE = memory.data<u8>([
  0, 0, 67, 0, 0, 0, 0, 0, 0, 0, 103, 72, 72, 72, 104, 0, 73, 73, 76, 108, 0, 78, 0, 0, 0, 80, 81, 82, 82, 82, 0, 0,
  0, 0, 0, 0, 90, 0, 0, 0, 90, 0, 75, 0, 66, 67, 0, 101, 69, 70, 0, 77, 111, 0, 0, 0, 0, 105, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 68, 100, 101, 105, 106, 0, 0, 0, 0, 0, 0,
]);

/** Characters without width or ink, which split a value for a program and not for a reader. */
function invisible(cp: u32): bool {
  if (cp < 0x300) return cp == 0xad;
  if (cp < 0x2000) {
    return cp == 0x34f || cp == 0x61c || cp == 0x115f || cp == 0x1160 || cp == 0x17b4 || cp == 0x17b5 ||
      (cp >= 0x180b && cp <= 0x180f);
  }
  if (cp < 0x3000) {
    return (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) ||
      cp == 0x20e3;
  }
  return cp == 0x3164 || (cp >= 0xfe00 && cp <= 0xfe0f) || cp == 0xfeff || cp == 0xffa0 ||
    (cp >= 0xfff9 && cp <= 0xfffb) || (cp >= 0x1bca0 && cp <= 0x1bca3) || (cp >= 0x1d173 && cp <= 0x1d17a) ||
    (cp >= 0xe0000 && cp <= 0xe0fff);
}

/** The ASCII character that this one is a compatible or confusable form of; 0: none, 1: drop it. */
function ascii(cp: u32): u32 {
  if (cp < 0x20) return cp == 9 || cp == 10 || cp == 13 ? cp : cp == 11 || cp == 12 ? 10 : 1;
  if (cp < 0x7f) return cp;
  if (cp < 0xa0) return cp == 0x85 ? 10 : 1;
  if (cp == 0xa0) return 0x20;
  if (invisible(cp)) return 1;
  if (cp < 0x2000) {
    if (cp == 0xb2) return 0x32;
    if (cp == 0xb3) return 0x33;
    if (cp == 0xb9) return 0x31;
    if (cp == 0x2d7 || cp == 0x58a || cp == 0x1806) return 0x2d;
    if (cp == 0x1680) return 0x20;
    if (cp < 0x660) return 0;
    const d = digitOf(cp);
    return d < 0 ? 0 : <u32>(48 + d);
  }
  if (cp <= 0x2fff) return symbol(cp);
  if (cp == 0x3000) return 0x20;
  if (cp == 0x3002 || cp == 0xff61) return 0x2e;
  if (cp >= 0xff01 && cp <= 0xff5e) return cp - 0xfee0;
  if (cp == 0xfe52) return 0x2e;
  if (cp == 0xfe58 || cp == 0xfe63) return 0x2d;
  if (cp == 0xfe6b) return 0x40;
  if (cp >= 0x1d400 && cp <= 0x1d6a3) {
    const l = (cp - 0x1d400) % 52;
    return l < 26 ? 65 + l : 71 + l;
  }
  const d = digitOf(cp);
  return d < 0 ? 0 : <u32>(48 + d);
}

function symbol(cp: u32): u32 {
  if (cp <= 0x200a || cp == 0x202f || cp == 0x205f) return 0x20;
  if (cp <= 0x2015 || cp == 0x2043 || cp == 0x2212 || cp == 0x207b || cp == 0x208b || cp == 0x2796) return 0x2d;
  if (cp == 0x2024) return 0x2e;
  if (cp == 0x2028 || cp == 0x2029) return 10;
  if (cp == 0x2070 || (cp >= 0x2074 && cp <= 0x2079)) return cp - 0x2070 + 48;
  if (cp >= 0x2080 && cp <= 0x2089) return cp - 0x2080 + 48;
  if (cp >= 0x2100 && cp <= 0x214f) return <u32>load<u8>(LETTERLIKE + (cp - 0x2100));
  if (cp >= 0x2460 && cp <= 0x2468) return cp - 0x2460 + 49;
  if (cp == 0x24ea) return 48;
  if (cp >= 0x24b6 && cp <= 0x24cf) return cp - 0x24b6 + 65;
  if (cp >= 0x24d0 && cp <= 0x24e9) return cp - 0x24d0 + 97;
  return 0;
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

/** Writes the view of the unit at p: one character of the text, however it is spelled. Sets `next`. */
function unit(p: usize, end: usize, folded: bool): void {
  let cp = decode(p, end);
  if (!folded) { putUtf8(cp); return; }
  const single = next;
  if (cp == 0x25 || cp == 0x26 || cp == 0x5c) {
    const meant = cp == 0x25 ? percent(single, end) : cp == 0x26 ? entity(single, end) : secondLayer(single, end);
    if (meant) cp = meant; else next = single;
  }
  const c = ascii(cp);
  if (c > 1) put(c);
  else if (c == 0 && cp != 0xfffd) putUtf8(cp);
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
    unit(p, end, folded);
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
