import { REASONS, type ReasonCode } from '@rankguard/contract';
import type { AuthFailure } from './types.ts';

const CHALLENGE = 'Bearer realm="rankguard"';

/**
 * A refusal with its challenge (RFC 6750 section 3).
 *
 * `silent`: the caller showed no bearer token at all, so the challenge carries no error (RFC 6750 section 3.1).
 */
export function fail(
  code: ReasonCode,
  message: string = REASONS[code].sentence,
  silent = false,
): AuthFailure {
  if (REASONS[code].status !== 401) return { ok: false, code, message, challenge: '' };
  if (silent) return { ok: false, code, message, challenge: CHALLENGE };
  const error = code === 'CREDENTIAL_AMBIGUOUS' ? 'invalid_request' : 'invalid_token';
  // The description is always the catalogue's sentence: nothing of the token can get into a header.
  const challenge = `${CHALLENGE}, error="${error}", error_description="${REASONS[code].sentence}"`;
  return { ok: false, code, message, challenge };
}

export function unavailable(retryAfter: number): AuthFailure {
  return { ...fail('IDENTITY_UNAVAILABLE'), retryAfter };
}
