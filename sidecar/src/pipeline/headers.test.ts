import { describe, expect, test } from '@jest/globals';
import { createRouter } from '../dialects/index.ts';
import { callerHeaders, upstreamHeaders } from './headers.ts';

const router = createRouter(['tei', 'cohere-v2']);
const tei = router.match('POST', '/rerank')!.dialect;
const cohere = router.match('POST', '/v2/rerank')!.dialect;
const mask = (value: string) => value.replaceAll(/\S+@\S+/g, '<EMAIL_ADDRESS>');

/** Pairs of what is sent to the upstream for these fields of a caller. */
function towardsUpstream(
  raw: readonly string[],
  more: Partial<Parameters<typeof upstreamHeaders>[2]> = {},
  dialect = cohere,
) {
  const options = { hasBody: true, requestId: 'call-1', upstreamKey: null, mask, ...more };
  return pairs(upstreamHeaders(raw, dialect, options));
}

function pairs(flat: readonly string[]): string[] {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${flat[at + 1]}`] : []));
}

const OWN = [
  'accept: application/json',
  'accept-encoding: identity',
  'content-type: application/json',
  'x-request-id: call-1',
];

describe('towards the upstream', () => {
  test('only the sidecar’s own fields go when the caller sends none', () => {
    expect(towardsUpstream([])).toEqual(OWN);
    expect(towardsUpstream([], { hasBody: false })).toEqual(
      OWN.filter((line) => !line.startsWith('content-type')),
    );
  });

  test.each([
    ['Authorization', 'Bearer callers-token'],
    ['authorization', 'Bearer callers-token'],
    ['Proxy-Authorization', 'Basic YTpi'],
    ['Api-Key', 'callers-token'],
    ['X-Api-Key', 'callers-token'],
    ['Cookie', 'session=callers-token'],
    ['Content-Type', 'text/plain'],
    ['Content-Length', '5'],
    ['Content-Encoding', 'gzip'],
    ['Accept', '*/*'],
    ['Accept-Encoding', 'br'],
    ['Transfer-Encoding', 'chunked'],
    ['Connection', 'keep-alive, x-secret'],
    ['Keep-Alive', 'timeout=5'],
    ['TE', 'trailers'],
    ['Trailer', 'x'],
    ['Upgrade', 'h2c'],
    ['Expect', '100-continue'],
    ['Host', 'elsewhere.test'],
    ['Forwarded', 'for=192.0.2.1'],
    ['X-Forwarded-For', '192.0.2.1'],
    ['X-Request-Id', 'callers-own'],
    ['X-Dataset', 'tickets'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['Range', 'bytes=0-1'],
    ['Origin', 'https://a.test'],
    ['Baggage', 'user=ann'],
  ])('%s does not pass', (name, value) => {
    expect(towardsUpstream([name, value])).toEqual(OWN);
  });

  test.each([
    'User-Agent',
    'traceparent',
    'TraceState',
    'X-Client-Name',
    'X-Fern-Language',
    'x-fern-sdk-version',
  ])('%s passes, masked', (name) => {
    expect(towardsUpstream([name, 'by ann@example.org 1.0'])).toEqual([
      ...OWN,
      `${name.toLowerCase()}: by <EMAIL_ADDRESS> 1.0`,
    ]);
  });

  test('what one dialect knows does not pass under another', () => {
    expect(towardsUpstream(['X-Client-Name', 'a'], {}, tei)).toEqual(OWN);
  });

  test('the upstream’s own key takes the place of every credential', () => {
    const raw = ['Authorization', 'Bearer callers-token', 'User-Agent', 'a'];
    expect(towardsUpstream(raw, { upstreamKey: 'own-key' })).toEqual([
      ...OWN,
      'authorization: Bearer own-key',
      'user-agent: a',
    ]);
  });
});

describe('towards the caller', () => {
  const answer = (headers: Readonly<Record<string, string[]>>, dialect = tei) =>
    pairs(callerHeaders(new Map(Object.entries(headers)), dialect, mask));

  test.each([
    'content-type',
    'content-length',
    'content-encoding',
    'transfer-encoding',
    'connection',
    'keep-alive',
    'trailer',
    'set-cookie',
    'server',
    'via',
    'www-authenticate',
    'location',
    'etag',
    'access-control-allow-origin',
    'rankguard-decision',
    'rankguard-request-id',
    'x-request-id',
    'x-model-input',
    'x-debug-trace-id',
  ])('%s does not pass', (name) => {
    expect(answer({ [name]: ['anything'] })).toEqual([]);
  });

  test.each([
    'retry-after',
    'ratelimit',
    'ratelimit-policy',
    'traceresponse',
    'x-compute-tokens',
    'x-total-time',
  ])('%s passes, masked, with each of its values', (name) => {
    expect(answer({ [name]: ['5', 'for ann@example.org'] })).toEqual([
      `${name}: 5`,
      `${name}: for <EMAIL_ADDRESS>`,
    ]);
  });

  test('what one dialect knows does not pass under another', () => {
    expect(answer({ 'x-debug-trace-id': ['t'], 'x-compute-tokens': ['5'] }, cohere)).toEqual([
      'x-debug-trace-id: t',
    ]);
  });
});
