import { connect, type Socket } from 'node:net';
import { createByteSource, parseHead, readBody } from './byte-source.ts';

export interface RawResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Status codes of interim answers that came before. */
  readonly interim: readonly number[];
  /** Trailer fields as they came. */
  readonly trailers: Buffer;
  /** Head, body and trailers, as they are searched for leaks. */
  readonly bytes: Buffer;
  json(): Record<string, unknown>;
}

/** An HTTP/1.1 client that sends exactly the bytes it is told to. */
export interface RawClient {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  /** The next answer. `head`: the request was HEAD, so no body follows. */
  response(options?: { readonly head?: boolean }): Promise<RawResponse>;
  /** Everything until the other side closes. */
  rest(): Promise<Buffer>;
  /** Settles when the other side has closed. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  /** Bytes that came so far. */
  readonly received: number;
  /** Closes our side and still reads. */
  end(): void;
  destroy(): void;
}

export async function openClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const source = createByteSource(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });

  async function response(options: { readonly head?: boolean } = {}): Promise<RawResponse> {
    const interim: number[] = [];
    const seen: Buffer[] = [];
    for (;;) {
      const bytes = await source.until('\r\n\r\n');
      seen.push(bytes);
      const head = parseHead(bytes);
      const status = Number(head.firstLine.split(' ')[1]);
      if (status < 200) {
        interim.push(status);
        continue;
      }
      const bodiless = options.head === true || status === 204 || status === 304;
      const lines: Buffer[] = [];
      const body = bodiless
        ? Buffer.alloc(0)
        : await readBody(source, head.headers, { toEnd: true, trailers: lines });
      const trailers = Buffer.concat(lines);
      const json = () => JSON.parse(body.toString('utf8')) as Record<string, unknown>;
      return {
        status,
        headers: head.headers,
        body,
        interim,
        trailers,
        bytes: Buffer.concat([...seen, body, trailers]),
        json,
      };
    }
  }

  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    response,
    rest: () => source.rest(),
    closed: source.end,
    get isClosed() {
      return source.ended;
    },
    get received() {
      return source.total;
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

export interface RequestParts {
  readonly method?: string;
  readonly target?: string;
  /** In order; a value of null leaves out a field that would be set otherwise. */
  readonly headers?: readonly (readonly [name: string, value: string | null])[];
  readonly token?: string | null;
  /** Objects become JSON. */
  readonly body?: unknown;
}

export function bodyBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** A whole request. Host, Content-Type and Content-Length are set unless they are given. */
export function requestBytes(parts: RequestParts): Buffer {
  const { method = 'POST', target = '/rerank', headers = [], token = null } = parts;
  const body = parts.body === undefined ? undefined : bodyBytes(parts.body);
  const fields: (readonly [string, string | null])[] = [['Host', 'reranker.test']];
  if (token !== null) fields.push(['Authorization', `Bearer ${token}`]);
  if (body !== undefined) {
    fields.push(['Content-Type', 'application/json'], ['Content-Length', String(body.length)]);
  }
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [...fields.filter(([name]) => !given.has(name.toLowerCase())), ...headers]
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

/** A body in chunked coding (RFC 9112 section 7.1). */
export function chunked(body: Buffer, size = body.length): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
