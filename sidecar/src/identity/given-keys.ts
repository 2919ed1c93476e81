import type { IssuerKeys } from './issuer-keys.ts';
import { chooseKey, readKeys } from './signing-keys.ts';

/** The keys of an issuer that came with the bundle: nothing is fetched, and nothing else is believed. */
export function createGivenKeys(jwks: readonly unknown[], now: () => number): IssuerKeys {
  const since = now();
  let closed = false;
  const keys = readKeys(jwks, () => !closed);
  return {
    lookup: (alg, kid) =>
      closed ? { kind: 'unavailable', retryAfter: 1 } : chooseKey(keys.values(), alg, kid),
    health: () => ({ keys: keys.size, ageMs: now() - since, usable: !closed, error: null }),
    close() {
      closed = true;
    },
  };
}
