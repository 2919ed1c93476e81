// Scans of single tokens. Each takes a pointer into the input, returns the pointer after what it read, or 0
// after `fail`. None checks the input's end byte by byte: at least 64 zero bytes stand behind the input, a zero
// belongs to no token, and a vector load from inside the input reaches no further than the padding.
import * as T from './tape';

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
/** `\u` as two bytes in memory. */
const BACKSLASH_U: u16 = 0x755c;
/** Bits of the bytes 0x40 to 0x7f that may follow a backslash alone: \ b f n r t. */
const SIMPLE_ESCAPES: u64 =
  (1 << (0x5c - 0x40)) |
  (1 << (0x62 - 0x40)) |
  (1 << (0x66 - 0x40)) |
  (1 << (0x6e - 0x40)) |
  (1 << (0x72 - 0x40)) |
  (1 << (0x74 - 0x40));
/** Digits are one run while no more than this many characters stand between them. */
const REACH: usize = 3;
/** Two characters of four bytes. */
const WIDE_REACH: usize = 8;
const HIGH_BITS: u64 = 0x8080808080808080;
const ENOUGH: u32 = 7;

/** Value of a hexadecimal digit, 0xff for any other byte. */
const HEX = memory.data(256);
memory.fill(HEX, 0xff, 256);
for (let i: u32 = 0; i < 10; i++) store<u8>(HEX + 0x30 + i, <u8>i);
for (let i: u32 = 0; i < 6; i++) {
  store<u8>(HEX + 0x41 + i, <u8>(10 + i));
  store<u8>(HEX + 0x61 + i, <u8>(10 + i));
}

/**
 * What strings are searched for. It comes from memory and not from constants because the compiler keeps loaded
 * vectors in registers, but makes constant ones anew in each round of a loop.
 */
const MARKS = memory.data<u8>([0x22, 0x5c, 0x40, 0x1f, 0x30, 9, 0]);

let flags: u32 = 0;
let digitRun: u32 = 0;
/** Behind the last digit; moves along with escapes, so that an escape counts as one character. */
let digitEnd: usize = 0;

/** Flags of the string that was scanned last. */
export function scannedFlags(): u32 {
  return flags;
}

@inline
export function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

/** Four hexadecimal digits, or a value above 0xffff when one is none. */
@inline
export function hex4(p: usize): u32 {
  const a = <u32>load<u8>(HEX + load<u8>(p));
  const b = <u32>load<u8>(HEX + load<u8>(p, 1));
  const c = <u32>load<u8>(HEX + load<u8>(p, 2));
  const d = <u32>load<u8>(HEX + load<u8>(p, 3));
  // 0xff in any place sets a bit above the nibble.
  return (a | b | c | d) > 15 ? 0x10000 : (a << 12) | (b << 8) | (c << 4) | d;
}

/** Counts the digits of one block, whose places are the bits of `mask`. */
function countDigits(mask: u32, block: usize): void {
  if (flags & T.DIGITS) return;
  let at = block;
  while (mask) {
    const skip = ctz(mask);
    mask >>= skip;
    at += skip;
    const gap = at - digitEnd;
    // The eight bytes before the digit hold all of a wide gap; before a string's start stands the input's.
    if (gap > REACH && (gap > WIDE_REACH || (load<u64>(at - 8) & HIGH_BITS) == 0)) digitRun = 0;
    const length = ctz(~mask);
    digitRun += length;
    at += length;
    digitEnd = at;
    mask = length == 32 ? 0 : mask >> length;
  }
  if (digitRun >= ENOUGH) flags |= T.DIGITS;
}

/** The escapes of the form \uXXXX at `p`, all that follow each other. */
function scanUnicodeEscapes(p: usize): usize {
  const first = p;
  let count: usize = 0;
  do {
    const unit = hex4(p + 2);
    if (unit > 0xffff) return T.fail(T.BAD_ESCAPE, p);
    if ((unit & 0xf800) == 0xd800) {
      if (unit >= 0xdc00 || load<u16>(p, 6) != BACKSLASH_U) return T.fail(T.SURROGATE, p);
      if ((hex4(p + 8) & 0x1fc00) != 0xdc00) return T.fail(T.SURROGATE, p);
      p += 6;
    }
    p += 6;
    count++;
  } while (load<u16>(p) == BACKSLASH_U);
  flags |= T.UNICODE_ESCAPE;
  digitEnd += p - first - count;
  return p;
}

