import type { IncomingMessage } from 'node:http';
import type { MatchedRoute } from '../dialects/index.ts';
import type { Active } from '../runtime/types.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The path of an origin-form request target (RFC 9112 section 3.2.1), without its query. */
export function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}

/** Finds the route of a request. Looks at nothing but method and path. */
export function matchRoute(request: IncomingMessage, active: Active): MatchedRoute | undefined {
  return active.match(request.method ?? '', pathOf(request.url ?? ''));
}

/** Why a request to a known route is not taken, whoever sends it; undefined when it is. Looks at its head alone. */
export function unfitHead(request: IncomingMessage): Refusal | undefined {
  if (request.url?.includes('?')) return refuse('QUERY_STRING_NOT_ALLOWED');
  const why = malformedHead(request);
  return why === undefined ? undefined : refuse('REQUEST_MALFORMED', why, { close: true });
}

function malformedHead(request: IncomingMessage): string | undefined {
  const { upgrade, trailer, expect } = request.headers;
  // HTTP/0.9 has no header fields, HTTP/2 another framing: the parser takes both at their word.
  if (request.httpVersionMajor !== 1) return 'the version must be HTTP/1.1 or HTTP/1.0';
  if (!hasOneHost(request)) return 'there must be one Host field (RFC 9112 section 3.2)';
  if (upgrade !== undefined) return 'no protocol can be upgraded here';
  if (trailer !== undefined) return 'trailers are not taken';
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    return 'the only expectation known is 100-continue';
  const codings = request.headers['transfer-encoding'];
  if (codings !== undefined && codings.trim().toLowerCase() !== 'chunked')
    return 'the only transfer coding taken is chunked';
  return request.method === 'GET' && hasBody(request) ? 'a GET here takes no body' : undefined;
}

/** Node's own check answers without a reason and takes the first of two. */
function hasOneHost(request: IncomingMessage): boolean {
  const hosts = request.headersDistinct['host'] ?? [];
  return hosts.length === 1 || (hosts.length === 0 && request.httpVersionMinor === 0);
}

export function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

/** The data set that the configured source names before the body is read. */
export function datasetOf(
  request: IncomingMessage,
  active: Active,
  claims: Readonly<Record<string, unknown>>,
): { dataset: string | null; datasetSource: 'fixed' | 'token' | 'header' | 'body' | null } | Refusal {
  const source = active.bundle.connection.dataset;
  if (source === null || source.from === 'body') return { dataset: null, datasetSource: null };
  if (source.from === 'fixed') return { dataset: source.value, datasetSource: 'fixed' };
  if (source.from === 'token') {
    const claim = claims[source.name];
    return typeof claim === 'string'
      ? { dataset: claim, datasetSource: 'token' }
      : { dataset: null, datasetSource: null };
  }
  const values = request.headersDistinct[source.name.toLowerCase()] ?? [];
  if (values.length > 1) return refuse('REQUEST_MALFORMED', `${source.name} is given twice`);
  const [value] = values;
  return value === undefined
    ? { dataset: null, datasetSource: null }
    : { dataset: value.trim(), datasetSource: 'header' };
}
