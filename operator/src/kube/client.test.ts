import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FakeApiServer, startFakeApiServer } from '../../../test/support/kube/fake-api-server.ts';
import { createKube, type Kube } from './client.ts';
import { statusOf } from './errors.ts';
import { microTime, wholeSeconds } from './micro-time.ts';
import { isOlder } from './resource-version.ts';
import { RESOURCES } from './resources.ts';
import { reviewAccess, reviewToken } from './reviews.ts';
import { createTransport, type Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

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

const metadata = { namespace: 'shop', name: 'a' };

describe('the client', () => {
  test('applies: one manager gives up a field that it no longer names, and no other', async () => {
    api.put('secrets', { metadata, type: 'Opaque', data: { theirs: 'MQ==' } });
    const options = { manager: 'rankguard' };
    await kube.apply(RESOURCES.secrets, { metadata, data: { b: 'MQ==', c: 'MQ==' } } as KubeObject, options);
    await kube.apply(RESOURCES.secrets, { metadata, data: { b: 'Mg==' } } as KubeObject, options);
    expect(api.collection('secrets').objects.get('shop/a')).toMatchObject({
      type: 'Opaque',
      data: { theirs: 'MQ==', b: 'Mg==' },
    });
    const patch = api.seen.find(({ verb }) => verb === 'PATCH');
    expect(patch?.query.toString()).toBe('fieldManager=rankguard&force=true');
    expect(patch?.body).toMatchObject({ apiVersion: 'v1', kind: 'Secret' });
  });

  test('a stale replace is a conflict, an absent object is not found', async () => {
    const first = await kube.create<KubeObject>(RESOURCES.configMaps, { metadata });
    await kube.replace(RESOURCES.configMaps, { ...first, data: { a: '1' } } as KubeObject);
    const stale = kube.replace(RESOURCES.configMaps, { ...first, data: { a: '2' } } as KubeObject);
    await expect(stale).rejects.toMatchObject({ code: 'CLUSTER_REFUSED', status: 409, reason: 'Conflict' });
    await expect(kube.get(RESOURCES.configMaps, { ...metadata, name: 'b' })).rejects.toMatchObject({
      status: 404,
    });
    expect(await kube.remove(RESOURCES.configMaps, metadata)).toBe(true);
    expect(await kube.remove(RESOURCES.configMaps, metadata)).toBe(false);
  });

  test('says whether the server could not or would not', async () => {
    api.fail({ answer: 503, retryAfter: 7 });
    const failed = await kube.list(RESOURCES.pods).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'CLUSTER_UNAVAILABLE', status: 503, retryAfter: 7 });
    api.fail({ answer: 'drop' });
    const dropped = await kube.list(RESOURCES.pods).catch((error: unknown) => error);
    expect([statusOf(dropped), (dropped as Error).message]).toEqual([
      0,
      expect.stringContaining('/api/v1/pods'),
    ]);
  });

  test('shows its credentials again when they are refused', async () => {
    api.fail({ answer: 401 });
    expect((await kube.list(RESOURCES.pods)).items).toEqual([]);
    api.fail({ answer: 401, times: 2 });
    await expect(kube.list(RESOURCES.pods)).rejects.toMatchObject({ status: 401 });
  });

  test('reviews say no unless the server says yes', async () => {
    api.reviews.set('tokenreviews', () => ({}));
    api.reviews.set('subjectaccessreviews', () => ({}));
    const access = { group: '', resource: 'secrets', verb: 'get', namespace: 'shop', name: 'tei-key' };
    expect(await reviewToken(kube, 't', ['x'])).toMatchObject({ authenticated: false, audiences: [] });
    expect(await reviewAccess(kube, { username: 'u' }, access)).toBe(false);
    api.reviews.set('subjectaccessreviews', () => ({ allowed: true, denied: true }));
    expect(await reviewAccess(kube, { username: 'u' }, access)).toBe(false);
    api.reviews.set('subjectaccessreviews', () => ({ allowed: true }));
    expect(await reviewAccess(kube, { username: 'u' }, access)).toBe(true);
  });
});

test('times are what metav1 takes', () => {
  expect(microTime(Date.UTC(2026, 8, 18, 10, 0, 0, 7))).toBe('2026-09-18T10:00:00.007000Z');
  expect(wholeSeconds(Date.UTC(2026, 8, 18, 10, 0, 0, 999))).toBe('2026-09-18T10:00:00Z');
});

test('resource versions are compared as numbers of any length', () => {
  expect(isOlder('9', '10')).toBe(true);
  expect(isOlder('18446744073709551616', '18446744073709551617')).toBe(true);
  expect(isOlder('10', '10')).toBe(false);
  expect(isOlder('abc', '10')).toBe(false);
});
