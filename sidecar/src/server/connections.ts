import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** The open connections of a server, for its end. */
export interface Connections {
  /**
   * Takes no more connections, closes those that carry no call, and the others as soon as their call has ended, or
   * after `graceMs` whatever they carry.
   */
  close(graceMs: number): Promise<void>;
}

/** How often connections are looked through whose calls may have ended. */
const LOOK_MS = 25;

export function trackConnections(server: Server): Connections {
  // Node counts a connection as idle between two requests only, not before the first.
  const unused = new Set<Socket>();
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  server.on('checkContinue', ({ socket }) => unused.delete(socket));
  server.on('checkExpectation', ({ socket }) => unused.delete(socket));

  function closeIdle(): void {
    server.closeIdleConnections();
    for (const socket of unused) socket.destroy();
  }
  return {
    close(graceMs) {
      if (!server.listening) return Promise.resolve();
      return new Promise((resolve) => {
        const looking = setInterval(closeIdle, LOOK_MS);
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          clearInterval(looking);
          resolve();
        });
        closeIdle();
      });
    },
  };
}

/** Long enough for the answer to arrive; what the caller goes on sending is never read. */
const LINGER_MS = 250;

/**
 * Takes at most so many connections. One over it gets `answer` before a byte of it was read, or over TLS, where
 * nobody could understand it, is closed. Must be called before others listen for connections.
 */
export function boundConnections(server: Server, most: number, answer: () => string): void {
  const takers = server.listeners('connection') as ((socket: Socket) => void)[];
  const plain = !(server instanceof TlsServer);
  let open = 0;
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (open >= most) {
      const text = answer();
      socket.on('error', () => socket.destroy());
      if (plain) socket.end(text);
      setTimeout(() => socket.destroy(), plain ? LINGER_MS : 0).unref();
      return;
    }
    open++;
    socket.once('close', () => open--);
    for (const take of takers) take.call(server, socket);
  });
}
