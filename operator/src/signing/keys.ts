import type { PublicKey } from '@rankguard/contract/control';
import { keyId } from '@rankguard/sidecar/trust';
import { CompactSign, exportJWK, generateKeyPair, importJWK } from 'jose';

/** An Ed25519 private key as it lies in a Secret: `d` and `x` of its JWK (RFC 8037 section 2). Times are unix seconds. */
export interface StoredKey {
  readonly d: string;
  readonly x: PublicKey;
  readonly created: number;
}

export async function createStoredKey(created: number): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  const { d, x } = await exportJWK(privateKey);
  return { d: d!, x: x!, created };
}

/** JWS in compact form. Ed25519 is deterministic: every replica that signs the same makes the same. */
export async function signWith(key: StoredKey, typ: string, payload: unknown): Promise<string> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: key.d, x: key.x };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'EdDSA', kid: await keyId(key.x), typ })
    .sign(await importJWK(jwk, 'EdDSA'));
}
