import { hash } from 'node:crypto';
import { ANONYMOUS, type IssuerConfig } from '@rankguard/contract';
import { createBoundedMap } from './bounded-map.ts';
import { fail } from './failure.ts';
import type { KeySets } from './key-sets.ts';
import { MAX_TOKEN } from './parse-token.ts';
import type { SigningKey } from './signing-keys.ts';
import type { Authenticator, AuthFailure, AuthResult, Credential } from './types.ts';
import { type Verified, verifyToken } from './verify-token.ts';

export interface AuthenticatorOptions {
  readonly issuers: readonly IssuerConfig[];
  /** `allow`: a call without a credential is ANONYMOUS. A bad credential is refused either way. */
  readonly anonymous: 'deny' | 'allow';
  /** Its `start` has been called with these issuers. */
  readonly keySets: KeySets;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Verified tokens kept. */
  readonly cacheSize?: number;
  /** How far the issuer's clock may be from ours. */
  readonly skewSeconds?: number;
}

const CACHE_SIZE = 10_000;
const REFUSED_SIZE = 2_000;
const REFUSED_MS = 10_000;
const SKEW_SECONDS = 30;

interface Known {
  readonly result: AuthResult;
  /** Unix milliseconds; from then on the token is expired. */
  readonly until: number;
  readonly key: SigningKey;
}
interface Refused {
  readonly failure: AuthFailure;
  readonly until: number;
  readonly key: SigningKey | null;
}

/** Verdicts that the same token gets again within seconds, whatever happens meanwhile to the key set. */
const REMEMBERED: ReadonlySet<string> = new Set([
  'TOKEN_MALFORMED',
  'TOKEN_ALGORITHM',
  'TOKEN_SIGNATURE',
  'TOKEN_ISSUER',
  'TOKEN_AUDIENCE',
  'TOKEN_EXPIRED',
  'TOKEN_CLAIMS',
]);

const NOT_READABLE: Readonly<Record<'scheme' | 'syntax' | 'slot', AuthFailure>> = {
  scheme: fail('TOKEN_MALFORMED', 'The credential is not a bearer token.', true),
  syntax: fail('TOKEN_MALFORMED', 'The credential is not exactly one token.'),
  slot: fail('TOKEN_MALFORMED', 'The credential is in a header that this API does not use.', true),
};

/**
 * Verifies OIDC access tokens (JWT, RFC 7519; RFC 9068). Tokens are remembered by hash: verified ones until they
 * expire, their key disappears or their issuer's keys get too old; refused ones for ten seconds.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { anonymous, now, skewSeconds = SKEW_SECONDS } = options;
  const issuers = groupByIssuer(options.issuers);
  const deps = { issuers, keySets: options.keySets, now, skewSeconds };
  const known = createBoundedMap<Known>(options.cacheSize ?? CACHE_SIZE);
  const refused = createBoundedMap<Refused>(REFUSED_SIZE);
  const pending = new Map<string, Promise<AuthResult>>();
  const missing: AuthResult =
    anonymous === 'allow' ? { ok: true, identity: ANONYMOUS } : fail('TOKEN_MISSING', undefined, true);

  function remember(name: string, verified: Verified): AuthResult {
    if (verified.ok) {
      const { identity, key, until } = verified;
      // The key may have gone while the signature was checked.
      if (!key.usable()) return fail('TOKEN_KEY_UNKNOWN');
      const result: AuthResult = { ok: true, identity };
      known.set(name, { result, until, key });
      return result;
    }
    const { failure, key } = verified;
    if (REMEMBERED.has(failure.code)) refused.set(name, { failure, key, until: now() + REFUSED_MS });
    return failure;
  }

  async function verify(name: string, token: string): Promise<AuthResult> {
    try {
      return remember(name, await verifyToken(deps, token));
    } catch {
      return fail('INTERNAL');
    } finally {
      pending.delete(name);
    }
  }

  function recall(name: string): AuthResult | undefined {
    const entry = known.get(name);
    if (entry?.key.usable() === true) {
      if (now() < entry.until) return entry.result;
      known.delete(name);
      return fail('TOKEN_EXPIRED');
    }
    const verdict = refused.get(name);
    if (verdict === undefined) return undefined;
    if (now() < verdict.until && (verdict.key === null || verdict.key.usable())) return verdict.failure;
    refused.delete(name);
    return undefined;
  }

  function identify(token: string): AuthResult | Promise<AuthResult> {
    if (token.length > MAX_TOKEN) return fail('TOKEN_TOO_LARGE');
    const name = hash('sha256', token, 'base64url');
    const recalled = recall(name);
    if (recalled !== undefined) return recalled;
    let verdict = pending.get(name);
    if (verdict === undefined) {
      verdict = verify(name, token);
      pending.set(name, verdict);
    }
    return verdict;
  }

  return {
    authenticate(credential: Credential) {
      switch (credential.kind) {
        case 'token':
          return identify(credential.token);
        case 'none':
          return missing;
        case 'ambiguous':
          return fail('CREDENTIAL_AMBIGUOUS');
        case 'malformed':
          return NOT_READABLE[credential.why];
      }
    },
  };
}

function groupByIssuer(configs: readonly IssuerConfig[]): ReadonlyMap<string, readonly IssuerConfig[]> {
  const groups = new Map<string, IssuerConfig[]>();
  for (const config of configs) groups.set(config.issuer, [...(groups.get(config.issuer) ?? []), config]);
  return groups;
}
