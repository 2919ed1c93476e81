import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { REASONS } from '@rankguard/contract';
import type { MatchedRoute } from '../dialects/index.ts';
import { readCredential } from '../identity/index.ts';
import type { Active } from '../runtime/types.ts';
import { datasetOf, matchRoute, unfitHead } from './accept.ts';
import { readBody } from './body.ts';
import type { Exchange, PipelineDeps } from './exchange.ts';
import { upstreamHeaders } from './headers.ts';
import { passThrough } from './pass-through.ts';
import { type Answer, type Refusal, refuse } from './refusal.ts';
import { type Forwardable, judgeBodiless, judgeRequest, type RequestCall } from './request-phase.ts';
import { decodeResponse, judgeResponse } from './response-phase.ts';
import { signedHeaders } from './signing.ts';
import { connectionName, lap } from './trace.ts';

const JUSTIFICATION_HEADER = 'rankguard-justification';
const CROWDED = 'more calls come than can be judged in time';
/** A body that is refused may be this late before its time is up, whatever the connection's own timeout is. */
const LONGEST_BODY_MS = 30_000;

/** Takes one call through its stages. `sent`: the answer is already on its way, streamed. */
export async function runCall(
  deps: PipelineDeps,
  exchange: Exchange,
  active: Active,
): Promise<Answer | Refusal | 'sent'> {
  const { request, trace } = exchange;
  const matched = matchRoute(request, active);
  if (matched === undefined) return refuse('ROUTE_NOT_ALLOWED');
  exchange.matched = matched;
  trace.dialect = matched.dialect.name;
  trace.operation = matched.route.operation;
  const unfit = unfitHead(request);
  if (unfit !== undefined) return unfit;
  if (matched.route.operation === 'health') return (await passThrough(exchange, active)) ?? 'sent';
  const bypassed = deps.bypassed();
  if (bypassed !== null) return refuse('GUARD_BYPASSED', bypassed);
  const { expires, connection } = active.bundle;
  if (expires !== null && deps.now() >= expires * 1000) return refuse('BUNDLE_EXPIRED');
  if (!deps.budget.enter(connection.limits.concurrency)) {
    const { calls } = deps.budget;
    return refuse('OVERLOADED', `${calls} calls are in flight, as many as can be served in time`);
  }
  try {
    return await judgedCall(deps, exchange, active, matched);
  } finally {
    deps.budget.leave();
  }
}

async function judgedCall(
  deps: PipelineDeps,
  exchange: Exchange,
  active: Active,
  matched: MatchedRoute,
): Promise<Answer | Refusal> {
  const call = await gather(deps, exchange, active, matched);
  if ('refused' in call) return call;
  const judged = await judge(deps, exchange, call);
  // The body may have told more than the path did.
  exchange.matched = judged.matched ?? matched;
  if (judged.refused) return judged;
  const settled = { ...call, matched: judged.matched };
  if (judged.body === null) {
    const { dialect, route } = judged.matched;
    const { model, kept } = judged;
    const body = Buffer.from(
      dialect.empty(route, { requestId: exchange.trace.id, model, parts: kept.length }),
    );
    const own = dialect.ownHeaders?.(200) ?? [];
    return { status: 200, headers: ['Content-Type', 'application/json', ...own], body };
  }
  return forward(deps, exchange, settled, judged, judged.body);
}

