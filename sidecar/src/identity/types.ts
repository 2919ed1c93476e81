import type { Identity, ReasonCode } from '@rankguard/contract';

/** What a call's header fields say about who calls. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  /** More than one credential: two readers could choose differently. */
  | { readonly kind: 'ambiguous' }
  /** `scheme`: not a bearer token. `syntax`: not one token. `slot`: in a header that this dialect does not use. */
  | { readonly kind: 'malformed'; readonly why: 'scheme' | 'syntax' | 'slot' };

export type AuthResult = { readonly ok: true; readonly identity: Identity } | AuthFailure;

export interface AuthFailure {
  readonly ok: false;
  readonly code: ReasonCode;
  /** Safe to show and to log: never holds the token or a part of it. */
  readonly message: string;
  /** Value of WWW-Authenticate (RFC 6750 section 3); empty when the answer is not a 401. */
  readonly challenge: string;
  /** Seconds; only with a code that may pass later. */
  readonly retryAfter?: number;
}

export interface Authenticator {
  /**
   * Says who calls. Synchronous for a token that was judged before, otherwise a promise.
   * Never throws and never rejects: what is wrong is in the result.
   */
  authenticate(credential: Credential): AuthResult | Promise<AuthResult>;
}
