import type { IncomingMessage } from 'node:http';
import { decodeBody } from '../forward/encoding.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface BodyBounds {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Asked before bytes are kept. */
  readonly reserve: (bytes: number) => boolean;
  /** Fires when the rest of the message cannot be read as HTTP. */
  readonly malformed: AbortSignal;
  /** Called when nothing speaks against reading the body. */
  readonly begin: () => void;
}

type Collected = Buffer | Refusal;

const TOO_LARGE = 'the body is larger than the limit of this connection';

/** Collects a body within bounds. A refusal before the end leaves the rest unread (`close`). */
function collect(
  request: IncomingMessage,
  bounds: BodyBounds,
  announced: number | undefined,
): Promise<Collected> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(onTimeout, bounds.timeoutMs);
    function settle(result: Collected): void {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      bounds.malformed.removeEventListener('abort', onMalformed);
      resolve(result);
    }
    function onMalformed(): void {
      settle(refuse('REQUEST_MALFORMED', 'the body does not end as its framing says', { close: true }));
    }
    function onTimeout(): void {
      settle(refuse('BODY_TIMEOUT', undefined, { close: true }));
    }
    function onData(chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > bounds.maxBytes) {
        settle(refuse('BODY_TOO_LARGE', TOO_LARGE, { close: true }));
      } else if (announced === undefined && !bounds.reserve(chunk.length)) {
        settle(refuse('BUFFER_FULL', undefined, { close: true }));
      } else {
        chunks.push(chunk);
      }
    }
    function onEnd(): void {
      settle(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes));
    }
    function onClose(): void {
      settle(refuse('CLIENT_GONE', 'the caller went away while its body was read', { close: true }));
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    request.on('error', onClose);
    bounds.malformed.addEventListener('abort', onMalformed);
    if (bounds.malformed.aborted) onMalformed();
  });
}

/**
 * Reads and decodes a request body. What the caller announces is refused before it is read when it is over a bound.
 */
export async function readBody(request: IncomingMessage, bounds: BodyBounds): Promise<Collected> {
  const length = request.headers['content-length'];
  const announced = length === undefined ? undefined : Number(length);
  if (announced !== undefined && announced > bounds.maxBytes) {
    return refuse('BODY_TOO_LARGE', TOO_LARGE, { close: true });
  }
  if (announced !== undefined && !bounds.reserve(announced)) {
    return refuse('BUFFER_FULL', undefined, { close: true });
  }
  bounds.begin();
  const body = await collect(request, bounds, announced);
  if (!Buffer.isBuffer(body)) return body;
  const coding = request.headers['content-encoding'];
  if (coding === undefined) return body;
  const decoded = await decodeBody(body, coding, bounds);
  return decoded.ok ? decoded.body : undecoded(decoded.why);
}

function undecoded(why: 'encoding' | 'size' | 'room'): Refusal {
  if (why === 'room') return refuse('BUFFER_FULL');
  return why === 'size'
    ? refuse('BODY_TOO_LARGE', 'the decoded body is larger than the limit of this connection')
    : refuse('BODY_ENCODING', 'the body cannot be decoded by its Content-Encoding (gzip, deflate, br, zstd)');
}