/** Who asks, and for which data set. */
async function gather(
  deps: PipelineDeps,
  exchange: Exchange,
  active: Active,
  matched: MatchedRoute,
): Promise<RequestCall | Refusal> {
  const { request, trace } = exchange;
  const at = performance.now();
  const pending = active.authenticator.authenticate(
    readCredential(request.rawHeaders, matched.dialect.credentials),
  );
  const result = pending instanceof Promise ? await pending : pending;
  lap(trace, 'authenticate', at);
  if (!result.ok) {
    const { challenge, retryAfter } = result;
    return refuse(result.code, result.message, {
      challenge,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  }
  trace.identity = result.identity;
  const dataset = datasetOf(request, active, result.identity.claims);
  if ('refused' in dataset) return dataset;
  const { connection } = active.bundle;
  const served = active.served.current();
  const context = {
    id: trace.id,
    connection,
    matched,
    identity: result.identity,
    ...dataset,
    justification: justificationOf(request),
    served: served instanceof Promise ? await served : served,
    now: deps.now(),
  };
  const sampled = deps.displacement.chooses(active.bundle.masking.displacementPercent ?? 0);
  return { active, matched, context, trace, usage: deps.usage, sampled };
}

const LONGEST_JUSTIFICATION = 1_024;

/** Header bytes are Latin-1 to Node; a person's words are mostly UTF-8 (RFC 9110 section 5.5 leaves it open). */
function justificationOf({ headers }: IncomingMessage): string | null {
  const value = headers[JUSTIFICATION_HEADER];
  if (typeof value !== 'string' || value.trim() === '') return null;
  const bytes = Buffer.from(value, 'latin1');
  return (isUtf8(bytes) ? bytes.toString('utf8') : value).slice(0, LONGEST_JUSTIFICATION).trim();
}

async function judge(
  deps: PipelineDeps,
  exchange: Exchange,
  call: RequestCall,
): Promise<Forwardable | Refusal> {
  if (call.matched.route.method === 'GET') return judgeBodiless(call);
  const { request, response, trace, reserve, malformed } = exchange;
  const { limits } = call.active.bundle.connection;
  if (!deps.turns.admit()) return refuse('OVERLOADED', CROWDED);
  const at = performance.now();
  const body = await readBody(request, {
    maxBytes: limits.requestBytes,
    timeoutMs: Math.min(limits.timeoutSeconds * 1000, LONGEST_BODY_MS),
    reserve,
    malformed,
    begin() {
      // Not before: nobody is told to send a body that will not be read (RFC 9110 section 10.1.1).
      if (request.headers.expect !== undefined && request.httpVersionMinor === 1) response.writeContinue();
    },
  });
  lap(trace, 'read', at);
  if (!Buffer.isBuffer(body)) return body;
  trace.bytesIn = body.length;
  const turn = deps.turns.take();
  if (!(typeof turn === 'boolean' ? turn : await turn)) {
    return refuse('OVERLOADED', CROWDED);
  }
  return judgeRequest(call, body);
}

async function forward(
  deps: PipelineDeps,
  exchange: Exchange,
  call: RequestCall,
  judged: Forwardable,
  body: Buffer,
): Promise<Answer | Refusal> {
  const { trace, reserve, gone } = exchange;
  const { active, matched } = call;
  const { limits } = active.bundle.connection;
  const { method, path } = matched.route;
  const headers = signedFor(deps, exchange, call, judged, body);
  if ('refused' in headers) return headers;
  trace.sent = trace.documents - trace.dropped;
  const at = performance.now();
  const received = await active.upstream.send(
    { method, path, headers: [...headers], body: method === 'POST' ? body : null },
    { signal: gone, maxBytes: limits.responseBytes, timeoutMs: limits.timeoutSeconds * 1000, reserve },
  );
  lap(trace, 'forward', at);
  if (!received.ok) {
    if (received.code !== 'CLIENT_GONE')
      deps.metrics.upstreamError(connectionName(active.bundle.connection), received.code);
    return refuse(received.code, received.message);
  }
  trace.upstreamStatus = received.status;
  const decoded = await decodeResponse(call, received, reserve);
  const answer = Buffer.isBuffer(decoded) ? judgeResponse(call, judged, received, decoded) : decoded;
  const failed = 'refused' in answer && REASONS[answer.reason.code].kind === 'upstream';
  if (failed) deps.metrics.upstreamError(connectionName(active.bundle.connection), answer.reason.code);
  if (!('refused' in answer)) measureDisplacement(deps, exchange, call, judged);
  return answer;
}

/** Only what the verdict allowed goes out a second time, and less of it: masked. Not in a crowd, and not while draining. */
function measureDisplacement(
  deps: PipelineDeps,
  exchange: Exchange,
  call: RequestCall,
  judged: Forwardable,
): void {
  if (judged.sample === null || deps.draining()) return;
  deps.displacement.measure(call, judged, (body) => {
    if (!deps.turns.admit()) return null;
    const headers = signedFor(deps, exchange, call, { ...judged, unchanged: false }, body, true);
    if ('refused' in headers) return null;
    const { method, path } = call.matched.route;
    return { method, path, headers: [...headers], body };
  });
}

function signedFor(
  deps: PipelineDeps,
  exchange: Exchange,
  call: RequestCall,
  judged: Forwardable,
  body: Buffer,
  masked = false,
): readonly string[] | Refusal {
  const headers = headersFor(exchange, call, masked);
  const { route, dialect } = call.matched;
  if (dialect.signing === undefined) return headers;
  return signedHeaders({
    active: call.active,
    service: dialect.signing,
    request: { method: route.method, path: route.path, body },
    headers,
    callerHeaders: exchange.request.rawHeaders,
    unchanged: judged.unchanged && exchange.request.headers['content-encoding'] === undefined,
    now: deps.now(),
  });
}

function headersFor(exchange: Exchange, { active, matched }: RequestCall, masked: boolean): string[] {
  const masks = masked || active.bundle.masking.order === 'mask-then-score';
  return upstreamHeaders(exchange.request.rawHeaders, matched.dialect, {
    hasBody: matched.route.method === 'POST',
    requestId: exchange.trace.id,
    upstreamKey: active.upstreamKey,
    mask: masks ? (value) => active.masker.string(value) : (value) => value,
  });
}
