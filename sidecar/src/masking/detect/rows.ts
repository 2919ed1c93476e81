import { ADDRESS, CLASS, DIGIT, isAlnum, LETTER } from './bytes.ts';
import { type Blob, isText } from './encoded.ts';
import type { Text } from './place.ts';

/** Bytes written one by one: hexadecimal, decimal, binary. The same sign need not stand between all of them. */
const HEX = /(?:(?:0x)?[0-9a-f]{2}(?: |:|-|, ?|\r?\n ?)){6,4096}(?:0x)?[0-9a-f]{2}(?![0-9a-z])/iy;
const DECIMAL = /(?:\d{2,3}(?:, ?| |\r?\n ?)){6,4096}\d{2,3}(?!\w)/y;
const BINARY = /(?:[01]{8}(?: |, ?)?){6,4096}(?!\w)/y;
/** Bytes of a row: fewer hold no value. */
const LEAST = 6;
/** What a row takes at most. */
const LONGEST = 4096 * 6;
const X = 0x78;
/** A letter that may stand in an address is a hexadecimal digit. */
const HEX_LETTER = LETTER | ADDRESS;

/** A row of bytes, or none, and up to where the text has been looked at. */
export interface Row {
  readonly blob: Blob | null;
  readonly end: number;
}

/** The row of at least seven bytes that the digit at `at` stands in. Nothing before `from` belongs to it. */
export function byteRow(text: Text, at: number, from: number): Row {
  const { buffer, high } = text;
  let start = itemStart(buffer, at, from);
  if (start === -1) return { blob: null, end: at };
  const { items, end } = extentOf(buffer, start, high);
  if (items < LEAST) return { blob: null, end: Math.max(end, at) };
  start = rowStart(buffer, start, from);
  const row = text.slice(start, end);
  const readings = READINGS.map((reading) => readingOf(row, reading)).filter((one) => one !== undefined);
  const size = Math.max(0, ...readings.map((one) => one.size));
  if (size === 0) return { blob: null, end };
  // `48, 49` may be either: both are looked at.
  const decoded = Buffer.concat(readings.flatMap((one) => [one.decoded, BREAK]));
  return { blob: { start, end: start + size, decoded }, end };
}

const BREAK = Buffer.of(0x0a);
const READINGS = [
  [BINARY, 2],
  [HEX, 16],
  [DECIMAL, 10],
] as const;

function readingOf(row: string, [pattern, base]: (typeof READINGS)[number]) {
  pattern.lastIndex = 0;
  const run = pattern.exec(row)?.[0].trimEnd();
  const decoded = run === undefined ? undefined : bytesOf(run, base);
  return run === undefined || decoded === undefined ? undefined : { size: run.length, decoded };
}

/** Where the item around a digit begins: two or three digits, `0x` in front or not, or eight of 0 and 1. -1: it is none. */
function itemStart(buffer: Buffer, at: number, from: number): number {
  let start = at;
  while (start > from && at - start < 3 && isAlnum(buffer[start - 1]!)) start--;
  return start > from && isAlnum(buffer[start - 1]!) ? -1 : start;
}

/** The length of the item at `at`; 0: none stands there. */
function itemSize(buffer: Buffer, at: number, high: number): number {
  if (isBits(buffer, at, high)) return 8;
  let end = at;
  while (end < high && end - at < 9 && isAlnum(buffer[end]!)) end++;
  const size = end - at;
  return size === 2 || (size === 4 && (buffer[at + 1]! | 0x20) === X) || isDecimal(buffer, at, size)
    ? size
    : 0;
}

function isBits(buffer: Buffer, at: number, high: number): boolean {
  if (at + 8 > high) return false;
  for (let end = at; end < at + 8; end++) if ((buffer[end]! & 0xfe) !== 0x30) return false;
  return true;
}

const isDecimal = (buffer: Buffer, at: number, size: number) =>
  size === 3 && (CLASS[buffer[at]!]! & CLASS[buffer[at + 1]!]! & CLASS[buffer[at + 2]!]! & DIGIT) !== 0;

const isGap = (byte: number) =>
  byte === 0x20 || byte === 0x3a || byte === 0x2d || byte === 0x2c || byte === 0x0a || byte === 0x0d;

function behindGap(buffer: Buffer, at: number, high: number): number {
  let end = at;
  while (end < high && end - at < 3 && isGap(buffer[end]!)) end++;
  return end;
}

/** Goes back over items without a digit, which nothing told of: `ff fe 61`. */
function rowStart(buffer: Buffer, start: number, from: number): number {
  let at = start;
  while (at - 3 >= from && isGap(buffer[at - 1]!)) {
    const isLetters = (CLASS[buffer[at - 2]!]! & CLASS[buffer[at - 3]!]! & HEX_LETTER) === HEX_LETTER;
    if (!isLetters || (at - 4 >= from && isAlnum(buffer[at - 4]!))) break;
    at -= 3;
  }
  return at;
}

/** How many items stand in a row from `at` on, and where they end. */
function extentOf(
  buffer: Buffer,
  at: number,
  high: number,
): { readonly items: number; readonly end: number } {
  const limit = Math.min(high, at + LONGEST);
  let items = 0;
  let end = at;
  for (let next = at; next < limit; ) {
    const size = itemSize(buffer, next, high);
    if (size === 0) break;
    items++;
    end = next + size;
    next = behindGap(buffer, end, high);
    // Bits need nothing between them.
    if (next === end && size !== 8) break;
  }
  return { items, end };
}

/** The bytes that a row says in a base, if they are a text. */
function bytesOf(run: string, base: 2 | 10 | 16): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(run.length);
  const most = base === 2 ? 8 : run.length;
  let count = 0;
  let code = 0;
  let digits = 0;
  for (let at = 0; at <= run.length; at++) {
    const digit = at < run.length ? DIGITS_OF[run.charCodeAt(at)]! : NONE;
    if (digit !== NONE) {
      code = code * base + digit;
      digits++;
    }
    if (digit !== NONE && digits < most) continue;
    if (code > 0xff) return undefined;
    // The `0` of `0x` is none.
    if (digits > 1) bytes[count++] = code;
    code = 0;
    digits = 0;
  }
  const said = bytes.subarray(0, count);
  return isText(said) ? said : undefined;
}

const NONE = 0xff;
/** What a character counts as a digit; {@link NONE}: it is none. */
const DIGITS_OF = new Uint8Array(256).fill(NONE);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  DIGITS_OF[digit.charCodeAt(0)] = value;
  DIGITS_OF[digit.toUpperCase().charCodeAt(0)] = value;
}
