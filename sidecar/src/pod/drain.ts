import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { CodedError } from '@rankguard/contract';
import { MOUNTS } from '@rankguard/contract/pod';

/** Socket in the state folder; see {@link listenForDrain}. */
export function drainSocket(stateDirectory: string = MOUNTS.state): string {
  return join(stateDirectory, 'drain.sock');
}

/**
 * How the preStop hook's process tells the sidecar to retire: a socket in the state folder, which only the sidecar's
 * container mounts. A port could be reached by everybody.
 */
export async function listenForDrain(path: string, retire: () => void): Promise<Server> {
  // Left behind by a container that was killed.
  await rm(path, { force: true });
  const server = createServer((socket) => {
    retire();
    socket.on('error', () => {});
    socket.end('draining\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  server.unref();
  return server;
}

/** Ends when the sidecar has begun to drain. Rejects when none runs. */
export function requestDrain(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.on('error', (cause) =>
      reject(new CodedError('INTERNAL', 'no sidecar runs here that could be drained', { cause })),
    );
    socket.on('data', () => {});
    socket.on('end', () => resolve());
  });
}
