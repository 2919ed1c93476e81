/** What kind of key an algorithm needs (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
export interface AlgorithmNeeds {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  /** Undefined where the key type has no curve. */
  readonly crv?: string;
}

/**
 * The algorithms that an access token may be signed with: asymmetric ones only. With a symmetric algorithm
 * everybody who can verify can also sign, and a published key could be abused as the secret.
 */
const ALGORITHMS: ReadonlyMap<string, AlgorithmNeeds> = new Map<string, AlgorithmNeeds>([
  ['RS256', { kty: 'RSA' }],
  ['RS384', { kty: 'RSA' }],
  ['RS512', { kty: 'RSA' }],
  ['PS256', { kty: 'RSA' }],
  ['PS384', { kty: 'RSA' }],
  ['PS512', { kty: 'RSA' }],
  ['ES256', { kty: 'EC', crv: 'P-256' }],
  ['ES384', { kty: 'EC', crv: 'P-384' }],
  ['ES512', { kty: 'EC', crv: 'P-521' }],
  ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
  ['Ed25519', { kty: 'OKP', crv: 'Ed25519' }],
]);

export function algorithmNeeds(alg: string): AlgorithmNeeds | undefined {
  return ALGORITHMS.get(alg);
}
