/**
 * The one reason catalogue. A code appears in problem bodies, log lines, metric labels and Events;
 * its status is the HTTP status of an answer that the sidecar makes itself.
 *
 * - `denial`: an expected verdict; the caller may not do this.
 * - `fault`: the call was refused because something is broken, missing or over a bound (fail closed).
 * - `upstream`: the reranker could not be used.
 * - `control`: the operator refuses a sidecar.
 *
 * `retry` says whether the same call may succeed later; those answers carry Retry-After.
 */
export const REASONS = {
  // identity
  TOKEN_MISSING: denial(401, 'The call carries no access token.'),
  TOKEN_MALFORMED: denial(401, 'The credential is not a signed access token.'),
  TOKEN_TOO_LARGE: denial(401, 'The access token is larger than the limit.'),
  TOKEN_ALGORITHM: denial(401, 'The access token is signed with an algorithm that is not allowed.'),
  TOKEN_SIGNATURE: denial(401, "The access token's signature does not verify."),
  TOKEN_KEY_UNKNOWN: denial(401, 'The access token names a key that its issuer does not publish.'),
  TOKEN_ISSUER: denial(401, "The access token's issuer is not trusted by this connection."),
  TOKEN_AUDIENCE: denial(401, 'The access token was issued for another audience.'),
  TOKEN_EXPIRED: denial(401, 'The access token has expired.'),
  TOKEN_NOT_YET_VALID: denial(401, 'The access token is not valid yet.'),
  TOKEN_CLAIMS: denial(401, 'The access token lacks a claim that this connection needs.'),
  CREDENTIAL_AMBIGUOUS: denial(401, 'The call carries more than one credential.'),
  IDENTITY_UNAVAILABLE: fault(503, "The issuer's keys cannot be fetched; nobody can be identified.", true),
  // what may be asked
  ROUTE_NOT_ALLOWED: denial(403, 'This method and path are not among the routes of the connection.'),
  QUERY_STRING_NOT_ALLOWED: denial(403, 'This route takes no query string.'),
  NOT_ALLOWED: denial(403, 'No policy allows this call.'),
  POLICY_DENY: denial(403, 'A policy denies this call.'),
  MODEL_NOT_ALLOWED: denial(403, 'The model is not among the models of the connection.'),
  LIMIT_EXCEEDED: denial(403, 'The call is larger than a policy allows.'),
  SIGNATURE_BROKEN: denial(403, "The caller's own AWS signature does not cover what would be sent."),
  // reading the request
  REQUEST_MALFORMED: denial(400, 'The HTTP message is malformed or could be read in two ways.'),
  BODY_NOT_JSON: denial(400, 'The body is not strict JSON.'),
  BODY_DUPLICATE_KEY: denial(400, 'The body repeats a member name; two readers could read it differently.'),
  BODY_NOT_UTF8: denial(400, 'The body is not valid UTF-8, or holds a lone surrogate.'),
  BODY_AMBIGUOUS_MEMBER: denial(
    400,
    "The body has a member that another reader could take for one of the API's own.",
  ),
  BODY_SHAPE: denial(400, 'The body does not have the shape that this API takes.'),
  BODY_TOO_LARGE: denial(413, 'The body is larger than the limit.'),
  BODY_TOO_COMPLEX: denial(413, 'The body has more tokens or deeper nesting than the limit.'),
  BODY_ENCODING: denial(415, 'The content encoding cannot be decoded.'),
  BODY_TIMEOUT: denial(408, 'The body did not arrive in time.'),
  TOO_MANY_DOCUMENTS: denial(413, 'The call has more candidate documents than the limit.'),
  HEADERS_TOO_LARGE: denial(431, 'The header fields are larger than the limit.'),
  RANKING_FIXED: denial(403, 'A policy removes or moves results, but this API gives scores by place only.'),
  // bounds on the sidecar itself
  OVERLOADED: fault(503, 'The sidecar is at its limit of calls.', true),
  BUFFER_FULL: fault(503, 'The sidecar holds as many bytes as it may.', true),
  // policy and bundle
  POLICY_FAULT: fault(500, 'A policy could not be evaluated; nothing passes without a decision.'),
  POLICY_RUNAWAY: fault(500, 'A policy used more than its budget of computation and was stopped.'),
  BUNDLE_MISSING: fault(503, 'No policy bundle is active.', true),
  BUNDLE_EXPIRED: fault(503, 'The policy bundle has expired.', true),
  GUARD_BYPASSED: fault(
    503,
    'The reranker listens where calls could pass the sidecar by; nothing passes until it does not.',
    true,
  ),
  MASKING_FAULT: fault(500, 'The masking engine failed; nothing passes unmasked.'),
  INTERNAL: fault(500, 'The sidecar failed; the call was refused.'),
  // the upstream
  UPSTREAM_UNREACHABLE: upstream(502, 'The reranker cannot be reached.'),
  UPSTREAM_RESET: upstream(502, 'The reranker closed the connection before its answer was whole.'),
  UPSTREAM_MALFORMED: upstream(502, "The reranker's answer cannot be read."),
  UPSTREAM_SHAPE: upstream(502, "The reranker's answer does not have the shape of its API."),
  UPSTREAM_ENCODING: upstream(502, "The content encoding of the reranker's answer cannot be decoded."),
  UPSTREAM_TOO_LARGE: upstream(502, "The reranker's answer is larger than the limit."),
  UPSTREAM_TIMEOUT: upstream(504, 'The reranker did not answer in time.'),
  UPSTREAM_ERROR: upstream(502, 'The reranker answered with an error.'),
  CLIENT_GONE: upstream(499, 'The caller went away before the answer.'),
  // admission: a pod that a connection selects and that cannot be guarded is refused
  POD_NOT_ISOLATED: tool('The pod shares what must be its own, so that it cannot be guarded.'),
  POD_NAME_RESERVED: tool("The pod uses a name, port, volume or token that is the sidecar's."),
  POD_PORT_MISSING: tool('The pod does not have the port that the connection guards.'),
  POD_CAPTURE_IMPOSSIBLE: tool('There is no way for the sidecar to get in front of the app.'),
  POD_CHANGED: tool('The pod is not as injection made it.'),
  // configuration and tools: never an HTTP answer of the data path
  CONFIG_INVALID: tool('A resource is invalid.'),
  CONFIG_UNSUPPORTED: tool('A resource asks for something that this version does not do.'),
  POLICY_INVALID: tool('A policy does not compile or says something that is not understood.'),
  POLICY_TEST_FAILED: tool('A test of a policy failed.'),
  COMPILER_MISSING: tool('The policy compiler (opa) is not available.'),
  CLUSTER_UNAVAILABLE: tool('The Kubernetes API server cannot be reached or cannot answer now.'),
  CLUSTER_REFUSED: tool('The Kubernetes API server refuses a request.'),
  COMPILER_FAILED: tool('The policy compiler crashed, timed out or ran out of memory.'),
  // the sidecar in a pod: never an HTTP answer
  BUNDLE_REFUSED: tool(
    'A bundle does not verify, is older than the one in force, or is not for this connection.',
  ),
  PORT_UNDECLARED: tool('Something in the pod listens on a port that the connection does not declare.'),
  // the control API
  CONTROL_TOKEN: control(401, 'The token is not one of a pod for the control API.'),
  CONTROL_POD: control(403, 'The pod is not one that this connection guards.'),
  CONTROL_BODY: control(400, 'The body does not have the shape that the control API takes.'),
  CONTROL_BODY_TOO_LARGE: control(413, 'The body is larger than the control API takes.'),
  CONTROL_NO_BUNDLE: control(404, 'The operator has no bundle for this connection.', true),
  CONTROL_UNAVAILABLE: control(503, 'The operator cannot answer now.', true),
  CONTROL_ROUTE: control(404, 'The control API has no such route.'),
} as const satisfies Record<string, ReasonEntry>;

export type ReasonCode = keyof typeof REASONS;
/** Every code may be thrown; denials are normally returned as values. */
export type FaultCode = ReasonCode;

export interface ReasonEntry {
  readonly kind: 'denial' | 'fault' | 'upstream' | 'tool' | 'control';
  /** HTTP status of the sidecar's own answer; 0 where there is none. */
  readonly status: number;
  readonly sentence: string;
  readonly retry: boolean;
}

function denial(status: number, sentence: string): ReasonEntry {
  return { kind: 'denial', status, sentence, retry: false };
}
function fault(status: number, sentence: string, retry = false): ReasonEntry {
  return { kind: 'fault', status, sentence, retry };
}
function upstream(status: number, sentence: string): ReasonEntry {
  return { kind: 'upstream', status, sentence, retry: false };
}
function tool(sentence: string): ReasonEntry {
  return { kind: 'tool', status: 0, sentence, retry: false };
}
function control(status: number, sentence: string, retry = false): ReasonEntry {
  return { kind: 'control', status, sentence, retry };
}
