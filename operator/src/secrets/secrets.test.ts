import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type FakeApiServer, startFakeApiServer } from '../../../test/support/kube/fake-api-server.ts';
import { createKube, createTransport, type Kube, type Transport } from '../kube/index.ts';
import { createSigning, type KeyRing } from '../signing/index.ts';
import { createSecretDocument } from './index.ts';

let api: FakeApiServer;
let transport: Transport;
let kube: Kube;
beforeEach(async () => {
  api = await startFakeApiServer();
  transport = createTransport(api.kubeconfig());
  kube = createKube({ transport, userAgent: 'rankguard-operator/test' });
});
afterEach(async () => {
  await transport.close();
  await api.close();
});

const document = <T>(name: string) => createSecretDocument<T>(kube, 'system', name);

test('replicas that start together end up with the same keys', async () => {
  const replicas = Array.from({ length: 4 }, () =>
    createSigning({ root: document<KeyRing>('root'), signing: document<KeyRing>('signing'), now: Date.now }),
  );
  await Promise.all(replicas.map((replica) => replica.refresh({ rotate: true })));
  for (const replica of replicas) expect(replica.rootKeys()).toEqual(replicas[0]!.rootKeys());
  expect(api.collection('secrets').objects.size).toBe(2);
  expect(api.collection('secrets').objects.get('system/root')).not.toHaveProperty('metadata.ownerReferences');
}, 30_000);

test('changes by several lose nothing, and other data of the Secret stays', async () => {
  api.put('secrets', { metadata: { namespace: 'system', name: 'list' }, data: { theirs: 'MQ==' } });
  const list = document<readonly number[]>('list');
  const add = (item: number) => list.update(async (now = []) => [...now, item]);
  await Promise.all([add(1), add(2), add(3)]);
  expect([...((await list.read()) ?? [])].sort()).toEqual([1, 2, 3]);
  expect(api.collection('secrets').objects.get('system/list')).toMatchObject({ data: { theirs: 'MQ==' } });
});

test('what cannot be read is not taken for missing', async () => {
  api.fail({ verb: 'GET', plural: 'secrets', answer: 500 });
  await expect(document('root').update(async () => 1)).rejects.toMatchObject({ code: 'CLUSTER_UNAVAILABLE' });
  expect(api.collection('secrets').objects.size).toBe(0);
});