/** The escape at `p`, and the ones right behind it. */
@inline
function scanEscape(p: usize, end: usize): usize {
  flags |= T.ESCAPE;
  const byte = <u32>load<u8>(p, 1);
  if (byte == 0x75) return scanUnicodeEscapes(p);
  digitEnd++;
  if (byte >> 6 == 1 && (SIMPLE_ESCAPES >> (byte & 63)) & 1) return p + 2;
  if (byte == QUOTE || byte == 0x2f) return p + 2;
  return p + 1 >= end ? T.fail(T.ENDED, end) : T.fail(T.BAD_ESCAPE, p);
}

@inline
function masks(a: v128, b: v128): u32 {
  return <u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16);
}

/**
 * A string's content from behind its opening quote; returns where the closing quote stands.
 *
 * Blocks of 32 bytes without a stop (a quote, a backslash or a control character) and without a digit, which is
 * nearly all of prose, cost one branch.
 */
export function scanString(p: usize, end: usize): usize {
  flags = 0;
  digitRun = 0;
  digitEnd = 0;
  const quote = v128.load8_splat(MARKS);
  const backslash = v128.load8_splat(MARKS, 1);
  const at = v128.load8_splat(MARKS, 2);
  const control = v128.load8_splat(MARKS, 3);
  const zero = v128.load8_splat(MARKS, 4);
  const nine = v128.load8_splat(MARKS, 5);
  // Over all blocks without a stop: bytes whose sign bit is set, and places of an `@`.
  let high = v128.load8_splat(MARKS, 6);
  let ats = high;
  while (true) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const stopsA = v128.or(v128.or(i8x16.eq(a, quote), i8x16.eq(a, backslash)), i8x16.le_u(a, control));
    const stopsB = v128.or(v128.or(i8x16.eq(b, quote), i8x16.eq(b, backslash)), i8x16.le_u(b, control));
    const digitsA = i8x16.le_u(i8x16.sub(a, zero), nine);
    const digitsB = i8x16.le_u(i8x16.sub(b, zero), nine);
    const atsA = i8x16.eq(a, at);
    const atsB = i8x16.eq(b, at);
    if (!v128.any_true(v128.or(v128.or(stopsA, stopsB), v128.or(digitsA, digitsB)))) {
      high = v128.or(high, v128.or(a, b));
      ats = v128.or(ats, v128.or(atsA, atsB));
      p += 32;
      continue;
    }
    const stops = masks(stopsA, stopsB);
    // All bits when there is no stop.
    const below: u32 = (stops - 1) & ~stops;
    const digits = masks(digitsA, digitsB) & below;
    if (digits) countDigits(digits, p);
    if (masks(a, b) & below) flags |= T.NON_ASCII;
    if (masks(atsA, atsB) & below) flags |= T.AT;
    // Without a stop ctz is 32, the length of both blocks.
    p += ctz(stops);
    if (stops == 0) continue;
    const byte = <u32>load<u8>(p);
    if (byte == BACKSLASH) {
      p = scanEscape(p, end);
      if (p == 0) return 0;
      continue;
    }
    if (byte != QUOTE) return p >= end ? T.fail(T.ENDED, end) : T.fail(T.CONTROL, p);
    if (i8x16.bitmask(high)) flags |= T.NON_ASCII;
    if (v128.any_true(ats)) flags |= T.AT;
    return p;
  }
}

@inline
function skipDigits(p: usize): usize {
  while (isDigit(load<u8>(p))) p++;
  return p;
}

/** RFC 8259 section 6. */
export function scanNumber(p: usize): usize {
  const first = p;
  if (load<u8>(p) == 0x2d) p++;
  const digits = p;
  p = skipDigits(p);
  if (p == digits || (load<u8>(digits) == 0x30 && p > digits + 1)) return T.fail(T.BAD_NUMBER, first);
  if (load<u8>(p) == 0x2e) {
    const fraction = ++p;
    p = skipDigits(p);
    if (p == fraction) return T.fail(T.BAD_NUMBER, first);
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    p++;
    const sign = load<u8>(p);
    if (sign == 0x2b || sign == 0x2d) p++;
    const exponent = p;
    p = skipDigits(p);
    if (p == exponent) return T.fail(T.BAD_NUMBER, first);
  }
  return p;
}

/** true, false and null. */
export function scanLiteral(p: usize): usize {
  const word = load<u32>(p);
  if (word == 0x65757274 || word == 0x6c6c756e) return p + 4;
  if (word == 0x736c6166 && load<u8>(p, 4) == 0x65) return p + 5;
  return T.fail(T.BAD_LITERAL, p);
}
