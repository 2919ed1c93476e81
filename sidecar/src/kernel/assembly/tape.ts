// What the tape and the failures look like. The TypeScript side has the same numbers in ../../json/types.ts
// and ../../json/failures.ts; the tests of both would notice a difference.

export const STRING: u32 = 1;
export const NUMBER: u32 = 2;
export const OBJECT: u32 = 3;
export const ARRAY: u32 = 4;
export const CLOSE: u32 = 5;
export const LITERAL: u32 = 6;
export const KEY: u32 = 7;

export const ESCAPE: u32 = 1;
export const NON_ASCII: u32 = 2;
export const AT: u32 = 4;
export const DIGITS: u32 = 8;
export const UNICODE_ESCAPE: u32 = 16;

/** Bytes of an entry, four words: kind | flags << 8, start, end, next. */
export const ENTRY: usize = 16;

export const UNEXPECTED: i32 = 1;
export const ENDED: i32 = 2;
export const CONTROL: i32 = 3;
export const BAD_ESCAPE: i32 = 4;
export const BAD_NUMBER: i32 = 5;
export const BAD_LITERAL: i32 = 6;
export const TRAILING: i32 = 7;
export const SURROGATE: i32 = 8;
export const DUPLICATE: i32 = 9;
export const TOO_DEEP: i32 = 10;
export const TOO_MANY: i32 = 11;
/** None of the grammar's: the state of a reading that goes on. */
export const NONE: i32 = 0;

let reason: i32 = NONE;
let place: usize = 0;

/** Notes why and where the reading stops. The result is what a scan function returns then: no position. */
export function fail(why: i32, where: usize): usize {
  reason = why;
  place = where;
  return 0;
}
export function failure(): i32 {
  return reason;
}
export function failurePlace(): usize {
  return place;
}
export function clearFailure(): void {
  reason = NONE;
}
