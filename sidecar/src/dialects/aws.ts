import type { CredentialSlot } from '../identity/credential.ts';
import type { Dialect } from './types.ts';

/**
 * What AWS clients send: a signature over the request, which names nobody here, and a session token, in which the
 * caller's access token is.
 */
export const AWS_CREDENTIALS: readonly CredentialSlot[] = [
  { header: 'x-amz-security-token', scheme: null, only: 'jwt' },
  { header: 'authorization', scheme: 'bearer' },
  { header: 'authorization', scheme: 'aws4-hmac-sha256', only: 'signature' },
];

const TYPES: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  413: 'ValidationException',
  429: 'ThrottlingException',
  503: 'ServiceUnavailableException',
};

/** Its clients name their exception by this header field, and show `message`. */
export const awsOwnHeaders = (status: number): readonly string[] =>
  status < 400 ? [] : ['x-amzn-errortype', TYPES[status] ?? 'InternalServerException'];
export const awsError: Dialect['error'] = (_status, _code, message) => ({ message });
