import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cohereError, createCohere } from './cohere.ts';
import { type Json, type Reply, readBody, text } from './http.ts';
import type { JournalEntry } from './journal.ts';
import { createMetrics } from './metrics.ts';
import { createBm25Scorer, createFixedScorer } from './scorer.ts';
import { createSpeaker, SPEECHES, type SpeechName } from './speech/index.ts';
import { createTei } from './tei.ts';

export type { JournalEntry } from './journal.ts';
export { SPEECHES, type SpeechName } from './speech/index.ts';

export interface RerankerOptions {
  /** `bm25` ranks by words; `fixed` keeps the caller's order and is for benchmarks. Default bm25. */
  readonly scorer?: 'bm25' | 'fixed';
  /** The API that is spoken instead of TEI and Cohere v1 and v2. */
  readonly speaks?: SpeechName;
  /** When set, every route but health and metrics asks for `Authorization: Bearer <key>`. */
  readonly apiKey?: string | null;
  /** Most texts in one TEI call. Default 1000 (TEI's own is 32). */
  readonly maxClientBatchSize?: number;
  /** Most words of query and text together. Default 8192. */
  readonly maxInputLength?: number;
  /** Largest body in bytes. Default 16 MiB (TEI's own is 2,000,000). */
  readonly payloadLimit?: number;
  /** Called with each POST before it is answered. */
  readonly journal?: (entry: JournalEntry) => void;
  /** One line per call: method, path, status, milliseconds. Never a text. */
  readonly log?: (line: Readonly<Record<string, unknown>>) => void;
}

export interface Reranker {
  /** Resolves with the URL once it accepts calls; port 0 picks a free one. */
  listen(port: number, host: string): Promise<string>;
  /** Finishes the calls in flight and stops. */
  close(): Promise<void>;
}

type Handler = (body: Json) => Reply;

/** A reranker that ranks by words (BM25), speaking TEI 1.9 and Cohere v1 and v2, or another API. */
export function createReranker(options: RerankerOptions = {}): Reranker {
  const scorer = options.scorer === 'fixed' ? createFixedScorer() : createBm25Scorer();
  const payloadLimit = options.payloadLimit ?? 16 * 1024 * 1024;
  const speech =
    options.speaks === undefined
      ? undefined
      : createSpeaker(SPEECHES[options.speaks], { ...options, scorer, payloadLimit });
  const authorization = options.apiKey ? `Bearer ${options.apiKey}` : null;
  const metrics = createMetrics();
  const tei = createTei({
    scorer,
    maxClientBatchSize: options.maxClientBatchSize ?? 1000,
    maxInputLength: options.maxInputLength ?? 8192,
  });
  const cohere = createCohere({ scorer });

  const posts = new Map<string, Handler>([
    ['/', tei.rerank],
    ['/rerank', tei.rerank],
    ['/invocations', tei.rerank],
    ['/predict', tei.predict],
    ['/vertex', tei.vertex],
    ['/v1/rerank', cohere.v1],
    ['/v2/rerank', cohere.v2],
  ]);
  const gets = new Map<string, () => Reply>([
    ['/', () => text(200, '')],
    ['/health', () => text(200, '')],
    ['/ping', () => text(200, '')],
    ['/metrics', () => text(200, metrics.render(), { 'content-type': 'text/plain; version=0.0.4' })],
    ['/info', tei.info],
  ]);

  function credentialOf(request: IncomingMessage): JournalEntry['credential'] {
    const given = request.headers.authorization;
    if (given === undefined) return 'none';
    return given === authorization ? 'own' : 'other';
  }

  async function answerPost(request: IncomingMessage, path: string, handler: Handler): Promise<Reply> {
    const isCohere = path.startsWith('/v');
    const body = await readBody(request, payloadLimit);
    options.journal?.({
      time: new Date().toISOString(),
      method: 'POST',
      path,
      credential: credentialOf(request),
      headers: Object.keys(request.headers).sort(),
      body: body?.toString('utf8') ?? '',
    });
    if (authorization !== null && request.headers.authorization !== authorization) {
      return isCohere && path !== '/vertex' ? cohereError(401, 'invalid api token') : text(401, '');
    }
    if (body === undefined) {
      return isCohere && path !== '/vertex'
        ? cohereError(413, 'request body too large')
        : text(413, 'Failed to buffer the request body: length limit exceeded');
    }
    return isCohere && path !== '/vertex' ? parseCohere(body, handler) : parseTei(request, body, handler);
  }

  async function answer(request: IncomingMessage): Promise<Reply> {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    const method = request.method ?? '';
    const get = gets.get(path);
    const post = posts.get(path);
    if (post && method === 'POST') return answerPost(request, path, post);
    request.resume();
    if (get && (method === 'GET' || method === 'HEAD')) {
      const locked =
        path === '/info' && authorization !== null && request.headers.authorization !== authorization;
      return locked ? text(401, '') : get();
    }
    if (!get && !post) return text(404, '');
    return text(405, '', { allow: [get ? 'GET,HEAD' : '', post ? 'POST' : ''].filter(Boolean).join(',') });
  }

  function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
    response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
    response.end(request.method === 'HEAD' ? undefined : reply.body);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    try {
      const reply = await (speech?.(request) ?? answer(request));
      metrics.count(request.method ?? '', reply.status);
      send(request, response, reply);
      options.log?.({
        method: request.method,
        path: request.url,
        status: reply.status,
        ms: Math.round(performance.now() - startedAt),
      });
    } catch (error) {
      options.log?.({ method: request.method, path: request.url, error: String(error) });
      response.destroy();
    }
  }

  const server = createServer((request, response) => void serve(request, response));
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          const address = server.address() as AddressInfo;
          resolve(`http://${host.includes(':') ? `[${host}]` : host}:${address.port}`);
        });
      }),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeIdleConnections();
      }),
  };
}

function parse(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}

/** TEI reads bodies with axum's `Json`, whose refusals are plain text. */
function parseTei(request: IncomingMessage, body: Buffer, handler: Handler): Reply {
  if (!/^application\/([^;]*\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return text(415, 'Expected request with `Content-Type: application/json`');
  }
  const value = parse(body);
  return value === undefined
    ? text(400, 'Failed to parse the request body as JSON: expected value')
    : handler(value);
}

function parseCohere(body: Buffer, handler: Handler): Reply {
  const value = parse(body);
  return value === undefined ? cohereError(400, 'invalid request: the body is not JSON') : handler(value);
}
