import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openClient, requestBytes } from '../support/client.ts';
import { HARMLESS } from '../support/personal.ts';
import { GOOD } from '../support/setup.ts';
import { answerRerank, httpAnswer } from '../support/upstream.ts';
import { createGate, type Gate, waitFor } from '../support/wait.ts';
import type { Run } from './process.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let gate: Gate;
beforeEach(async () => {
  world = await createWorld();
  world.write();
  gate = createGate();
  world.upstream.script = async (call) => {
    await gate.opened;
    await (call.method === 'GET' ? call.write(httpAnswer(200, '')) : answerRerank(call));
  };
});
afterEach(async () => {
  gate.open();
  await world.close();
});

const rerank = () => requestBytes({ token: world.token, body: GOOD.tei });
const recordOf = (run: Run, id: string | undefined) =>
  run.lines.find((line) => line.msg === 'call' && line['id'] === id);

/** A call that waits for its answer. */
async function inFlight(run: Run, bytes: Buffer) {
  const client = await openClient(run.port);
  const before = world.upstream.calls.length;
  client.send(bytes);
  await waitFor(() => world.upstream.calls.length > before, 'the call at the upstream');
  return client;
}

async function draining(run: Run, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<void> {
  run.signal(signal);
  await waitFor(async () => (await run.admin('/readyz')).status === 503, '503 at /readyz');
}

/** Whether somebody still takes connections. */
const accepts = (run: Run) =>
  openClient(run.port).then(
    (client) => {
      client.destroy();
      return true;
    },
    () => false,
  );

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('calls in flight end, nothing new begins, and the process ends in order', async () => {
    const run = await world.start();
    const idle = await openClient(run.port);
    const kept = await openClient(run.port);
    kept.send(requestBytes({ method: 'GET', target: '/nothing' }));
    expect((await kept.response()).status).toBe(403);
    expect((await run.admin('/readyz')).status).toBe(200);
    const calling = await inFlight(run, rerank());

    await draining(run, signal);
    expect(JSON.parse((await run.admin('/readyz')).text)).toEqual({
      status: 'not ready',
      reason: 'draining',
    });
    expect((await run.admin('/healthz')).status).toBe(200);
    await Promise.all([idle.closed, kept.closed]);
    expect(await accepts(run)).toBe(false);

    gate.open();
    const response = await calling.response();
    expect(response.status).toBe(200);
    expect(response.headers.get('connection')).toBe('close');
    expect(response.body.toString()).toContain(HARMLESS);
    await calling.closed;
    expect(await run.end).toEqual({ code: 0, signal: null });
    expect(recordOf(run, response.headers.get('rankguard-request-id'))).toMatchObject({
      verdict: 'allow',
      status: 200,
    });
    expect(run.lines.map(({ msg }) => msg)).toContain('draining');
    expect(run.stderr()).toBe('');
    expect(await world.told([HARMLESS, 'who is'])).toEqual([]);
  });
});

test('with nothing in flight the process ends at once, whoever holds a connection', async () => {
  const run = await world.start();
  const clients = await Promise.all([openClient(run.port), openClient(run.port), openClient(run.adminPort)]);
  run.signal('SIGTERM');
  expect(await run.end).toEqual({ code: 0, signal: null });
  for (const client of clients) await client.closed;
});

test('a streamed route in flight ends, and its connection with it', async () => {
  const run = await world.start();
  const client = await inFlight(run, requestBytes({ method: 'GET', target: '/health' }));
  await draining(run);
  gate.open();
  expect((await client.response()).status).toBe(200);
  await client.closed;
  expect(await run.end).toEqual({ code: 0, signal: null });
});

test('a request that comes behind the one in flight is not lost in silence: answered, or the connection says close', async () => {
  const run = await world.start();
  const client = await inFlight(run, rerank());
  await draining(run);
  client.send(rerank());
  gate.open();
  const response = await client.response();
  expect(response.headers.get('connection')).toBe('close');
  await client.closed;
  expect(await run.end).toEqual({ code: 0, signal: null });
});

test('a call that takes longer than it may is cut, recorded, and the process still ends in order', async () => {
  const run = await world.start({ args: ['--drain-seconds', '0.1'] });
  const client = await inFlight(run, rerank());
  run.signal('SIGTERM');
  expect(await client.rest()).toHaveLength(0);
  await world.upstream.calls[0]!.closed;
  expect(await run.end).toEqual({ code: 0, signal: null });
  const record = run.lines.find(({ msg }) => msg === 'call');
  expect(record).toMatchObject({ status: 499, reason: 'CLIENT_GONE', path: '/rerank' });
});
