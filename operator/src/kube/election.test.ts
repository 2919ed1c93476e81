import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FakeApiServer, startFakeApiServer } from '../../../test/support/kube/fake-api-server.ts';
import { waitFor } from '../../../test/support/wait.ts';
import { createKube, type Kube } from './client.ts';
import { createElection, type Election } from './election.ts';
import { createTransport, type Transport } from './transport.ts';
import type { KubeObject, Resource } from './types.ts';

const timings = { leaseMs: 400, renewMs: 250, retryMs: 40 };
let api: FakeApiServer;
let elections: Election[];
let transports: Transport[];
let errors: unknown[];
/** Who leads now, by the signal that it was given. */
let leading: Map<string, AbortSignal>;

beforeEach(async () => {
  api = await startFakeApiServer();
  elections = [];
  transports = [];
  errors = [];
  leading = new Map();
});
afterEach(async () => {
  await Promise.all(elections.map((one) => one.stop()));
  await Promise.all(transports.map((one) => one.close()));
  await api.close();
});

function candidate(identity: string, wrap: (kube: Kube) => Kube = (kube) => kube): Election {
  const transport = createTransport(api.kubeconfig());
  transports.push(transport);
  const election = createElection({
    kube: wrap(createKube({ transport, userAgent: 'test' })),
    namespace: 'system',
    name: 'rankguard',
    identity,
    timings,
    lead: (signal) => void leading.set(identity, signal),
    onError: (error) => void errors.push(error),
  });
  elections.push(election);
  election.start();
  return election;
}
const leaders = () => [...leading].filter(([, signal]) => !signal.aborted).map(([name]) => name);
const lease = () =>
  api.collection('leases').objects.get('system/rankguard')?.['spec'] as Record<string, unknown>;

describe('an election', () => {
  test('has one winner, and writes times as the API server takes them', async () => {
    candidate('a');
    candidate('b');
    candidate('c');
    const [leader] = await waitFor(() => leaders().length > 0 && leaders(), 'somebody leads');
    const first = lease()['renewTime'];
    await waitFor(() => lease()['renewTime'] !== first, 'it is renewed');
    expect(leaders()).toEqual([leader]);
    expect(lease()).toMatchObject({ holderIdentity: leader, leaseTransitions: 1 });
    // metav1.MicroTime: six digits, or the API server answers 400.
    for (const time of ['renewTime', 'acquireTime'])
      expect(lease()[time]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  test('a leader that stops gives the lease back, and another follows at once', async () => {
    const a = candidate('a');
    await waitFor(() => a.isLeader(), 'a leads');
    candidate('b');
    await a.stop();
    await waitFor(() => leaders().join() === 'b', 'b leads');
    expect(leading.get('a')?.aborted).toBe(true);
  });

  test('a lease won while the replica was told to stop is given back, not held until it runs out', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const a = candidate('a', (kube) => ({
      ...kube,
      create: async <T extends KubeObject>(resource: Resource, object: object) => {
        const created = await kube.create<T>(resource, object);
        await answered;
        return created;
      },
    }));
    await waitFor(() => lease() !== undefined, 'the lease is written');
    const stopped = a.stop();
    answer();
    await stopped;
    await waitFor(() => lease()['holderIdentity'] === '', 'the lease is given back');
    expect(leading.size).toBe(0);
  });

  test('a leader that cannot renew steps down before another may lead', async () => {
    let cut = false;
    const a = candidate('a', (kube) => ({
      ...kube,
      replace: (resource, object) =>
        cut ? Promise.reject(new Error('no network')) : kube.replace(resource, object),
    }));
    await waitFor(() => a.isLeader(), 'a leads');
    candidate('b');
    cut = true;
    let bothLed = false;
    await waitFor(() => {
      bothLed ||= leaders().length > 1;
      return leaders().join() === 'b';
    }, 'b leads');
    expect(bothLed).toBe(false);
    expect(a.isLeader()).toBe(false);
  });

  test('faults of the API server that are over in time change nothing', async () => {
    const a = candidate('a');
    await waitFor(() => a.isLeader(), 'a leads');
    api.fail({ plural: 'leases', answer: 500, times: 2 });
    await waitFor(() => errors.length === 2, 'they are noticed');
    expect(leaders()).toEqual(['a']);
  });

  test('a server that hangs ends the term', async () => {
    const a = candidate('a');
    await waitFor(() => a.isLeader(), 'a leads');
    api.fail({ plural: 'leases', answer: 'hang', times: 100 });
    await waitFor(() => !a.isLeader(), 'a steps down');
    expect(leading.get('a')?.aborted).toBe(true);
  });

  test('clocks that disagree change nothing: a lease is judged by how long it stays the same', async () => {
    api.put('leases', {
      metadata: { namespace: 'system', name: 'rankguard' },
      spec: {
        holderIdentity: 'elsewhere',
        leaseDurationSeconds: 1,
        renewTime: '2001-01-01T00:00:00.000000Z',
        leaseTransitions: 4,
      },
    });
    const started = performance.now();
    const b = candidate('b');
    await waitFor(() => b.isLeader(), 'the lease has run out');
    expect(performance.now() - started).toBeGreaterThan(1000);
    expect(lease()['leaseTransitions']).toBe(5);
  });
});
