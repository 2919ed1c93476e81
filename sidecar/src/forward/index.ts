import type { ReasonCode } from '@rankguard/contract';
import { Agent, type Dispatcher } from 'undici';

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value …; what passes was decided by the caller. */
  readonly headers: string[];
  readonly body: Buffer | null;
}

export interface UpstreamResponse {
  readonly ok: true;
  readonly status: number;
  /** Lower-case names; a repeated field keeps all its values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

export interface UpstreamFailure {
  readonly ok: false;
  readonly code: ReasonCode;
  readonly message: string;
}

export interface Upstream {
  /**
   * Sends one request and reads the whole answer. Never throws and never retries: a POST that may have arrived is
   * not sent twice. Bytes count against `reserve` before they are kept; false refuses the answer.
   */
  send(
    request: UpstreamRequest,
    options: {
      signal: AbortSignal;
      maxBytes: number;
      timeoutMs: number;
      reserve: (bytes: number) => boolean;
    },
  ): Promise<UpstreamResponse | UpstreamFailure>;
  close(): Promise<void>;
}

const CODES: Readonly<Record<string, ReasonCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'UPSTREAM_TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'UPSTREAM_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'UPSTREAM_TIMEOUT',
  UND_ERR_SOCKET: 'UPSTREAM_RESET',
  ECONNRESET: 'UPSTREAM_RESET',
  EPIPE: 'UPSTREAM_RESET',
  // Not a body cut short (that is UND_ERR_SOCKET): the message contradicts itself, as with two lengths.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'UPSTREAM_MALFORMED',
  UND_ERR_HEADERS_OVERFLOW: 'UPSTREAM_MALFORMED',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'UPSTREAM_TOO_LARGE',
};

function failureOf(error: unknown): UpstreamFailure {
  const { code: given, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  const code = String(given ?? '');
  // undici gives its parser's errors no code, whatever its types say.
  const known = CODES[code] ?? (name === 'HTTPParserError' ? 'UPSTREAM_MALFORMED' : 'UPSTREAM_UNREACHABLE');
  const messages: Partial<Record<ReasonCode, string>> = {
    UPSTREAM_TIMEOUT: 'the reranker did not answer in time',
    UPSTREAM_RESET: 'the reranker closed the connection before its answer was whole',
    UPSTREAM_MALFORMED: "the reranker's answer is not HTTP",
    UPSTREAM_TOO_LARGE: "the reranker's answer is larger than the limit",
    UPSTREAM_UNREACHABLE: `the reranker cannot be reached (${code || 'no connection'})`,
  };
  return { ok: false, code: known, message: messages[known] ?? 'the reranker failed' };
}

interface Outcome {
  resolve(result: UpstreamResponse | UpstreamFailure): void;
  readonly maxBytes: number;
  readonly reserve: (bytes: number) => boolean;
}

/** Collects one answer. Interim (1xx) answers and trailers are dropped: nothing judges them. */
class Collector implements Dispatcher.DispatchHandler {
  readonly #outcome: Outcome;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers = new Map<string, string[]>();
  #chunks: Buffer[] = [];
  #bytes = 0;
  #refused: UpstreamFailure | undefined;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
  }

  abort(failure: UpstreamFailure): void {
    this.#refused ??= failure;
    this.#controller?.abort(new Error(failure.code));
    this.#outcome.resolve(this.#refused);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#refused) controller.abort(new Error(this.#refused.code));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.#headers.set(name.toLowerCase(), Array.isArray(value) ? value : [value]);
    }
    if (Number(this.#headers.get('content-length')?.[0] ?? 0) > this.#outcome.maxBytes) this.#tooLarge();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#outcome.maxBytes) {
      this.#tooLarge();
    } else if (this.#outcome.reserve(chunk.length)) {
      this.#chunks.push(chunk);
    } else {
      this.abort({ ok: false, code: 'BUFFER_FULL', message: 'no room to hold the answer' });
    }
  }

  onResponseEnd(): void {
    if (this.#refused) return;
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#outcome.resolve({ ok: true, status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#outcome.resolve(this.#refused ?? failureOf(error));
  }

  #tooLarge(): void {
    this.abort({
      ok: false,
      code: 'UPSTREAM_TOO_LARGE',
      message: "the reranker's answer is larger than the limit",
    });
  }
}

/** A keep-alive client for one upstream. `ca` replaces the system's trust store. */
export function createUpstream(options: {
  readonly url: string;
  readonly ca: string | null;
  readonly connections: number;
}): Upstream {
  const agent = new Agent({
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    maxHeaderSize: 32 * 1024,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 5_000, ...(options.ca === null ? {} : { ca: options.ca }) },
  });
  const origin = new URL(options.url).origin;
  return {
    send(request, { signal, maxBytes, timeoutMs, reserve }) {
      return new Promise((resolve) => {
        const timer = setTimeout(onTimeout, timeoutMs);
        const collector = new Collector({ resolve: settle, maxBytes, reserve });
        function settle(result: UpstreamResponse | UpstreamFailure): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          resolve(result);
        }
        function onAbort(): void {
          collector.abort({ ok: false, code: 'CLIENT_GONE', message: 'the caller went away' });
        }
        function onTimeout(): void {
          collector.abort({
            ok: false,
            code: 'UPSTREAM_TIMEOUT',
            message: 'the reranker did not answer in time',
          });
        }
        signal.addEventListener('abort', onAbort, { once: true });
        if (signal.aborted) {
          onAbort();
          return;
        }
        const { method, path, headers, body } = request;
        try {
          agent.dispatch({ origin, method: method as Dispatcher.HttpMethod, path, headers, body }, collector);
        } catch (error) {
          settle(failureOf(error));
        }
      });
    },
    close: () => agent.close(),
  };
}
