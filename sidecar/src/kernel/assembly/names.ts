// Refuses objects that name a member twice. Names are compared as they decode.
import { hex4 } from './scan';
import * as T from './tape';

/** Up to so many members are compared in pairs; more go through a hash table. */
const FEW: u32 = 16;
const few = memory.data(16 * 4);
/** Bytes of a name on the work space: where it stands, its length, its hash. */
const NAME: usize = 16;

let key0: u64 = 0;
let key1: u64 = 0;
let used: usize = 0;
let compared: u32 = 0;

/** Keys the hash. The host passes random bits, so that nobody can prepare names that collide. */
export function seed(a: u64, b: u64): void {
  key0 = a;
  key1 = b;
}

/** The most bytes of the work space that any check has written, for the host's bookkeeping. */
export function namesUsed(): u32 {
  return <u32>used;
}

/** How many pairs of names the last reading compared, hashes included: stays near the number of names. */
export function namesCompared(): u32 {
  return compared;
}

export function clearCompared(): void {
  compared = 0;
}

@inline
function word(token: u32, tape: usize, offset: usize): u32 {
  return load<u32>(tape + <usize>token * T.ENTRY + offset);
}

@inline
function afterValue(value: u32, tape: usize): u32 {
  return word(value, tape, 12);
}

function same(a: usize, b: usize, length: u32): bool {
  while (length >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    length -= 8;
  }
  // Both stand in the input or on the work space, and both have padding behind them.
  return length == 0 || (load<u64>(a) ^ load<u64>(b)) << (64 - length * 8) == 0;
}

/**
 * Checks the members on the tape from `first` to before `stop`. `work` needs 32 bytes for each of them and the
 * length of their names. Returns the key that repeats an earlier one, or 0.
 */
export function findRepeated(input: usize, tape: usize, first: u32, stop: u32, work: usize): u32 {
  let count: u32 = 0;
  for (let key = first; key < stop; key = afterValue(key + 1, tape)) {
    if (count == FEW || (word(key, tape, 0) >> 8) & T.ESCAPE) return findAmongMany(input, tape, first, stop, work);
    const start = input + word(key, tape, 4);
    const length = word(key, tape, 8) - word(key, tape, 4);
    compared += count;
    for (let i: u32 = 0; i < count; i++) {
      const other = load<u32>(few + (i << 2));
      const otherStart = word(other, tape, 4);
      if (word(other, tape, 8) - otherStart == length && same(start, input + otherStart, length)) return key;
    }
    store<u32>(few + (count << 2), key);
    count++;
  }
  return 0;
}

function findAmongMany(input: usize, tape: usize, first: u32, stop: u32, work: usize): u32 {
  let count: u32 = 0;
  for (let key = first; key < stop; key = afterValue(key + 1, tape)) count++;
  const slots: u32 = 2 << (31 - clz(count << 1 | 1));
  const table = work + <usize>count * NAME;
  let text = table + <usize>slots * 4;
  memory.fill(table, 0, <usize>slots * 4);
  let index: u32 = 0;
  for (let key = first; key < stop; key = afterValue(key + 1, tape), index++) {
    let start = input + word(key, tape, 4);
    let length = word(key, tape, 8) - word(key, tape, 4);
    if ((word(key, tape, 0) >> 8) & T.ESCAPE) {
      const decoded = text;
      text = decode(start, start + length, text);
      start = decoded;
      length = <u32>(text - decoded);
    }
    if (!insert(work, index, table, slots - 1, start, length)) return key;
  }
  if (text - work > used) used = text - work;
  return 0;
}

