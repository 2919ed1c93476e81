export { type AuthenticatorOptions, createAuthenticator } from './authenticator.ts';
export {
  API_KEY,
  BARE,
  BEARER,
  CREDENTIAL_HEADERS,
  type CredentialSlot,
  isJwt,
  readCredential,
} from './credential.ts';
export type { Fetch, FetchResponse, KeySetError } from './fetch-keys.ts';
export type { KeyLookup } from './issuer-keys.ts';
export {
  createKeySets,
  type KeySetHealth,
  type KeySetLog,
  type KeySets,
  type KeySetsOptions,
} from './key-sets.ts';
export { KEY_SET_TIMINGS, type KeySetTimings, type Schedule } from './timings.ts';
export type { Authenticator, AuthFailure, AuthResult, Credential } from './types.ts';
