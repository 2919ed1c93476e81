import { CodedError } from '@rankguard/contract';
import {
  BUNDLE_TYPE,
  type BundleClaims,
  type ConnectionKey,
  connectionKey,
  type PublicKey,
  SIGNING_KEY_TYPE,
  type SignedBundle,
  type SigningKeyClaims,
} from '@rankguard/contract/control';
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK } from 'jose';

export interface TrustOptions {
  /** Root keys that the pod was injected with. */
  readonly rootKeys: readonly PublicKey[];
  /** The one connection whose bundles are taken. */
  readonly connection: ConnectionKey;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface Trust {
  /**
   * What a signed bundle says, when everything about it can be believed now. Throws CodedError: BUNDLE_EXPIRED when
   * only its time is over, BUNDLE_REFUSED for anything else. Which revision came before is the caller's to compare.
   */
  verify(signed: unknown): Promise<BundleClaims>;
}

/** How far the operator's clock may be ahead of this node's. */
const SKEW_SECONDS = 60;

/** Verifies root key → signing key → bundle (RFC 7515, RFC 8037), each with the type that only it has. */
export function createTrust({ rootKeys, connection, now }: TrustOptions): Trust {
  const roots = Promise.all(rootKeys.map(async (key) => [await keyId(key), key] as const)).then(
    (entries) => new Map(entries),
  );
  // Nobody may be waiting yet when a key turns out to be none.
  roots.catch(() => {});

  async function verify(signed: unknown): Promise<BundleClaims> {
    const { signingKey, bundle } = readSigned(signed);
    const at = Math.floor(now() / 1000);
    const root = (await roots).get(keyIdOf(signingKey));
    if (root === undefined) throw refused('its signing key is signed by no root key of this pod');
    const key = await payloadOf<SigningKeyClaims>(signingKey, SIGNING_KEY_TYPE, root, 'signing key');
    if (!(key.notBefore <= at + SKEW_SECONDS)) throw refused('its signing key is not valid yet');
    if (!(at < key.expires)) throw refused('its signing key has expired');
    const claims = await payloadOf<BundleClaims>(bundle, BUNDLE_TYPE, key.key, 'bundle');
    check(claims, at);
    return claims;
  }

  function check(claims: BundleClaims, at: number): void {
    const { bundle } = claims;
    if (bundle?.format !== 1) throw refused('it has a format that this version does not know');
    const named = connectionKey(bundle.connection);
    if (named !== connectionKey(connection)) throw refused(`it is for ${named}`);
    if (!(claims.issued <= at + SKEW_SECONDS)) throw refused('it was issued in the future');
    if (!(at < claims.expires)) throw new CodedError('BUNDLE_EXPIRED', 'the bundle has expired');
  }

  return { verify };
}

/** The JWK thumbprint of a key (RFC 7638). */
export function keyId(key: PublicKey): Promise<string> {
  return calculateJwkThumbprint(jwkOf(key));
}

function jwkOf(key: PublicKey): { kty: 'OKP'; crv: 'Ed25519'; x: string } {
  return { kty: 'OKP', crv: 'Ed25519', x: key };
}

function readSigned(value: unknown): SignedBundle {
  const signed = typeof value === 'object' && value !== null ? (value as Partial<SignedBundle>) : {};
  if (signed.format !== 1 || typeof signed.signingKey !== 'string' || typeof signed.bundle !== 'string') {
    throw refused('it is no signed bundle of a known format');
  }
  return signed as SignedBundle;
}

function keyIdOf(jws: string): string {
  try {
    return decodeProtectedHeader(jws).kid ?? '';
  } catch (cause) {
    throw refused('its signing key is no JWS', cause);
  }
}

async function payloadOf<T>(jws: string, typ: string, key: PublicKey, what: string): Promise<T> {
  try {
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK(jwkOf(key), 'EdDSA'), {
      algorithms: ['EdDSA'],
    });
    if (protectedHeader.typ !== typ) throw refused(`the type of its ${what} is another`);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as T;
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw refused(`the signature of its ${what} does not verify`, cause);
  }
}

function refused(why: string, cause?: unknown): CodedError {
  return new CodedError('BUNDLE_REFUSED', `the bundle is refused: ${why}`, { cause });
}
