import { CodedError } from '@rankguard/contract';
import type { Kernel } from '../kernel/index.ts';
import { exactNumber } from './numbers.ts';
import { Flag, type JsonDocument, Kind } from './types.ts';

/** Words of a tape entry: kind and flags, start, end, next. */
const WORDS = 4;
const NEEDS_DECODING = Flag.Escape | Flag.NonAscii;
const NULL = 0x6e;
const TRUE = 0x74;
const FALSE = 0x66;
/** Whole numbers of up to so many digits are summed up here, without making a string. */
const SHORT = 9;

/** The tape that the kernel holds, over the bytes it was read from. */
export class TapeDocument implements JsonDocument {
  readonly bytes: Buffer;
  readonly count: number;
  readonly #kernel: Kernel;
  readonly #generation: number;
  readonly #tape: number;

  constructor(kernel: Kernel, bytes: Buffer, count: number) {
    this.bytes = bytes;
    this.count = count;
    this.#kernel = kernel;
    this.#generation = kernel.generation;
    this.#tape = kernel.tape >>> 2;
  }

  kind(token: number): Kind {
    return (this.#word(token, 0) & 0xff) as Kind;
  }

  flags(token: number): number {
    return this.#word(token, 0) >>> 8;
  }

  start(token: number): number {
    return this.#word(token, 1);
  }

  end(token: number): number {
    return this.#word(token, 2);
  }

  next(token: number): number {
    return this.#word(token, 3);
  }

  string(token: number): string {
    const word = this.#word(token, 0);
    const kind = word & 0xff;
    if (kind !== Kind.String && kind !== Kind.Key) throw fault('the token is neither a string nor a key');
    const start = this.start(token);
    const end = this.end(token);
    const flags = word >>> 8;
    if ((flags & NEEDS_DECODING) === 0) return this.bytes.toString('latin1', start, end);
    if ((flags & Flag.Escape) === 0) return this.bytes.toString('utf8', start, end);
    return JSON.parse(this.bytes.toString('utf8', start - 1, end + 1)) as string;
  }

  number(token: number): number {
    this.#expect(token, Kind.Number);
    const start = this.start(token);
    const end = this.end(token);
    if (end - start > SHORT) return Number(this.bytes.toString('latin1', start, end));
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = this.bytes[at]! - 0x30;
      // A sign, a point or an exponent.
      if (!(digit >= 0 && digit <= 9)) return Number(this.bytes.toString('latin1', start, end));
      value = value * 10 + digit;
    }
    return value;
  }

  raw(token: number): string {
    const kind = this.kind(token);
    const quote = kind === Kind.String || kind === Kind.Key ? 1 : 0;
    return this.bytes.toString('utf8', this.start(token) - quote, this.end(token) + quote);
  }

  isNull(token: number): boolean {
    return this.kind(token) === Kind.Literal && this.bytes[this.start(token)] === NULL;
  }

  boolean(token: number): boolean | undefined {
    if (this.kind(token) !== Kind.Literal) return undefined;
    const first = this.bytes[this.start(token)];
    if (first === TRUE) return true;
    return first === FALSE ? false : undefined;
  }

  get(object: number, name: string): number {
    if (this.kind(object) !== Kind.Object) return -1;
    const close = this.next(object) - 1;
    for (let key = object + 1; key < close; key = this.next(key + 1)) {
      if (this.#isNamed(key, name)) return key + 1;
    }
    return -1;
  }

  *members(object: number): Generator<readonly [key: number, value: number], void, undefined> {
    this.#expect(object, Kind.Object);
    const close = this.next(object) - 1;
    for (let key = object + 1; key < close; key = this.next(key + 1)) yield [key, key + 1];
  }

  *elements(array: number): Generator<number, void, undefined> {
    this.#expect(array, Kind.Array);
    const close = this.next(array) - 1;
    for (let token = array + 1; token < close; token = this.next(token)) yield token;
  }

  value(token: number): unknown {
    switch (this.kind(token)) {
      case Kind.String:
      case Kind.Key:
        return this.string(token);
      case Kind.Number:
        return exactNumber(this.raw(token));
      case Kind.Literal:
        return this.boolean(token) ?? null;
      case Kind.Array:
        return Array.from(this.elements(token), (element) => this.value(element));
      case Kind.Object:
        return this.#object(token);
      default:
        throw fault('the token is not a value');
    }
  }

  #object(token: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (const [key, value] of this.members(token)) {
      const name = this.string(key);
      // A plain assignment to `__proto__` would set the prototype instead of a member.
      if (name !== '__proto__') object[name] = this.value(value);
      else Object.defineProperty(object, name, { ...WRITABLE, value: this.value(value) });
    }
    return object;
  }

  #isNamed(key: number, name: string): boolean {
    if ((this.flags(key) & NEEDS_DECODING) !== 0) return this.string(key) === name;
    const start = this.start(key);
    if (this.end(key) - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      if (this.bytes[start + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  #expect(token: number, kind: Kind): void {
    if (this.kind(token) !== kind) throw fault('the token is of another kind');
  }

  /** Every access to the tape comes through here. */
  #word(token: number, word: number): number {
    const kernel = this.#kernel;
    if (kernel.generation !== this.#generation)
      throw fault('the document is stale: its reader has read again');
    if (!(token >= 0 && token < this.count)) throw fault('there is no such token');
    return kernel.u32[this.#tape + token * WORDS + word]!;
  }
}

const WRITABLE = { writable: true, enumerable: true, configurable: true };

function fault(message: string): CodedError {
  return new CodedError('INTERNAL', message);
}
