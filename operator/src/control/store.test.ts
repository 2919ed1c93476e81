import { expect, test } from '@jest/globals';
import type { SignedBundle } from '@rankguard/contract/control';
import { createBundleStore } from './index.ts';

const signed = (bundle: string): SignedBundle => ({ format: 1, signingKey: 'k', bundle });
const never = new AbortController().signal;

test('a bundle that is there is given at once, unless it is known', async () => {
  const store = createBundleStore();
  store.publish('shop/search', signed('one'));
  const first = await store.watch('shop/search', null, never);
  expect(JSON.parse(String(first?.body))).toEqual(signed('one'));
  expect(await store.watch('shop/search', '"other"', never)).toEqual(first);
  const waiting = store.watch('shop/search', first!.etag, never);
  expect(store.waiting()).toBe(1);
  store.publish('shop/search', signed('one'));
  expect(store.waiting()).toBe(1);
  store.publish('shop/search', signed('two'));
  expect(JSON.parse(String((await waiting)?.body))).toEqual(signed('two'));
  expect(store.waiting()).toBe(0);
});

test('replicas with the same bundle give the same tag', () => {
  const [one, two] = [createBundleStore(), createBundleStore()];
  for (const store of [one, two]) store.publish('shop/search', signed('same'));
  expect(one.get('shop/search')?.etag).toBe(two.get('shop/search')?.etag);
});

test('nobody gets the bundle of another connection', async () => {
  const store = createBundleStore();
  const gone = new AbortController();
  const waiting = store.watch('shop/search', null, gone.signal);
  store.publish('shop/ads', signed('one'));
  gone.abort();
  expect(await waiting).toBeUndefined();
  expect(store.waiting()).toBe(0);
});

test('a removed bundle is not served; its successor reaches those who wait', async () => {
  const store = createBundleStore();
  store.publish('shop/search', signed('one'));
  const { etag } = store.get('shop/search')!;
  const waiting = store.watch('shop/search', etag, never);
  store.remove('shop/search');
  expect(store.get('shop/search')).toBeUndefined();
  store.publish('shop/search', signed('one'));
  expect((await waiting)?.etag).toBe(etag);
});
