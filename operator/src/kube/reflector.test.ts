import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FakeApiServer, startFakeApiServer } from '../../../test/support/kube/fake-api-server.ts';
import { waitFor } from '../../../test/support/wait.ts';
import { createKube, type Kube } from './client.ts';
import { createReflector, type Reflector, type ReflectorTimings } from './reflector.ts';
import { RESOURCES } from './resources.ts';
import { createTransport, type Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

interface Labelled extends KubeObject {
  readonly spec?: { readonly n: number };
}

const QUICK: Partial<ReflectorTimings> = {
  backoffMs: [5, 40],
  relistMs: 3_600_000,
  idleMs: 60_000,
  lagMs: 50,
};

let api: FakeApiServer;
let transport: Transport;
let kube: Kube;
let reflector: Reflector<Labelled> | undefined;
let heard: string[];
const counts = { missed: 0, failed: 0, listed: [] as string[] };

beforeEach(async () => {
  api = await startFakeApiServer();
  transport = createTransport(api.kubeconfig());
  kube = createKube({ transport, userAgent: 'test' });
  heard = [];
  counts.missed = 0;
  counts.failed = 0;
  counts.listed = [];
});
afterEach(async () => {
  await reflector?.stop();
  await transport.close();
  await api.close();
});

function start(timings: Partial<ReflectorTimings> = {}, onChange?: () => void) {
  reflector = createReflector<Labelled>({
    kube,
    resource: RESOURCES.pods,
    scope: { labelSelector: 'app=reranker' },
    log: () => {},
    timings: { ...QUICK, ...timings },
    metrics: {
      listed: (_, why) => void counts.listed.push(why),
      missed(_, count) {
        counts.missed += count;
      },
      failed() {
        counts.failed += 1;
      },
    },
    onChange: ({ key, next, previous }) => {
      heard.push(`${previous ? (next ? 'changed' : 'gone') : 'new'} ${key}`);
      onChange?.();
    },
  });
  reflector.start();
  return reflector;
}
const pod = (name: string, n = 0, labels: Record<string, string> = { app: 'reranker' }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name, labels },
  spec: { n },
});
const watching = () => waitFor(() => api.watches.count === 1, 'a watch is open');
const until = (n: number, name: string) =>
  waitFor(() => reflector?.get(`shop/${name}`)?.spec?.n === n, `${name} is at ${n}`);

