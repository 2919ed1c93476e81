/** What a row of the table must come to: anything else is a leak or a broken answer. */
export type Expected = 'masked' | 'refused';

export interface Case {
  readonly name: string;
  /** As the table says it. */
  readonly title: string;
  readonly expected: Expected;
  /** Status of the upstream's answer. */
  readonly status: number;
  /** Upstreams that cannot do this, and why. */
  readonly impossible?: Readonly<Partial<Record<UpstreamName, string>>>;
}

export const UPSTREAMS = ['go', 'uvicorn', 'node', 'raw'] as const;
export type UpstreamName = (typeof UPSTREAMS)[number];

export const TITLES: Readonly<Record<UpstreamName, string>> = {
  go: 'Go `net/http`',
  uvicorn: 'uvicorn',
  node: 'Node `node:http`',
  raw: 'raw socket',
};

function masked(name: string, title: string, impossible: Case['impossible'] = {}): Case {
  return { name, title, expected: 'masked', status: 200, impossible };
}
function error(name: string, title: string): Case {
  return { name, title, expected: 'masked', status: Number(name.split('-')[1]) };
}

export const CASES: readonly Case[] = [
  masked('length-one-write', 'Content-Length, one write'),
  masked('length-many-writes', 'Content-Length, writes of 7 bytes'),
  masked('chunked', 'chunked'),
  masked('chunked-small', 'chunked, one byte in each chunk'),
  masked('gzip', 'gzip'),
  masked('br', 'br'),
  masked('deflate', 'deflate'),
  masked('zstd', 'zstd'),
  masked('pause', 'a pause inside a value'),
  masked('escapes', 'JSON escapes: `@` as `\\u0040`, `4` as `\\u0034`'),
  masked('large', '1.5 MB'),
  error('error-400-json', '400 in JSON that quotes the input'),
  error('error-500-json', '500 in JSON that quotes the input'),
  error('error-400-text', '400 in text that quotes the input'),
  error('error-500-text', '500 in text that quotes the input'),
  error('error-500-html', '500 in HTML that quotes the input'),
  masked('trailers', 'trailers that quote the input', {
    uvicorn: 'uvicorn does not send trailers (no ASGI extension `http.response.trailers`)',
  }),
  masked('close-delimited', 'ended by closing the connection', {
    uvicorn: 'h11 frames every answer to an HTTP/1.1 call',
  }),
  {
    name: 'truncated-length',
    title: 'Content-Length larger than the body',
    expected: 'refused',
    status: 200,
  },
  { name: 'truncated-chunked', title: 'chunked without the last chunk', expected: 'refused', status: 200 },
];
