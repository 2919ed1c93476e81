/**
 * The control API: what a sidecar asks of the operator, over TLS, with the token of its pod as bearer (RFC 6750).
 *
 * | request | answers |
 * | --- | --- |
 * | `GET /v1/bundles/{namespace}/{name}` | 200 a SignedBundle with `ETag`; 304 when `If-None-Match` still holds after `Prefer: wait=N`; 404 no bundle after the wait |
 * | `POST /v1/acks` an Ack | 204 |
 * | `POST /v1/audit` an AuditBatch | 204 |
 * | `POST /v1/usage` a UsageReport | 200 UsageShares |
 * | `POST /v1/acks/forwarded` ForwardedAcks, from one operator to another | 204 |
 * | `POST /v1/usage/forwarded` ForwardedUsage, from one operator to the one that leads | 200 UsageShares |
 *
 * Refusals are problem details (RFC 9457) with a `code` of the reason catalogue: 401 the token, 403 the pod or the
 * connection, 400 and 413 the body, 503 with Retry-After when nobody can be identified now.
 */
export const CONTROL_ROUTES = {
  bundles: '/v1/bundles',
  acks: '/v1/acks',
  forwardedAcks: '/v1/acks/forwarded',
  audit: '/v1/audit',
  usage: '/v1/usage',
  forwardedUsage: '/v1/usage/forwarded',
} as const;

/**
 * The audience of pod tokens for the control API. It is private: a connection that lists it for its callers is
 * refused, so that no token that a caller shows could be played back here.
 */
export const CONTROL_AUDIENCE = 'control.rankguard.dev';

/** What an operator shows to another operator. Never mounted into a guarded pod. */
export const OPERATOR_AUDIENCE = 'operator.rankguard.dev';

/** Audiences that no connection may list for its callers. */
export const RESERVED_AUDIENCES: readonly string[] = [CONTROL_AUDIENCE, OPERATOR_AUDIENCE];

/** The revision that a sidecar has in force, as a request header of every poll; absent when there is none. */
export const ACTIVE_REVISION_HEADER = 'Rankguard-Active-Revision';

/** Seconds that a poll waits for news; below the idle timeouts of common load balancers (60 s). */
export const POLL_SECONDS = 50;

/** Bytes of a signed bundle; a larger one is neither served nor taken. */
export const MOST_BUNDLE_BYTES = 64 * 1024 * 1024;

/** Bytes of any other body. */
export const MOST_MESSAGE_BYTES = 256 * 1024;

/** The path of a connection's bundle. */
export function bundlePath({ namespace, name }: ConnectionKey): string {
  return `${CONTROL_ROUTES.bundles}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}

/** Which RerankConnection. */
export interface ConnectionKey {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`. */
export function connectionKey({ namespace, name }: ConnectionKey): string {
  return `${namespace}/${name}`;
}
