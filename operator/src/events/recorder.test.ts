import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FakeApiServer, startFakeApiServer } from '../../../test/support/kube/fake-api-server.ts';
import { createKube, createTransport, type Transport } from '../kube/index.ts';
import { createRecorder, type Happening, type Recorder } from './index.ts';

let api: FakeApiServer;
let transport: Transport;
let recorder: Recorder;
let at: number;
let dropped: Record<string, number>;

beforeEach(async () => {
  api = await startFakeApiServer();
  transport = createTransport(api.kubeconfig());
  at = Date.UTC(2026, 8, 18, 10);
  dropped = {};
  recorder = createRecorder({
    kube: createKube({ transport, userAgent: 'test' }),
    controller: 'rankguard.dev/operator',
    instance: 'operator-0',
    log: () => {},
    now: () => at,
    gatherMs: 3_600_000,
    metrics: {
      written: () => {},
      dropped(why, count) {
        dropped[why] = (dropped[why] ?? 0) + count;
      },
    },
  });
});
afterEach(async () => {
  await recorder.stop();
  await transport.close();
  await api.close();
});

const regarding = {
  apiVersion: 'rankguard.dev/v1alpha1',
  kind: 'RerankConnection',
  namespace: 'shop',
  name: 'search',
  uid: 'u1',
};
const denial = (note = 'shop/ranking denies: DATASET_FORBIDDEN'): Happening => ({
  regarding,
  type: 'Warning',
  reason: 'POLICY_DENY',
  action: 'Deny',
  note,
});
const events = () => [...api.collection('events').objects.values()];

describe('events', () => {
  test('equal happenings are one Event, in the namespace of what it is about', async () => {
    for (let i = 0; i < 40; i++) recorder.record(denial());
    recorder.record({ ...denial(), count: 2 });
    await recorder.flush();
    expect(events()).toMatchObject([
      {
        metadata: { namespace: 'shop', name: expect.stringMatching(/^search\.[0-9a-f]{16}$/) },
        eventTime: '2026-09-18T10:00:00.000000Z',
        reportingController: 'rankguard.dev/operator',
        reportingInstance: 'operator-0',
        series: { count: 42, lastObservedTime: '2026-09-18T10:00:00.000000Z' },
        regarding,
      },
    ]);
  });

  test('the same again later goes on with the series; much later it is another Event', async () => {
    recorder.record(denial());
    await recorder.flush();
    at += 60_000;
    recorder.record(denial());
    await recorder.flush();
    expect(events()).toMatchObject([
      {
        eventTime: '2026-09-18T10:00:00.000000Z',
        series: { count: 2, lastObservedTime: '2026-09-18T10:01:00.000000Z' },
      },
    ]);
    at += 7_200_000;
    recorder.record(denial());
    await recorder.flush();
    expect(events()).toHaveLength(2);
  });

  test('one object gets so many, and the rest is counted', async () => {
    for (let i = 0; i < 30; i++) recorder.record(denial(`note ${i}`));
    await recorder.flush();
    expect(events()).toHaveLength(25);
    expect(dropped).toEqual({ rate: 5 });
    recorder.record({ ...denial(), regarding: { ...regarding, name: 'other', uid: 'u2' } });
    at += 300_000;
    recorder.record(denial('after five minutes'));
    await recorder.flush();
    expect(events()).toHaveLength(27);
  });

  test('a flood is bounded, and an API server that refuses loses nothing else', async () => {
    for (let i = 0; i < 1100; i++) recorder.record(denial(`note ${i}`));
    expect(dropped).toEqual({ full: 100 });
    api.fail({ answer: 500 });
    await recorder.flush();
    expect(dropped).toEqual({ full: 100, failed: 1, rate: 975 });
    expect(events()).toHaveLength(24);
  });

  test('a note has at most 1024 characters', async () => {
    recorder.record(denial('x'.repeat(5000)));
    await recorder.flush();
    expect(String(events()[0]?.['note'])).toHaveLength(1024);
  });
});
