// The strict JSON reader (RFC 8259): text in, tape out. UTF-8 has been checked by the caller.
import { clearCompared, findRepeated } from './names';
import { isDigit, scanLiteral, scanNumber, scannedFlags, scanString } from './scan';
import * as T from './tape';

export { namesCompared, namesUsed, seed, sipHash } from './names';

// What may stand next.
const VALUE: i32 = 1;
const VALUE_OR_CLOSE: i32 = 2;
const KEY: i32 = 3;
const KEY_OR_CLOSE: i32 = 4;
const COLON: i32 = 5;
const COMMA_OR_CLOSE: i32 = 6;
const NOTHING: i32 = 7;
const FAILED: i32 = 0;

const NO_TOKEN: u32 = 0xffffffff;

let input: usize = 0;
let end: usize = 0;
let tape: usize = 0;
let work: usize = 0;
let room: u32 = 0;
let depthLeft: u32 = 0;
/** Where the reading stands. */
let cursor: usize = 0;
let count: u32 = 0;
/** The innermost open container. While it is open its `next` names the one around it. */
let open: u32 = NO_TOKEN;

/** Byte offset of what the last failed reading stopped at. */
export function failureOffset(): u32 {
  return <u32>(T.failurePlace() - input);
}

/**
 * Reads `length` bytes at `text`, behind which 64 zero bytes stand, onto `entries`, which has room for
 * `maximum` entries. `space` needs 16 bytes for each entry and `length` more. Returns the number of entries, or
 * a failure's number, negated; then `failureOffset` says where.
 */
export function tokenize(
  text: usize,
  length: u32,
  entries: usize,
  maximum: u32,
  depth: u32,
  space: usize,
): i32 {
  input = text;
  cursor = text;
  end = text + length;
  tape = entries;
  room = maximum;
  work = space;
  depthLeft = depth;
  count = 0;
  open = NO_TOKEN;
  T.clearFailure();
  clearCompared();
  let expect = VALUE;
  while (true) {
    const byte = skipSpace();
    if (cursor >= end) {
      if (expect == NOTHING) return count;
      T.fail(T.ENDED, end);
      break;
    }
    expect = step(expect, byte);
    if (expect == FAILED) break;
  }
  return -T.failure();
}

/** The first byte that is no whitespace; the padding's zero at the end. */
@inline
function skipSpace(): u32 {
  let byte = <u32>load<u8>(cursor);
  while (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) byte = <u32>load<u8>(++cursor);
  return byte;
}

/** Reads one token or one separator; returns what may stand next, or FAILED. */
@inline
function step(expect: i32, byte: u32): i32 {
  if (expect <= VALUE_OR_CLOSE) {
    if (byte == 0x5d && expect == VALUE_OR_CLOSE) return close();
    return readValue(byte);
  }
  if (expect == COMMA_OR_CLOSE) {
    const isObject = load<u32>(tape + <usize>open * T.ENTRY) == T.OBJECT;
    if (byte == 0x2c) {
      cursor++;
      return isObject ? KEY : VALUE;
    }
    return byte == (isObject ? 0x7d : 0x5d) ? close() : unexpected();
  }
  if (expect == COLON) {
    if (byte != 0x3a) return unexpected();
    cursor++;
    return VALUE;
  }
  if (expect == NOTHING) return <i32>T.fail(T.TRAILING, cursor);
  if (byte == 0x22) return readString(T.KEY, COLON);
  return byte == 0x7d && expect == KEY_OR_CLOSE ? close() : unexpected();
}

@inline
function unexpected(): i32 {
  return <i32>T.fail(T.UNEXPECTED, cursor);
}

@inline
function afterValue(): i32 {
  return open == NO_TOKEN ? NOTHING : COMMA_OR_CLOSE;
}

/** Adds an entry whose value ends before the next entry. */
@inline
function push(kind: u32, start: usize, stop: usize): bool {
  if (count >= room) {
    T.fail(T.TOO_MANY, start);
    return false;
  }
  const entry = tape + <usize>count * T.ENTRY;
  count++;
  store<u32>(entry, kind);
  store<u32>(entry, <u32>(start - input), 4);
  store<u32>(entry, <u32>(stop - input), 8);
  store<u32>(entry, count, 12);
  return true;
}

function readString(kind: u32, then: i32): i32 {
  const start = cursor + 1;
  const stop = scanString(start, end);
  if (stop == 0 || !push(kind | (scannedFlags() << 8), start, stop)) return FAILED;
  cursor = stop + 1;
  return then;
}

function readValue(byte: u32): i32 {
  if (byte == 0x22) return readString(T.STRING, afterValue());
  if (byte == 0x7b) return openContainer(T.OBJECT, KEY_OR_CLOSE);
  if (byte == 0x5b) return openContainer(T.ARRAY, VALUE_OR_CLOSE);
  let kind = T.LITERAL;
  let stop: usize = 0;
  if (byte == 0x2d || isDigit(byte)) {
    kind = T.NUMBER;
    stop = scanNumber(cursor);
  } else if (byte == 0x74 || byte == 0x66 || byte == 0x6e) {
    stop = scanLiteral(cursor);
  } else {
    return unexpected();
  }
  if (stop == 0 || !push(kind, cursor, stop)) return FAILED;
  cursor = stop;
  return afterValue();
}

function openContainer(kind: u32, then: i32): i32 {
  if (depthLeft == 0) return <i32>T.fail(T.TOO_DEEP, cursor);
  if (!push(kind, cursor, cursor)) return FAILED;
  depthLeft--;
  store<u32>(tape + <usize>(count - 1) * T.ENTRY, open, 12);
  open = count - 1;
  cursor++;
  return then;
}

function close(): i32 {
  const container = tape + <usize>open * T.ENTRY;
  if (load<u32>(container) == T.OBJECT) {
    const repeated = findRepeated(input, tape, open + 1, count, work);
    if (repeated) {
      // The place is that of the name's opening quote.
      return <i32>T.fail(T.DUPLICATE, input + load<u32>(tape + <usize>repeated * T.ENTRY, 4) - 1);
    }
  }
  if (!push(T.CLOSE, cursor, cursor + 1)) return FAILED;
  cursor++;
  const around = load<u32>(container, 12);
  store<u32>(container, <u32>(cursor - input), 8);
  store<u32>(container, count, 12);
  open = around;
  depthLeft++;
  return afterValue();
}
