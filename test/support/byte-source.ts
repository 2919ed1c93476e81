import type { Socket } from 'node:net';

/** The bytes of a socket, to be taken as they are needed. Taking rejects when the socket ends before. */
export interface ByteSource {
  /** Up to and including the first `mark`. */
  until(mark: string): Promise<Buffer>;
  take(length: number): Promise<Buffer>;
  /** All that comes until the other side closes. */
  rest(): Promise<Buffer>;
  /** Bytes that ever arrived. */
  readonly total: number;
  readonly ended: boolean;
  /** Settles when nothing more can come. */
  readonly end: Promise<void>;
}

export function createByteSource(socket: Socket): ByteSource {
  let held = Buffer.alloc(0);
  let total = 0;
  let ended = false;
  let wake = () => {};
  let settle = () => {};
  const end = new Promise<void>((resolve) => {
    settle = resolve;
  });

  function onEnd(): void {
    ended = true;
    settle();
    wake();
  }
  socket.on('data', (chunk: Buffer) => {
    total += chunk.length;
    held = Buffer.concat([held, chunk]);
    wake();
  });
  socket.on('end', onEnd).on('close', onEnd).on('error', onEnd);

  /** `found` says how many bytes to take, or -1 for not yet. */
  async function takeWhen(found: () => number, what: string): Promise<Buffer> {
    for (;;) {
      const length = found();
      if (length >= 0) {
        const taken = held.subarray(0, length);
        held = held.subarray(length);
        return taken;
      }
      if (ended) throw new Error(`the connection ended before ${what}; ${held.length} bytes are left`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    until: (mark) =>
      takeWhen(() => {
        const at = held.indexOf(mark, 0, 'latin1');
        return at === -1 ? -1 : at + mark.length;
      }, JSON.stringify(mark)),
    take: (length) => takeWhen(() => (held.length >= length ? length : -1), `${length} bytes`),
    rest: () => takeWhen(() => (ended ? held.length : -1), 'its end'),
    get total() {
      return total;
    },
    get ended() {
      return ended;
    },
    end,
  };
}

/** Header fields as they came, and by lower-case name; a repeated field is joined by a comma. */
export interface Head {
  readonly firstLine: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly headers: ReadonlyMap<string, string>;
}

export function parseHead(bytes: Buffer): Head {
  const [firstLine = '', ...lines] = bytes.toString('latin1').trimEnd().split('\r\n');
  const fields = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const headers = new Map<string, string>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return { firstLine, fields, headers };
}

/** A body by its framing (RFC 9112 section 6.3). */
export async function readBody(
  source: ByteSource,
  headers: Head['headers'],
  options: { readonly toEnd: boolean; readonly trailers?: Buffer[] },
): Promise<Buffer> {
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
    return readChunks(source, options.trailers ?? []);
  }
  const length = headers.get('content-length');
  if (length !== undefined) return source.take(Number(length));
  return options.toEnd ? source.rest() : Buffer.alloc(0);
}

async function readChunks(source: ByteSource, trailers: Buffer[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const size = Number.parseInt((await source.until('\r\n')).toString('latin1'), 16);
    if (size === 0) break;
    parts.push(await source.take(size));
    await source.take(2);
  }
  for (;;) {
    const line = await source.until('\r\n');
    if (line.length === 2) break;
    trailers.push(line);
  }
  return Buffer.concat(parts);
}
