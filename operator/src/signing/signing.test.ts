import { expect, test } from '@jest/globals';
import type { Bundle } from '@rankguard/contract';
import { createTrust } from '@rankguard/sidecar/trust';
import { createMemorySecret } from '../../../test/support/secret-documents.ts';
import { createSigning, type KeyRing, untilRenewal } from './index.ts';

const DAY = 86_400_000;
const connection = { namespace: 'shop', name: 'search' };
const bundle = (staleAfterSeconds = 86_400) =>
  ({
    format: 1,
    revision: 7,
    digest: 'd',
    connection: { ...connection, staleAfterSeconds },
  }) as unknown as Bundle;
const around = { controlCa: 'PEM', clusterIssuer: { issuer: 'https://cluster', keys: [{ kty: 'RSA' }] } };

function setUp(start = Date.UTC(2027, 0, 1)) {
  const root = createMemorySecret<KeyRing>();
  const signing = createMemorySecret<KeyRing>();
  let at = start;
  const now = () => at;
  return {
    root,
    signing,
    now,
    pass(ms: number) {
      at += ms;
    },
    replica: () => createSigning({ root, signing, now }),
    trust: (rootKeys: readonly string[]) => createTrust({ rootKeys, connection, now }),
  };
}

test('a sidecar believes what an operator signs, and replicas sign the same', async () => {
  const { replica, trust } = setUp();
  const [one, two] = [replica(), replica()];
  await one.refresh({ rotate: true });
  await two.refresh({ rotate: false });
  const signed = await one.sign(bundle(), around);
  expect(await two.sign(bundle(), around)).toEqual(signed);
  expect(one.rootKeys()).toHaveLength(2);
  expect(await trust(one.rootKeys()).verify(signed)).toMatchObject({ bundle: bundle(), ...around });
});

test('keys survive a new installation that finds the Secrets', async () => {
  const { replica, root, signing } = setUp();
  const one = replica();
  await one.refresh({ rotate: true });
  const next = replica();
  expect(await next.refresh({ rotate: true })).toBe(true);
  expect(next.rootKeys()).toEqual(one.rootKeys());
  expect([root.writes(), signing.writes()]).toEqual([1, 1]);
});

test('nothing is signed before the keys are read', async () => {
  await expect(setUp().replica().sign(bundle(), around)).rejects.toMatchObject({
    code: 'CONTROL_UNAVAILABLE',
  });
});

test('over twenty months a pod that lives through one rotation believes every bundle', async () => {
  const { replica, trust, pass } = setUp();
  const signing = replica();
  await signing.refresh({ rotate: true });
  const injected = signing.rootKeys();
  for (let day = 0; day < 600; day += 10) {
    await signing.refresh({ rotate: true });
    const kept = await signing.sign(bundle(30 * 86_400), around);
    await trust(injected).verify(kept);
    pass(10 * DAY);
    // What it keeps when the operator is gone is good as well.
    await trust(injected).verify(kept);
  }
  expect(signing.rootKeys()).not.toEqual(injected);
});

test.each([
  ['30s', 30, 5],
  ['24h', 86_400, 3_600],
  ['30d', 30 * 86_400, 3_600],
])(
  'with a staleness of %s a bundle is renewed in time and lasts as long as promised',
  async (_, stale, every) => {
    const { replica, trust, now, pass } = setUp(Date.UTC(2027, 0, 1) + 1_234);
    const signing = replica();
    await signing.refresh({ rotate: true });
    const signed = await signing.sign(bundle(stale), around);
    const { issued, expires } = await trust(signing.rootKeys()).verify(signed);
    const until = untilRenewal(bundle(stale), now());
    expect(until).toBeLessThanOrEqual(every * 1000);
    pass(until - 1);
    expect(await signing.sign(bundle(stale), around)).toEqual(signed);
    // Heard of in the last moment, it still has the whole staleness.
    expect(expires * 1000).toBeGreaterThanOrEqual(now() + stale * 1000);
    pass(1);
    const renewed = await trust(signing.rootKeys()).verify(await signing.sign(bundle(stale), around));
    expect(renewed.issued).toBe(issued + every);
    pass(stale * 1000 + every * 1000);
    await expect(trust(signing.rootKeys()).verify(signed)).rejects.toMatchObject({ code: 'BUNDLE_EXPIRED' });
  },
);