/** False when the table has the name already. Slots hold an index plus one. */
function insert(names: usize, index: u32, table: usize, mask: u32, start: usize, length: u32): bool {
  const hash = sipHash(start, length);
  const name = names + <usize>index * NAME;
  store<u32>(name, <u32>start);
  store<u32>(name, length, 4);
  store<u64>(name, hash, 8);
  let slot = <u32>hash & mask;
  while (true) {
    const place = table + (<usize>slot << 2);
    const taken = load<u32>(place);
    if (taken == 0) {
      store<u32>(place, index + 1);
      return true;
    }
    compared++;
    const other = names + <usize>(taken - 1) * NAME;
    if (load<u64>(other, 8) == hash && load<u32>(other, 4) == length) {
      if (same(<usize>load<u32>(other), start, length)) return false;
    }
    slot = (slot + 1) & mask;
  }
}

/** Decodes the escapes of a scanned string to UTF-8 at `out`, which never needs more room than the escapes. */
function decode(p: usize, end: usize, out: usize): usize {
  while (p < end) {
    const byte = <u32>load<u8>(p++);
    if (byte != 0x5c) {
      store<u8>(out++, <u8>byte);
      continue;
    }
    const kind = <u32>load<u8>(p++);
    if (kind != 0x75) {
      store<u8>(out++, simple(kind));
      continue;
    }
    let point = hex4(p);
    p += 4;
    if ((point & 0xf800) == 0xd800) {
      point = 0x10000 + ((point - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
      p += 6;
    }
    out = encode(point, out);
  }
  return out;
}

function simple(kind: u32): u8 {
  if (kind == 0x6e) return 0x0a;
  if (kind == 0x74) return 0x09;
  if (kind == 0x72) return 0x0d;
  if (kind == 0x62) return 0x08;
  if (kind == 0x66) return 0x0c;
  return <u8>kind;
}

function encode(point: u32, out: usize): usize {
  if (point < 0x80) {
    store<u8>(out, <u8>point);
    return out + 1;
  }
  if (point < 0x800) {
    store<u8>(out, <u8>(0xc0 | (point >> 6)));
    store<u8>(out, <u8>(0x80 | (point & 63)), 1);
    return out + 2;
  }
  if (point < 0x10000) {
    store<u8>(out, <u8>(0xe0 | (point >> 12)));
    store<u8>(out, <u8>(0x80 | ((point >> 6) & 63)), 1);
    store<u8>(out, <u8>(0x80 | (point & 63)), 2);
    return out + 3;
  }
  store<u8>(out, <u8>(0xf0 | (point >> 18)));
  store<u8>(out, <u8>(0x80 | ((point >> 12) & 63)), 1);
  store<u8>(out, <u8>(0x80 | ((point >> 6) & 63)), 2);
  store<u8>(out, <u8>(0x80 | (point & 63)), 3);
  return out + 4;
}

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

function sipRound(): void {
  v0 += v1;
  v1 = rotl<u64>(v1, 13) ^ v0;
  v0 = rotl<u64>(v0, 32);
  v2 += v3;
  v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3;
  v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1;
  v1 = rotl<u64>(v1, 17) ^ v2;
  v2 = rotl<u64>(v2, 32);
}

/** SipHash-2-4 (Aumasson and Bernstein, 2012) under the seed. Reads up to 7 bytes behind the text. */
export function sipHash(p: usize, length: u32): u64 {
  v0 = key0 ^ 0x736f6d6570736575;
  v1 = key1 ^ 0x646f72616e646f6d;
  v2 = key0 ^ 0x6c7967656e657261;
  v3 = key1 ^ 0x7465646279746573;
  let left = length;
  while (true) {
    let block = load<u64>(p);
    if (left < 8) {
      // The last block: what is left of the text, and the length in its highest byte.
      block = (block & (((<u64>1) << (left << 3)) - 1)) | (<u64>length << 56);
    }
    v3 ^= block;
    sipRound();
    sipRound();
    v0 ^= block;
    if (left < 8) break;
    p += 8;
    left -= 8;
  }
  v2 ^= 0xff;
  sipRound();
  sipRound();
  sipRound();
  sipRound();
  return v0 ^ v1 ^ v2 ^ v3;
}
