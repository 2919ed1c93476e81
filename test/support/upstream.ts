import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type ByteSource, createByteSource, parseHead, readBody } from './byte-source.ts';

/** One request as it reached the upstream, and the way to answer it byte by byte. */
export interface UpstreamCall {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Head and body as they came. */
  readonly bytes: Buffer;
  /** Settles when the bytes were handed to the kernel. */
  write(bytes: string | Buffer): Promise<void>;
  /** Closes the connection in order (FIN). */
  end(): void;
  /** Cuts the connection (RST). */
  reset(): void;
  /** Settles when the sidecar has closed its side. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
}

export type Script = (call: UpstreamCall) => Promise<void> | void;

/** A reranker on raw sockets that counts every byte that reaches it. */
export interface RawUpstream {
  readonly url: string;
  readonly port: number;
  /** What answers the next calls. */
  script: Script;
  /** Called on each connection, before anything is read. */
  onConnection: (socket: Socket) => void;
  /** Calls since the last `reset`, in order. */
  readonly calls: readonly UpstreamCall[];
  /** Bytes and connections since the last `reset`. */
  readonly bytes: number;
  readonly connections: number;
  reset(): void;
  close(): Promise<void>;
}

export async function startUpstream(script: Script = answerRerank): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  let calls: UpstreamCall[] = [];
  let bytes = 0;
  let connections = 0;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.on('close', () => sockets.delete(socket));
    const source = createByteSource(socket);
    upstream.onConnection(socket);
    void serve(socket, source);
  });

  async function serve(socket: Socket, source: ByteSource): Promise<void> {
    try {
      for (;;) {
        const call = await readCall(socket, source);
        calls.push(call);
        await upstream.script(call);
      }
    } catch {
      // The sidecar closed the connection between two requests or in the middle of an answer: nothing to answer.
      socket.end();
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${port}`,
    port,
    script,
    onConnection: () => {},
    get calls() {
      return calls;
    },
    get bytes() {
      return bytes;
    },
    get connections() {
      return connections;
    },
    reset() {
      calls = [];
      bytes = 0;
      connections = 0;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return upstream;
}

async function readCall(socket: Socket, source: ByteSource): Promise<UpstreamCall> {
  const headBytes = await source.until('\r\n\r\n');
  const head = parseHead(headBytes);
  const [method = '', path = ''] = head.firstLine.split(' ');
  const body = await readBody(source, head.headers, { toEnd: false });
  return {
    method,
    path,
    headers: head.headers,
    body,
    bytes: Buffer.concat([headBytes, body]),
    write: (bytes) => new Promise((resolve) => void socket.write(bytes, () => resolve())),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    closed: source.end,
    get isClosed() {
      return source.ended;
    },
  };
}

/** A whole answer with Content-Length. */
export function httpAnswer(
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const bytes = Buffer.from(body as string);
  const fields = Object.entries({
    'Content-Type': 'application/json',
    ...headers,
    'Content-Length': bytes.length,
  });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Whatever\r\n${lines}\r\n`), bytes]);
}

interface RerankBody {
  readonly query?: string;
  readonly texts?: readonly string[];
  readonly documents?: readonly unknown[];
  readonly instances?: readonly RerankBody[];
}

/** What a faithful reranker answers: every document echoed, in the order in which they came. */
export function rerankAnswer({ path, body }: Pick<UpstreamCall, 'path' | 'body'>): unknown {
  const read = JSON.parse(body.toString('utf8')) as RerankBody;
  const tei = ({ texts = [] }: RerankBody) =>
    texts.map((text, index) => ({ index, text, score: 1 / (index + 1) }));
  if (path === '/vertex') return { predictions: (read.instances ?? []).map(tei) };
  if (!path.startsWith('/v')) return tei(read);
  const results = (read.documents ?? []).map((document, index) => ({
    index,
    relevance_score: 1 / (index + 1),
    document: typeof document === 'string' ? { text: document } : document,
  }));
  return { id: 'answer-1', results, meta: { api_version: { version: path.slice(2, 3) } } };
}

export async function answerRerank(call: UpstreamCall): Promise<void> {
  await call.write(httpAnswer(200, call.method === 'POST' ? JSON.stringify(rerankAnswer(call)) : '{}'));
}
