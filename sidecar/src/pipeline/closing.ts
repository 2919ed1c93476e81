import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** What may still come of something refused before the connection is cut: an honest caller's rest, not a flood. */
const DISCARDED_BYTES = 4 * 1024 * 1024;
const DISCARD_MS = 2_000;

/**
 * After an answer to a request whose body was not read to its end: reads on without keeping anything, so that the
 * caller sees the answer; cuts the connection when too much comes or it takes too long. With `closing` the
 * connection ends after this answer.
 */
export function discardBody(request: IncomingMessage, closing: boolean): void {
  const { socket } = request;
  let bytes = 0;
  const timer = setTimeout(() => socket.destroy(), DISCARD_MS).unref();
  // In stages, as RFC 9112 section 9.6 asks: Node would cut the connection behind the answer, and a caller that is
  // still sending would see a reset and never the answer.
  if (closing) socket.destroySoon = () => void socket.end();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES) socket.destroy();
  });
  request.on('close', () => clearTimeout(timer));
  request.on('end', () => {
    clearTimeout(timer);
    if (closing) socket.end(() => socket.destroy());
  });
}

/** The same for a socket without a request: `answer` is the last thing that it carries. */
export function endSocket(socket: Socket, answer: string): void {
  const timer = setTimeout(() => socket.destroy(), DISCARD_MS).unref();
  const before = socket.bytesRead;
  socket.on('data', () => {
    if (socket.bytesRead - before > DISCARDED_BYTES) socket.destroy();
  });
  socket.on('end', () => socket.destroySoon());
  socket.on('close', () => clearTimeout(timer));
  socket.end(answer);
  socket.resume();
}
