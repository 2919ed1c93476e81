import type { CallRecord } from '@rankguard/contract';
import type { Dialect } from '../dialects/index.ts';
import type { Active } from '../runtime/types.ts';

/** Request fields that say nothing of the caller's data and help the upstream's operators. */
const REQUEST = ['user-agent', 'traceparent', 'tracestate'];
const RESPONSE = ['retry-after', 'ratelimit', 'ratelimit-policy', 'traceresponse'];

/** What passes of a request: the dialect's allowlist, with content fields that fit the body that is sent. */
export function upstreamHeaders(
  rawHeaders: readonly string[],
  dialect: Dialect,
  options: {
    hasBody: boolean;
    requestId: string;
    upstreamKey: string | null;
    mask: (value: string) => string;
  },
): string[] {
  const headers = ['accept', 'application/json', 'accept-encoding', 'identity'];
  if (options.hasBody) headers.push('content-type', 'application/json');
  headers.push('x-request-id', options.requestId);
  // A key of AWS signs and is never sent.
  if (options.upstreamKey !== null && !options.upstreamKey.startsWith('{'))
    headers.push(...credentialField(dialect, options.upstreamKey));
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (REQUEST.includes(name) || dialect.requestHeaders.includes(name)) {
      headers.push(name, options.mask(rawHeaders[i + 1] ?? ''));
    }
  }
  return headers;
}

/** As the dialect's own clients send their key. */
const SCHEMES: Readonly<Record<string, string>> = { bearer: 'Bearer ', apikey: 'ApiKey ' };

function credentialField({ credentials: [slot] }: Dialect, key: string): [string, string] {
  if (slot === undefined || slot.only !== undefined) return ['authorization', `Bearer ${key}`];
  return [slot.header, `${SCHEMES[slot.scheme ?? ''] ?? ''}${key}`];
}

/** What passes of an answer's header fields, values masked. Content fields are the sidecar's own to set. */
export function callerHeaders(
  headers: ReadonlyMap<string, readonly string[]>,
  dialect: Dialect,
  mask: (value: string) => string,
): string[] {
  const passed: string[] = [];
  for (const [name, values] of headers) {
    if (!RESPONSE.includes(name) && !dialect.responseHeaders.includes(name)) continue;
    for (const value of values) passed.push(name, mask(value));
  }
  return passed;
}

/** What rank verbs did, for callers whose connection tells them: a list of RFC 9651, e.g. `floor;removed=2`. */
export function rankingHeader({ bundle }: Active, ranking: CallRecord['ranking']): string[] {
  if (!bundle.connection.rankingHeader || ranking.length === 0) return [];
  const items = ranking.map(({ verb, removed, moved }) => `${verb};removed=${removed};moved=${moved}`);
  return ['Rankguard-Ranking', items.join(', ')];
}
