import type { IncomingMessage } from 'node:http';
import type { MatchedRoute } from '../dialects/index.ts';
import type { Active } from '../runtime/types.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The path of an origin-form request target (RFC 9112 section 3.2.1), without its query. */
export function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}

/** Finds the route of a request, or says why it has none. Looks at nothing but method, target and framing. */
export function matchRoute(request: IncomingMessage, active: Active): MatchedRoute | Refusal {
  const target = request.url ?? '';
  const matched = active.match(request.method ?? '', pathOf(target));
  if (matched === undefined) return refuse('ROUTE_NOT_ALLOWED');
  if (target.includes('?')) return refuse('QUERY_STRING_NOT_ALLOWED');
  const { upgrade, trailer } = request.headers;
  if (upgrade !== undefined)
    return refuse('REQUEST_MALFORMED', 'no protocol can be upgraded here', { close: true });
  if (trailer !== undefined) return refuse('REQUEST_MALFORMED', 'trailers are not taken', { close: true });
  const codings = request.headers['transfer-encoding'];
  if (codings !== undefined && codings.trim().toLowerCase() !== 'chunked') {
    return refuse('REQUEST_MALFORMED', 'the only transfer coding taken is chunked', { close: true });
  }
  if (request.method === 'GET' && hasBody(request)) {
    return refuse('REQUEST_MALFORMED', 'a GET here takes no body', { close: true });
  }
  return matched;
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
