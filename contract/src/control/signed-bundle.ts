import type { Bundle } from '../bundle/index.ts';

/**
 * A bundle as it travels: two JWS in compact serialisation (RFC 7515 section 7.1) with `alg: EdDSA` (RFC 8037).
 * A root key signs the signing key, the signing key signs the bundle. Pods know root keys only.
 */
export interface SignedBundle {
  readonly format: 1;
  /** Payload: {@link SigningKeyClaims}; `typ` {@link SIGNING_KEY_TYPE}, `kid` the thumbprint of the root key. */
  readonly signingKey: string;
  /** Payload: {@link BundleClaims}; `typ` {@link BUNDLE_TYPE}, `kid` the thumbprint of the signing key. */
  readonly bundle: string;
}

/** `typ` of a JWS: no signature of one kind passes for one of another (RFC 8725 section 3.11). */
export const SIGNING_KEY_TYPE = 'rankguard-signing-key+jwt';
export const BUNDLE_TYPE = 'rankguard-bundle+jwt';

/**
 * The public half of an Ed25519 key: the member `x` of its JWK (RFC 8037 section 2), 43 characters of base64url.
 * Its `kid` is the JWK thumbprint (RFC 7638, SHA-256).
 */
export type PublicKey = string;

/** What a root key says of a signing key. Times are unix seconds. */
export interface SigningKeyClaims {
  readonly key: PublicKey;
  readonly notBefore: number;
  readonly expires: number;
}

/** What a signing key says. Times are unix seconds. */
export interface BundleClaims {
  readonly issued: number;
  /** From then on the bundle denies: `issued` and the connection's `failure.staleAfter`, renewed long before. */
  readonly expires: number;
  readonly bundle: Bundle;
  /** PEM certificates that the control API's own may chain to from now on, old and new. */
  readonly controlCa: string;
  /** Who signs ServiceAccount tokens of this cluster; null when no caller comes with one. */
  readonly clusterIssuer: ClusterIssuer | null;
}

/** The cluster's issuer as its API server publishes it (`/.well-known/openid-configuration`, `/openid/v1/jwks`). */
export interface ClusterIssuer {
  readonly issuer: string;
  /** Members of its JWK Set (RFC 7517 section 5). */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}
