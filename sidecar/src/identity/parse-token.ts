import { algorithmNeeds } from './algorithms.ts';
import { fail } from './failure.ts';
import { isRecord, type JsonRecord, member, parseJson } from './json.ts';
import type { AuthFailure } from './types.ts';

/** Characters, which are bytes: a token is ASCII. */
export const MAX_TOKEN = 16 * 1024;

/** A token that was read and not verified: good for choosing a key, for nothing else. */
export interface UnverifiedToken {
  readonly ok: true;
  readonly alg: string;
  readonly kid: string | null;
  /** True when the header says `at+jwt` (RFC 9068 section 2.1). */
  readonly typedAccessToken: boolean;
  readonly issuer: string | null;
}

/**
 * Reads a JWS in compact form (RFC 7515 section 7.1) as strictly as its text allows: one spelling for one
 * token, an allowed algorithm, no critical extension. Keys inside the header (`jwk`, `jku`, `x5u`, `x5c`)
 * are never looked at: a token does not choose what it is verified with.
 */
export function parseToken(token: string): UnverifiedToken | AuthFailure {
  if (token.length > MAX_TOKEN) return fail('TOKEN_TOO_LARGE');
  const segments = token.split('.', 6);
  if (segments.length === 5)
    return fail('TOKEN_MALFORMED', 'Encrypted access tokens (JWE) are not accepted.');
  if (segments.length !== 3) {
    return fail('TOKEN_MALFORMED', 'The credential is not a JWT; opaque access tokens cannot be verified.');
  }
  const [head, payload, signature] = segments.map(decodeSegment);
  if (head === undefined || payload === undefined || signature === undefined) {
    return fail('TOKEN_MALFORMED', 'The access token is not in base64url as RFC 7515 writes it.');
  }
  const header = parseJson(head);
  const claims = parseJson(payload);
  if (!isRecord(header) || !isRecord(claims)) {
    return fail('TOKEN_MALFORMED', "The access token's header or claims are not a JSON object.");
  }
  const read = readHeader(header);
  if (!read.ok) return read;
  if (signature.length === 0) return fail('TOKEN_SIGNATURE', 'The access token is not signed.');
  const issuer = member(claims, 'iss');
  return { ...read, issuer: typeof issuer === 'string' ? issuer : null };
}

/** Undefined unless the text is the only spelling of these bytes: no padding, no stray bits, no other alphabet. */
function decodeSegment(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

function readHeader(header: JsonRecord): Omit<UnverifiedToken, 'issuer'> | AuthFailure {
  const alg = member(header, 'alg');
  if (typeof alg !== 'string')
    return fail('TOKEN_MALFORMED', "The access token's header names no algorithm.");
  if (algorithmNeeds(alg) === undefined) return fail('TOKEN_ALGORITHM');
  if (Object.hasOwn(header, 'crit')) {
    return fail('TOKEN_MALFORMED', 'The access token needs a header extension (crit) that is not supported.');
  }
  const kid = member(header, 'kid');
  if (kid !== undefined && typeof kid !== 'string') {
    return fail('TOKEN_MALFORMED', "The access token's key id is not a string.");
  }
  const typ = readType(member(header, 'typ'));
  if (typ === undefined) {
    return fail('TOKEN_MALFORMED', "The JWT's type (typ) is not that of an access token.");
  }
  return { ok: true, alg, kid: kid ?? null, typedAccessToken: typ === 'at+jwt' };
}

/** Media types are compared without case and `application/` may be left out (RFC 7515 section 4.1.9). */
function readType(typ: unknown): 'at+jwt' | 'jwt' | undefined {
  if (typ === undefined) return 'jwt';
  if (typeof typ !== 'string') return undefined;
  const name = typ.toLowerCase().replace(/^application\//, '');
  return name === 'at+jwt' || name === 'jwt' ? name : undefined;
}
