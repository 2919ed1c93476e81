import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { PodListener } from '@rankguard/contract/pod';
import { waitFor } from '../../../test/support/wait.ts';
import { createGuardWatch, judgeSockets } from './guard-watch.ts';
import { type ListeningSocket, readListeningSockets } from './sockets.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listenOn(host: string): Promise<number> {
  const server = createServer();
  closing.push(() => server.close());
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Another process that listens. */
async function foreignOn(host: string): Promise<number> {
  const program = `const s=require('net').createServer().listen(0,'${host}',()=>console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(line.toString());
}

const find = async (port: number) => (await readListeningSockets()).find((socket) => socket.port === port);

test.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.9.8.7', '127.9.8.7', true],
  ['0.0.0.0', '0.0.0.0', false],
  ['::1', '[::1]', true],
  ['::', '[::]', false],
  ['::ffff:127.0.0.1', '127.0.0.1', true],
])('a socket of our own on %s', async (host, address, loopback) => {
  const port = await listenOn(host);
  const found = await find(port);
  expect(found).toMatchObject({ port, loopback, own: true });
  // An IPv4 address that is mapped into IPv6 is written either way.
  if (!host.startsWith('::ffff')) expect(found?.address).toBe(address);
});

test('a socket of another process', async () => {
  const port = await foreignOn('0.0.0.0');
  expect(await find(port)).toEqual({ address: '0.0.0.0', port, loopback: false, own: false });
}, 30_000);

describe('what sockets mean', () => {
  const relocated: PodListener = {
    connection: 'search',
    capture: 'relocate',
    port: 8080,
    appPort: 8080,
    portName: null,
    upstreamPort: 15950,
  };
  const named: PodListener = { ...relocated, capture: 'port-name', port: 15930, upstreamPort: 8080 };
  const open = (port: number, more: Partial<ListeningSocket> = {}): ListeningSocket => ({
    address: '0.0.0.0',
    port,
    loopback: false,
    own: false,
    ...more,
  });
  const judge = (sockets: ListeningSocket[], listener = relocated, declared: number[] = []) => {
    const { bypassed, undeclared } = judgeSockets(sockets, [listener], new Set(declared));
    return { bypassed: bypassed.get('search') ?? null, undeclared: undeclared.map(({ port }) => port) };
  };
  const fine = { bypassed: null, undeclared: [] };

  test.each([
    [
      'the app on loopback',
      [open(15950, { loopback: true }), open(8080, { own: true })],
      relocated,
      [],
      fine,
    ],
    ['a declared port', [open(9000)], relocated, [9000], fine],
    ['an undeclared port', [open(9000)], relocated, [], { bypassed: null, undeclared: [9000] }],
    ['an undeclared port on loopback', [open(9000, { loopback: true })], relocated, [], fine],
    ["the app's own port that keeps its number", [open(8080)], named, [], fine],
  ])('%s', (_, sockets, listener, declared, expected) => {
    expect(judge(sockets, listener as PodListener, declared)).toEqual(expected);
  });

  test('a relocated app on every address is a bypass', () => {
    expect(judge([open(15950)]).bypassed).toContain('0.0.0.0:15950');
    expect(judge([open(15950)], relocated, [15950]).bypassed).not.toBeNull();
  });

  test("another process on the sidecar's port is a bypass", () => {
    expect(judge([open(8080, { address: '10.0.0.7' })]).bypassed).toContain('10.0.0.7:8080');
    expect(judge([open(15930)], named).bypassed).not.toBeNull();
  });

  test('what cannot be seen is not trusted, and a problem is reported once', async () => {
    let sockets: (() => readonly ListeningSocket[]) | undefined;
    const reports: string[] = [];
    const watch = createGuardWatch({
      read: async () => {
        if (sockets === undefined) throw Object.assign(new Error(), { code: 'EACCES' });
        return sockets();
      },
      listeners: [relocated],
      declared: () => new Set(),
      report: (kind, connection, message) => reports.push(`${kind} ${connection} ${message}`),
      everyMs: 5,
    });
    closing.push(() => watch.close());
    expect(watch.bypassed('search')).toContain('not been looked at');
    await watch.look();
    expect(watch.bypassed('search')).toContain('EACCES');
    sockets = () => [open(15950), open(9000)];
    await waitFor(() => watch.bypassed('search')?.includes('15950'), 'the bypass');
    await watch.look();
    expect(reports).toHaveLength(2);
    sockets = () => [open(15950, { loopback: true })];
    await waitFor(() => watch.bypassed('search') === null, 'its end');
  });
});
