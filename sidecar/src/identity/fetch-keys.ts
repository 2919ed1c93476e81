import { isRecord, member, parseJson } from './json.ts';

/** What this folder needs of `fetch`: the global one and undici's both fit. */
export type Fetch = (
  url: string,
  init: {
    readonly signal: AbortSignal;
    readonly redirect: 'manual';
    readonly headers: Readonly<Record<string, string>>;
  },
) => Promise<FetchResponse>;

export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Why an issuer's keys could not be fetched: a finite set, good for a metric's label. */
export type KeySetError =
  /** A URL is not https and not on loopback. */
  | 'insecure-url'
  | 'unreachable'
  | 'timeout'
  /** Another status than 200. */
  | 'status'
  /** A redirect to another origin, or too many of them. */
  | 'redirect'
  | 'too-large'
  /** Not JSON, or not the JSON that the specification asks for. */
  | 'malformed'
  /** The discovery document speaks for another issuer. */
  | 'issuer-mismatch';

export type Fetched<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: KeySetError; readonly message: string };

const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 200;
const MAX_REDIRECTS = 3;

/**
 * The members of an issuer's JWK Set, found by discovery (OpenID Connect Discovery 1.0 section 4; where that
 * document does not exist, RFC 8414 section 3). One signal bounds the whole.
 */
export async function fetchKeys(
  fetch: Fetch,
  issuer: string,
  signal: AbortSignal,
): Promise<Fetched<readonly unknown[]>> {
  const metadata = await fetchMetadata(fetch, issuer, signal);
  if (!metadata.ok) return metadata;
  const named = isRecord(metadata.value) ? member(metadata.value, 'issuer') : undefined;
  if (typeof named !== 'string') return failed('malformed', 'The discovery document names no issuer.');
  if (named !== issuer) {
    return failed(
      'issuer-mismatch',
      `The discovery document speaks for ${JSON.stringify(named.slice(0, 200))}.`,
    );
  }
  const place = isRecord(metadata.value) ? member(metadata.value, 'jwks_uri') : undefined;
  if (typeof place !== 'string' || !URL.canParse(place)) {
    return failed('malformed', 'The discovery document has no jwks_uri.');
  }
  // An issuer beyond loopback has no business with plain HTTP inside this pod.
  if (!isSecure(place) || (isSecureScheme(issuer) && !isSecureScheme(place))) {
    return failed('insecure-url', 'The jwks_uri of the discovery document is not https.');
  }
  const set = await fetchJson(fetch, place, signal);
  if (!set.ok) return set;
  const keys = isRecord(set.value) ? member(set.value, 'keys') : undefined;
  if (!Array.isArray(keys)) return failed('malformed', 'The key set has no array of keys.');
  if (keys.length > MAX_KEYS) return failed('too-large', `The key set has more than ${MAX_KEYS} keys.`);
  return { ok: true, value: keys };
}

async function fetchMetadata(fetch: Fetch, issuer: string, signal: AbortSignal): Promise<Fetched<unknown>> {
  if (!URL.canParse(issuer) || !isSecure(issuer)) {
    return failed('insecure-url', 'An issuer must be an https URL; plain http is for loopback only.');
  }
  const base = issuer.replace(/\/$/, '');
  const first = await fetchJson(fetch, `${base}/.well-known/openid-configuration`, signal);
  if (first.ok || !first.notFound) return first;
  const { origin, pathname } = new URL(base);
  const path = pathname === '/' ? '' : pathname;
  return fetchJson(fetch, `${origin}/.well-known/oauth-authorization-server${path}`, signal);
}

type FetchedJson = { readonly ok: true; readonly value: unknown } | FetchedFailure;
interface FetchedFailure {
  readonly ok: false;
  readonly error: KeySetError;
  readonly message: string;
  readonly notFound?: boolean;
}

async function fetchJson(fetch: Fetch, url: string, signal: AbortSignal): Promise<FetchedJson> {
  // Aborted at the end as well: an answer that is not read to its end must not keep its connection.
  const exchange = new AbortController();
  try {
    return await follow(fetch, new URL(url), AbortSignal.any([signal, exchange.signal]));
  } catch (error) {
    return signal.aborted
      ? failed('timeout', 'The issuer did not answer in time.')
      : failed('unreachable', `The issuer cannot be reached: ${causeOf(error)}.`);
  } finally {
    exchange.abort();
  }
}

async function follow(fetch: Fetch, start: URL, signal: AbortSignal): Promise<FetchedJson> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const response = await fetch(url.href, {
      signal,
      redirect: 'manual',
      headers: { accept: 'application/json, application/jwk-set+json' },
    });
    if (response.status === 200) return readBody(response);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) {
      return {
        ...failed('status', `The issuer answered ${response.status}.`),
        notFound: response.status === 404,
      };
    }
    if (!URL.canParse(location, url.href)) return failed('redirect', 'The issuer redirects to no URL.');
    const next = new URL(location, url);
    if (next.origin !== start.origin) return failed('redirect', 'The issuer redirects to another origin.');
    url = next;
  }
  return failed('redirect', 'The issuer redirects too often.');
}

async function readBody(response: FetchResponse): Promise<FetchedJson> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MAX_BYTES)
      return failed('too-large', `The issuer's answer is larger than ${MAX_BYTES} bytes.`);
    parts.push(part);
  }
  const value = parseJson(Buffer.concat(parts));
  return value === undefined ? failed('malformed', "The issuer's answer is not JSON.") : { ok: true, value };
}

function isSecureScheme(url: string): boolean {
  return new URL(url).protocol === 'https:';
}

function isSecure(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3; URL has normalised the spelling. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** fetch wraps what happened: the system's code is what an operator looks for. */
function causeOf(error: unknown): string {
  const cause = isRecord(error) ? (error['cause'] ?? error) : undefined;
  const code = isRecord(cause) ? cause['code'] : undefined;
  return typeof code === 'string' ? code : 'no answer';
}

function failed(error: KeySetError, message: string): FetchedFailure {
  return { ok: false, error, message };
}
