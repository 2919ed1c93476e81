import type { Identity, IssuerConfig } from '@rankguard/contract';
import { type JWTPayload, jwtVerify } from 'jose';
import { fail, unavailable } from './failure.ts';
import { readIdentity } from './identity.ts';
import { type JsonRecord, member } from './json.ts';
import type { KeySets } from './key-sets.ts';
import { parseToken, type UnverifiedToken } from './parse-token.ts';
import type { SigningKey } from './signing-keys.ts';
import type { AuthFailure } from './types.ts';

export interface VerifyDeps {
  /** By issuer; several entries of one issuer differ in audiences and claims. */
  readonly issuers: ReadonlyMap<string, readonly IssuerConfig[]>;
  readonly keySets: KeySets;
  readonly now: () => number;
  readonly skewSeconds: number;
}

export type Verified =
  | {
      readonly ok: true;
      readonly identity: Identity;
      readonly key: SigningKey;
      /** Unix milliseconds from which on the token is refused, skew included. */
      readonly until: number;
    }
  | {
      readonly ok: false;
      readonly failure: AuthFailure /** Whose verdict it is; null: nobody was asked. */;
      readonly key: SigningKey | null;
    };

/** Verifies one token from nothing. The unverified issuer only chooses whose keys are asked. */
export async function verifyToken(deps: VerifyDeps, token: string): Promise<Verified> {
  const read = parseToken(token);
  if (!read.ok) return { ok: false, failure: read, key: null };
  const configs = read.issuer === null ? undefined : deps.issuers.get(read.issuer);
  if (configs === undefined) return { ok: false, failure: fail('TOKEN_ISSUER'), key: null };
  const found = await findKey(deps.keySets, configs[0]!, read);
  if (!found.ok) return { ok: false, failure: found, key: null };
  const { key } = found;
  const checked = await checkToken(deps, token, read, configs, key);
  if (!checked.ok) return { ok: false, failure: checked, key };
  const identity = readIdentity(checked.claims, checked.config);
  if ('ok' in identity) return { ok: false, failure: identity, key };
  return { ok: true, identity, key, until: ((identity.token.expires ?? 0) + deps.skewSeconds) * 1000 };
}

async function findKey(
  keySets: KeySets,
  config: IssuerConfig,
  { alg, kid }: UnverifiedToken,
): Promise<{ readonly ok: true; readonly key: SigningKey } | AuthFailure> {
  const found = await keySets.lookup(config, alg, kid);
  switch (found.kind) {
    case 'key':
      return { ok: true, key: found.key };
    case 'unavailable':
      return unavailable(found.retryAfter);
    case 'mismatch':
      return fail('TOKEN_ALGORITHM', "The access token's key is not for the algorithm that the token names.");
    case 'ambiguous':
      return fail(
        'TOKEN_KEY_UNKNOWN',
        "Several of the issuer's keys fit and the access token does not say which.",
      );
    case 'unknown':
      return fail('TOKEN_KEY_UNKNOWN');
  }
}

type Checked =
  | { readonly ok: true; readonly claims: JsonRecord; readonly config: IssuerConfig }
  | AuthFailure;

async function checkToken(
  { now, skewSeconds }: VerifyDeps,
  token: string,
  { alg, typedAccessToken }: UnverifiedToken,
  configs: readonly IssuerConfig[],
  key: SigningKey,
): Promise<Checked> {
  const imported = await key.import(alg).catch(() => undefined);
  if (imported === undefined) {
    return fail('TOKEN_KEY_UNKNOWN', 'The key that the issuer publishes cannot be used.');
  }
  let claims: JWTPayload;
  const at = now();
  try {
    const verified = await jwtVerify(token, imported, {
      algorithms: [alg],
      issuer: configs[0]!.issuer,
      audience: configs.flatMap((config) => config.audiences),
      requiredClaims: ['exp', 'sub'],
      clockTolerance: skewSeconds,
      currentDate: new Date(at),
    });
    claims = verified.payload;
  } catch (error) {
    return refusalOf(error);
  }
  if (typeof claims.iat === 'number' && claims.iat > Math.floor(at / 1000) + skewSeconds) {
    return fail('TOKEN_NOT_YET_VALID', 'The access token was issued in the future.');
  }
  const foreign = otherKind(claims, typedAccessToken);
  if (foreign !== null) return fail('TOKEN_MALFORMED', foreign);
  const audiences = [claims.aud].flat();
  const config = configs.find((candidate) => candidate.audiences.some((name) => audiences.includes(name)));
  if (config === undefined) return fail('TOKEN_AUDIENCE');
  if (Object.hasOwn(claims, 'cnf')) {
    return fail(
      'TOKEN_CLAIMS',
      'The access token is bound to a key (cnf); proof of possession is not supported.',
    );
  }
  return { ok: true, claims, config };
}

/** jose's stable codes, as ours. What it does not code is a fault of this program. */
function refusalOf(error: unknown): AuthFailure {
  const { code, claim, reason } = error as Readonly<Record<'code' | 'claim' | 'reason', unknown>>;
  switch (code) {
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return fail('TOKEN_SIGNATURE');
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
    case 'ERR_JOSE_NOT_SUPPORTED':
      return fail('TOKEN_ALGORITHM');
    case 'ERR_JWT_EXPIRED':
      return fail('TOKEN_EXPIRED');
    case 'ERR_JWS_INVALID':
    case 'ERR_JWT_INVALID':
      return fail('TOKEN_MALFORMED');
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return claimRefusal(claim, reason === 'check_failed');
    default:
      throw error;
  }
}

function claimRefusal(claim: unknown, compared: boolean): AuthFailure {
  if (claim === 'aud') return fail('TOKEN_AUDIENCE');
  if (claim === 'iss') return fail('TOKEN_ISSUER');
  if (claim === 'nbf' && compared) return fail('TOKEN_NOT_YET_VALID');
  return fail('TOKEN_CLAIMS', `The access token's claim ${String(claim)} is missing or of the wrong type.`);
}

/**
 * A JWT of another kind, where its header does not say `at+jwt`. An ID token is told by claims that only it has
 * (`at_hash`, `c_hash`, `s_hash`: OpenID Connect Core sections 3.1.3.6 and 3.3.2.11; `nonce` without a scope or
 * client id), a logout token by `events`, and by what Keycloak (`typ`) and Cognito (`token_use`) write in claims.
 */
function otherKind(claims: JsonRecord, typedAccessToken: boolean): string | null {
  if (typedAccessToken) return null;
  const has = (name: string) => Object.hasOwn(claims, name);
  const idToken = 'The credential is an ID token, not an access token.';
  if (has('at_hash') || has('c_hash') || has('s_hash')) return idToken;
  if (has('nonce') && !has('scope') && !has('scp') && !has('client_id')) return idToken;
  const use = member(claims, 'token_use') ?? 'access';
  const typ = member(claims, 'typ') ?? 'bearer';
  const bearer = typeof typ === 'string' && ['bearer', 'jwt', 'at+jwt'].includes(typ.toLowerCase());
  if (has('events') || use !== 'access' || !bearer)
    return 'The credential is a JWT of another kind than an access token.';
  return null;
}
