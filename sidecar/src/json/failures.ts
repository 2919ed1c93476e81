import type { ReasonCode } from '@rankguard/contract';

interface Failure {
  readonly code: ReasonCode;
  /** What is wrong, to be followed by the place. Never quotes the text. */
  readonly message: string;
}

/** Why a reading stopped, by the kernel's number (`kernel/assembly/tape.ts`). */
export const FAILURES: readonly Failure[] = [
  { code: 'INTERNAL', message: 'the reader stopped without a reason' },
  { code: 'BODY_NOT_JSON', message: 'an unexpected character' },
  { code: 'BODY_NOT_JSON', message: 'the text ends too early' },
  { code: 'BODY_NOT_JSON', message: 'a control character in a string' },
  { code: 'BODY_NOT_JSON', message: 'an escape that JSON does not have' },
  { code: 'BODY_NOT_JSON', message: 'a number that JSON does not have' },
  { code: 'BODY_NOT_JSON', message: 'a word that JSON does not have' },
  { code: 'BODY_NOT_JSON', message: 'something follows the value' },
  { code: 'BODY_NOT_UTF8', message: 'an escaped surrogate that is not part of a pair' },
  { code: 'BODY_DUPLICATE_KEY', message: 'a member name that the object has already' },
  { code: 'BODY_TOO_COMPLEX', message: 'nesting deeper than the limit' },
  { code: 'BODY_TOO_COMPLEX', message: 'more tokens than the limit' },
];
