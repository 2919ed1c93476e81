import type { ReasonCode } from '@rankguard/contract';

/** What a token of the tape is. Key is a member name, Close ends an Object or Array. */
export const Kind = { String: 1, Number: 2, Object: 3, Array: 4, Close: 5, Literal: 6, Key: 7 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Flags of String and Key tokens. */
export const Flag = {
  /** Has a backslash escape of any kind. */
  Escape: 1,
  /** Has a byte of 0x80 or above. */
  NonAscii: 2,
  /** May hold an e-mail address: has an `@`, plain. */
  At: 4,
  /** May hold a number worth looking at: seven or more digits within reach of each other. */
  Digits: 8,
  /** Has a \u escape (the other escapes cannot hide a letter, digit or `@`). */
  UnicodeEscape: 16,
} as const;

/**
 * A strictly read JSON text: a tape of tokens over the original bytes.
 *
 * Valid until the same reader reads again (the tape lives in the kernel's memory): take what you need
 * before the next `await`. A stale document throws INTERNAL.
 */
export interface JsonDocument {
  /** The text that was read, unchanged. */
  readonly bytes: Buffer;
  /** Number of tokens; token 0 is the root value. */
  readonly count: number;
  kind(token: number): Kind;
  flags(token: number): number;
  /** First byte; for String and Key the first byte after the quote. */
  start(token: number): number;
  /** Byte after the last one; for String and Key the closing quote; for Object and Array after their bracket. */
  end(token: number): number;
  /** The token after this value and all it contains. */
  next(token: number): number;
  /** The decoded text of a String or Key. */
  string(token: number): string;
  /** The value of a Number as JavaScript has it; its exact text is `raw`. */
  number(token: number): number;
  /** The value's original text, quotes included. */
  raw(token: number): string;
  isNull(token: number): boolean;
  /** true, false, or undefined when it is not a boolean. */
  boolean(token: number): boolean | undefined;
  /** The value of the member with this name, or -1. The object has no duplicates: reading refuses them. */
  get(object: number, name: string): number;
  /** Key and value tokens, in order. */
  members(object: number): Iterable<readonly [key: number, value: number]>;
  elements(array: number): Iterable<number>;
  /** The value as a JavaScript value; numbers beyond 2^53 and long decimals become their text. */
  value(token: number): unknown;
}

export type ReadResult =
  | { readonly ok: true; readonly document: JsonDocument }
  | { readonly ok: false; readonly code: ReasonCode; readonly message: string; readonly offset: number };

export interface ReadLimits {
  readonly depth: number;
  readonly tokens: number;
}

/** Reads JSON texts, one at a time. Never throws for bad input: the result says what is wrong and where. */
export interface JsonReader {
  read(bytes: Buffer, limits?: ReadLimits): ReadResult;
}

/** Replaces bytes [start, end) of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly with: string | Uint8Array;
}
