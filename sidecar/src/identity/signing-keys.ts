import { type CryptoKey, importJWK, type JWK } from 'jose';
import { algorithmNeeds } from './algorithms.ts';
import { isRecord, type JsonRecord, member } from './json.ts';

/** A public key as its issuer publishes it. One object per key for as long as the issuer keeps publishing it. */
export interface SigningKey {
  readonly kid: string | null;
  fits(alg: string): boolean;
  /** The key for this algorithm. Rejects when the JWK cannot be used for it. */
  import(alg: string): Promise<CryptoKey>;
  /** True while the key is published and its key set is young enough to be trusted. */
  usable(): boolean;
}

/** Same text: same key. Part of a key set's bookkeeping, never of a decision. */
export type KeyText = string;

export type Choice =
  | { readonly kind: 'key'; readonly key: SigningKey }
  /** No key fits; a newer key set may have one. */
  | { readonly kind: 'unknown' }
  /** The named key is published, for other algorithms. */
  | { readonly kind: 'mismatch' }
  /** Several keys fit and the token does not say which. */
  | { readonly kind: 'ambiguous' };

/** The members of a JWK Set (RFC 7517 section 5) that can verify; others are skipped, as the RFC asks. */
export function readKeys(
  keys: readonly unknown[],
  isCurrent: (text: KeyText, key: SigningKey) => boolean,
): Map<KeyText, SigningKey> {
  const found = new Map<KeyText, SigningKey>();
  for (const jwk of keys) {
    if (!isRecord(jwk) || !isVerificationKey(jwk)) continue;
    const text = keyText(jwk);
    found.set(
      text,
      createSigningKey(jwk, (key) => isCurrent(text, key)),
    );
  }
  return found;
}

/**
 * Chooses by `kid`, then by what the key is for (`kty`, `crv`, `alg`). Without `kid` exactly one key may fit.
 */
export function chooseKey(keys: Iterable<SigningKey>, alg: string, kid: string | null): Choice {
  let chosen: SigningKey | undefined;
  let named = false;
  for (const key of keys) {
    if (kid !== null && key.kid !== kid) continue;
    named = true;
    if (!key.fits(alg)) continue;
    if (chosen !== undefined) return { kind: 'ambiguous' };
    chosen = key;
  }
  if (chosen !== undefined) return { kind: 'key', key: chosen };
  return named && kid !== null ? { kind: 'mismatch' } : { kind: 'unknown' };
}

const MEMBERS = ['kid', 'kty', 'crv', 'alg', 'use', 'key_ops', 'n', 'e', 'x', 'y'] as const;

function keyText(jwk: JsonRecord): KeyText {
  return JSON.stringify(MEMBERS.map((name) => member(jwk, name) ?? null));
}

function isVerificationKey(jwk: JsonRecord): boolean {
  const use = member(jwk, 'use');
  const operations = member(jwk, 'key_ops');
  const kid = member(jwk, 'kid');
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify'))) &&
    (kid === undefined || typeof kid === 'string') &&
    // A published private key belongs to everybody.
    !Object.hasOwn(jwk, 'd') &&
    !Object.hasOwn(jwk, 'k')
  );
}

function createSigningKey(jwk: JsonRecord, isCurrent: (key: SigningKey) => boolean): SigningKey {
  const [kid, kty, crv, forAlg] = ['kid', 'kty', 'crv', 'alg'].map((name) => member(jwk, name));
  const imported = new Map<string, Promise<CryptoKey>>();
  const key: SigningKey = {
    kid: typeof kid === 'string' ? kid : null,
    usable: () => isCurrent(key),
    fits(alg) {
      const needs = algorithmNeeds(alg);
      if (needs === undefined || needs.kty !== kty) return false;
      if (needs.crv !== undefined && needs.crv !== crv) return false;
      return forAlg === undefined || forAlg === alg || (isEd25519(forAlg) && isEd25519(alg));
    },
    import(alg) {
      let ready = imported.get(alg);
      if (ready === undefined) {
        ready = importPublic(jwk, alg);
        imported.set(alg, ready);
      }
      return ready;
    },
  };
  return key;
}

/** Two names of one algorithm (RFC 9864 section 2.2). */
function isEd25519(alg: unknown): boolean {
  return alg === 'EdDSA' || alg === 'Ed25519';
}

/** RFC 7518 sections 3.3 and 3.5. */
const MIN_RSA_BITS = 2048;

async function importPublic(jwk: JsonRecord, alg: string): Promise<CryptoKey> {
  const { kty, crv, n, e, x, y } = jwk as JWK;
  const bare = Object.fromEntries(
    Object.entries({ kty, crv, n, e, x, y }).filter(([, v]) => v !== undefined),
  );
  const key = await importJWK(bare as JWK, alg);
  // Only symmetric keys come back as bytes, and `kty` ruled them out.
  if (key instanceof Uint8Array) throw new TypeError('a symmetric key in a key set');
  const bits = 'modulusLength' in key.algorithm ? key.algorithm.modulusLength : undefined;
  if (typeof bits === 'number' && bits < MIN_RSA_BITS) throw new TypeError('an RSA key of too few bits');
  return key;
}