describe('a reflector', () => {
  test('holds what is selected, in pages, and follows it', async () => {
    for (let i = 0; i < 1203; i++) api.put('pods', pod(`a${i}`));
    api.put('pods', pod('other', 0, { app: 'database' }));
    const { synced } = start();
    await synced;
    expect(reflector?.size).toBe(1203);
    expect(api.seen.filter(({ verb }) => verb === 'GET')).toHaveLength(3);
    await watching();
    api.put('pods', pod('late'));
    api.put('pods', pod('a7', 1));
    api.remove('pods', 'shop/a8');
    await waitFor(() => heard.length === 1206, 'three changes');
    expect(heard.slice(-3)).toEqual(['new shop/late', 'changed shop/a7', 'gone shop/a8']);
    expect(reflector?.get('shop/other')).toBeUndefined();
  });

  test('goes on from where it was after a stream that is cut in the middle of a line', async () => {
    await start().synced;
    await watching();
    api.put('pods', pod('a'));
    await until(0, 'a');
    api.watches.cut();
    await waitFor(() => api.watches.count === 0, 'the watch is gone');
    api.put('pods', pod('b'));
    await until(0, 'b');
    expect(counts.listed).toEqual(['start']);
    expect(heard).toEqual(['new shop/a', 'new shop/b']);
  });

  test('takes a stream that the server ends for what it is', async () => {
    await start().synced;
    for (let round = 1; round <= 3; round++) {
      await watching();
      api.watches.end();
      api.put('pods', pod('a', round));
      await until(round, 'a');
    }
    expect(counts).toMatchObject({ failed: 0, listed: ['start'] });
  });

  test('gives up a silent stream', async () => {
    await start({ idleMs: 300 }).synced;
    await watching();
    api.watches.mute(true);
    api.put('pods', pod('a'));
    await waitFor(() => counts.failed > 0, 'the silence is noticed');
    api.watches.mute(false);
    await until(0, 'a');
  }, 20_000);

  test('a bookmark is where the next watch begins', async () => {
    await start().synced;
    await watching();
    api.put('services', { metadata: { namespace: 'shop', name: 'unrelated' } });
    api.watches.bookmark();
    api.watches.end();
    const versions = () =>
      api.seen.filter(({ verb }) => verb === 'WATCH').map(({ query }) => query.get('resourceVersion'));
    await waitFor(() => versions().length === 2, 'the next watch');
    expect(Number(versions()[1])).toBeGreaterThan(Number(versions()[0]));
  });

  test.each([
    ['in the answer', () => api.watches.end()],
    ['as an event', () => api.watches.error(410)],
  ])('lists again after 410 %s, and tells only what is different', async (_, stop) => {
    api.put('pods', pod('stays'));
    api.put('pods', pod('goes'));
    await start().synced;
    await watching();
    api.watches.mute(true);
    api.remove('pods', 'shop/goes');
    api.put('pods', pod('comes'));
    api.compact();
    api.watches.mute(false);
    stop();
    await until(0, 'comes');
    expect(counts.listed).toEqual(['start', 'expired']);
    expect(heard).toEqual(['new shop/stays', 'new shop/goes', 'gone shop/goes', 'new shop/comes']);
  });

  test.each(['GET', 'WATCH'] as const)(
    '%s: outlives 500s, a closed connection and a server that hangs',
    async (verb) => {
      api.fail({ verb, answer: 500, times: 3 });
      api.fail({ verb, answer: 'drop', times: 2 });
      await start().synced;
      await watching();
      api.put('pods', pod('a'));
      await until(0, 'a');
      expect(counts.failed).toBe(5);
    },
  );

  test('waits as long as 429 says', async () => {
    api.fail({ verb: 'GET', answer: 429, retryAfter: 1 });
    await start().synced;
    const [refused, again] = api.seen;
    expect(again!.at - refused!.at).toBeGreaterThan(950);
  });

  test('repeated and reordered events change nothing', async () => {
    await start().synced;
    await watching();
    for (const n of [1, 2, 3]) api.put('pods', pod('a', n));
    await until(3, 'a');
    api.watches.repeat(3);
    api.put('pods', pod('b'));
    await until(0, 'b');
    expect(reflector?.get('shop/a')?.spec?.n).toBe(3);
    expect(heard).toEqual(['new shop/a', 'changed shop/a', 'changed shop/a', 'new shop/b']);
  });

  test('a periodic list finds what the watch has lost, counts it, and opens another stream', async () => {
    api.put('pods', pod('gone'));
    await start({ relistMs: 100 }).synced;
    await watching();
    api.watches.lose(true);
    api.put('pods', pod('a', 5));
    api.remove('pods', 'shop/gone');
    await until(5, 'a');
    await waitFor(() => reflector?.size === 1, 'the deletion');
    expect(counts.missed).toBe(2);
    api.watches.lose(false);
    api.put('pods', pod('a', 6));
    await until(6, 'a');
  });

  test('a periodic list misses nothing on a healthy stream', async () => {
    await start({ relistMs: 20 }).synced;
    await watching();
    for (let n = 1; n <= 60; n++) {
      api.put('pods', pod(`a${n % 5}`, n));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(60, 'a0');
    expect(counts.missed).toBe(0);
    expect(counts.listed.length).toBeGreaterThan(2);
  });

  test('a handler that throws ends nothing', async () => {
    let thrown = false;
    await start({}, () => {
      if (thrown) return;
      thrown = true;
      throw new Error('a bug');
    }).synced;
    await watching();
    api.put('pods', pod('a'));
    api.put('pods', pod('b'));
    await until(0, 'b');
    expect(counts.failed).toBe(1);
  });
});

test('calls and watches share their connections', async () => {
  await start().synced;
  for (let i = 0; i < 50; i++) await kube.list(RESOURCES.services);
  expect(await api.connections()).toBeLessThanOrEqual(4);
});
