import { CodedError } from '@rankguard/contract';

/** A cursor over WebAssembly bytes. Reading past the end, or an over-long integer, is COMPILER_FAILED. */
export interface ByteReader {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly done: boolean;
  byte(): number;
  /** LEB128, unsigned, at most 32 bits. */
  unsigned(): number;
  /** Steps over a signed or unsigned LEB128 of at most `maxBytes` bytes. */
  skipLeb(maxBytes: number): void;
  skip(count: number): void;
  /** The next `count` bytes, as a view. */
  take(count: number): Uint8Array;
}

export function notMeterable(message: string): CodedError {
  return new CodedError('COMPILER_FAILED', `the compiled policy cannot be metered: ${message}`);
}

export function createByteReader(bytes: Uint8Array): ByteReader {
  let at = 0;
  const byte = (): number => {
    const value = bytes[at];
    if (value === undefined) throw notMeterable('it ends in the middle of a section');
    at += 1;
    return value;
  };
  const unsigned = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const next = byte();
      value += (next & 0x7f) * 2 ** shift;
      if (next < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw notMeterable('an integer is longer than 32 bits');
  };
  const skipLeb = (maxBytes: number): void => {
    for (let count = 0; count < maxBytes; count += 1) if (byte() < 0x80) return;
    throw notMeterable('an integer is too long');
  };
  const skip = (count: number): void => {
    if (count > bytes.length - at) throw notMeterable('it ends in the middle of a section');
    at += count;
  };
  const take = (count: number): Uint8Array => {
    const start = at;
    skip(count);
    return bytes.subarray(start, at);
  };
  return {
    bytes,
    get at() {
      return at;
    },
    get done() {
      return at === bytes.length;
    },
    byte,
    unsigned,
    skipLeb,
    skip,
    take,
  };
}

export function unsignedLeb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return out;
}

/** For values from 0 to 2^31 - 1. */
export function signedLeb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x40) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
  return out;
}
