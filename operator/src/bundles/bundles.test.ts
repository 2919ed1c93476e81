import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Bundle } from '@rankguard/contract';
import type { SignedBundle } from '@rankguard/contract/control';
import { createGate, waitFor } from '../../../test/support/wait.ts';
import { createBundleStore } from '../control/index.ts';
import { createPublisher, readSnapshot, snapshotName, snapshotObject } from './index.ts';

const bundle = (revision: number, name = 'search', wasm = 'AGFzbQ==') =>
  ({
    format: 1,
    revision,
    digest: `d${revision}`,
    expires: null,
    connection: { namespace: 'shop', name, staleAfterSeconds: 86_400 },
    policies: [{ name: 'shop/readers', mode: 'enforce', digest: 'p', wasm }],
    masking: {},
  }) as unknown as Bundle;
const snapshot = (revision: number, name = 'search') =>
  snapshotObject('system', { key: `shop/${name}`, bundle: bundle(revision, name) });
const signed = ({ revision }: Bundle): SignedBundle => ({
  format: 1,
  signingKey: 'k',
  bundle: `r${revision}`,
});

describe('a snapshot', () => {
  test('is read as it was written', () => {
    expect(readSnapshot(snapshot(7))).toEqual({ key: 'shop/search', bundle: bundle(7) });
    expect(snapshot(7).data).toEqual({ revision: '7', digest: 'd7', policies: 'shop/readers' });
  });

  test.each([
    ['content that is cut', { ...snapshot(7), binaryData: { 'bundle.json.gz': 'H4sIAAAA' } }],
    ['no content', { metadata: snapshot(7).metadata }],
    ['the bundle of another connection', { ...snapshot(7), binaryData: snapshot(7, 'ads').binaryData! }],
    [
      'the name of another',
      { ...snapshot(7), metadata: { ...snapshot(7).metadata, name: snapshotName('a/b') } },
    ],
  ])('is none with %s', (_, object) => {
    expect(readSnapshot(object)).toBeUndefined();
  });

  test('that the API server could not take is refused with its size', () => {
    const wasm = randomBytes(1_100_000).toString('base64');
    const make = () => snapshotObject('system', { key: 'shop/search', bundle: bundle(7, 'search', wasm) });
    expect(make).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/\d{7} bytes/) }),
    );
  });
});

describe('a publisher', () => {
  const served = (store: ReturnType<typeof createBundleStore>, name = 'search') => {
    const stored = store.get(`shop/${name}`);
    return stored && (JSON.parse(stored.body.toString()) as SignedBundle).bundle;
  };

  test('serves what the snapshots say, and nothing that they do not', async () => {
    const store = createBundleStore();
    const publisher = createPublisher({ sign: async (one) => signed(one), store, log: () => {} });
    publisher.take(snapshot(7), undefined);
    publisher.take(snapshot(3, 'ads'), undefined);
    await publisher.settled();
    expect([served(store), served(store, 'ads')]).toEqual(['r7', 'r3']);
    publisher.take(snapshot(8), snapshot(7));
    publisher.take(undefined, snapshot(3, 'ads'));
    await publisher.settled();
    expect([served(store), served(store, 'ads')]).toEqual(['r8', undefined]);
    expect(publisher.inForce('shop/search')).toMatchObject({
      revision: 8,
      policies: [{ name: 'shop/readers' }],
    });
    publisher.stop();
  });

  test('a damaged snapshot leaves what was served', async () => {
    const store = createBundleStore();
    const publisher = createPublisher({ sign: async (one) => signed(one), store, log: () => {} });
    publisher.take(snapshot(7), undefined);
    publisher.take({ ...snapshot(8), binaryData: {} }, snapshot(7));
    await publisher.settled();
    expect(served(store)).toBe('r7');
    publisher.stop();
  });

  test('a slow signature of an older revision does not come after a newer one', async () => {
    const store = createBundleStore();
    const gate = createGate();
    const sign = async (one: Bundle) => {
      if (one.revision === 7) await gate.opened;
      return signed(one);
    };
    const publisher = createPublisher({ sign, store, log: () => {} });
    publisher.take(snapshot(7), undefined);
    publisher.take(snapshot(8), snapshot(7));
    gate.open();
    await publisher.settled();
    expect(served(store)).toBe('r8');
    publisher.stop();
  });

  test('signs again in time', async () => {
    const store = createBundleStore();
    let count = 0;
    const sign = async (one: Bundle) => ({ ...signed(one), bundle: `signature ${++count}` });
    const publisher = createPublisher({ sign, store, log: () => {}, renewMs: () => 5 });
    publisher.take(snapshot(7), undefined);
    await waitFor(() => count > 2 && served(store) !== 'signature 1', 'it is signed again');
    publisher.stop();
  });
});
