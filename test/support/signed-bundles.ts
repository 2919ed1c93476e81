import type { Bundle } from '@rankguard/contract';
import {
  BUNDLE_TYPE,
  type BundleClaims,
  type PublicKey,
  SIGNING_KEY_TYPE,
  type SignedBundle,
  type SigningKeyClaims,
} from '@rankguard/contract/control';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';

/** An Ed25519 key pair as this protocol names it. */
export interface TestSigner {
  readonly key: PublicKey;
  readonly kid: string;
  sign(payload: unknown, header?: { typ?: string; kid?: string; alg?: string }): Promise<string>;
}

export async function createTestSigner(): Promise<TestSigner> {
  const pair = await generateKeyPair('Ed25519', { extractable: true });
  const jwk: JWK = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint({ kty: jwk.kty!, crv: jwk.crv!, x: jwk.x! });
  return {
    key: jwk.x!,
    kid,
    sign: (payload, header = {}) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'EdDSA', kid, ...header })
        .sign(pair.privateKey),
  };
}

const DAY = 86_400;

export interface BundleForge {
  readonly root: TestSigner;
  readonly signing: TestSigner;
  /** Signs as an operator would; everything can be overridden. */
  sign(
    bundle: Bundle,
    claims?: Partial<BundleClaims>,
    key?: Partial<SigningKeyClaims>,
  ): Promise<SignedBundle>;
}

/** What an operator holds, made apart from the operator's own code. `now` is in unix milliseconds. */
export async function createBundleForge(now: () => number): Promise<BundleForge> {
  const [root, signing] = await Promise.all([createTestSigner(), createTestSigner()]);
  return {
    root,
    signing,
    async sign(bundle, claims = {}, key = {}) {
      const at = Math.floor(now() / 1000);
      const signingKey = { key: signing.key, notBefore: at - DAY, expires: at + DAY, ...key };
      const all = { issued: at, expires: at + DAY, bundle, controlCa: '', clusterIssuer: null, ...claims };
      return {
        format: 1,
        signingKey: await root.sign(signingKey, { typ: SIGNING_KEY_TYPE }),
        bundle: await signing.sign(all, { typ: BUNDLE_TYPE }),
      };
    },
  };
}
