import { beforeAll, expect, test } from '@jest/globals';
import type { Bundle } from '@rankguard/contract';
import { BUNDLE_TYPE, SIGNING_KEY_TYPE, type SignedBundle } from '@rankguard/contract/control';
import {
  type BundleForge,
  createBundleForge,
  createTestSigner,
} from '../../../test/support/signed-bundles.ts';
import { createTrust } from './index.ts';

const NOW = 1_800_000_000;
const now = () => NOW * 1000;
const connection = { namespace: 'shop', name: 'search' };
const bundle = { format: 1, revision: 7, digest: 'd', connection } as unknown as Bundle;
let forge: BundleForge;
let good: SignedBundle;

beforeAll(async () => {
  forge = await createBundleForge(now);
  good = await forge.sign(bundle, { controlCa: 'PEM' });
});

const verify = (signed: unknown, rootKeys = [forge.root.key]) =>
  createTrust({ rootKeys, connection, now }).verify(signed);

/** Changes one character in the middle of a part of a JWS. */
function tamper(jws: string, part: number): string {
  const parts = jws.split('.');
  const text = parts[part]!;
  const at = Math.floor(text.length / 2);
  parts[part] = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  return parts.join('.');
}

test('a signed bundle is believed as it is, by any of several root keys', async () => {
  expect(await verify(good)).toMatchObject({ bundle, controlCa: 'PEM', expires: NOW + 86_400 });
  const next = await createTestSigner();
  expect(await verify(good, [next.key, forge.root.key])).toMatchObject({ bundle });
});

test('a bundle whose time is over says so', async () => {
  await expect(verify(await forge.sign(bundle, { expires: NOW }))).rejects.toMatchObject({
    code: 'BUNDLE_EXPIRED',
  });
});

const forged: readonly [string, () => Promise<unknown>][] = [
  ['signed under a root key of somebody else', async () => (await createBundleForge(now)).sign(bundle)],
  ['signed by a key that no root key signed', async () => ({ ...good, bundle: (await other()).bundle })],
  ['signed by the root key itself', async () => withBundle(await forge.root.sign(claims(), TYPE))],
  ['a signing key of another type', async () => withKey(await forge.root.sign(keyClaims(), TYPE))],
  ['a bundle of another type', async () => withBundle(await forge.signing.sign(claims(), KEY_TYPE))],
  ['without a type', async () => withBundle(await forge.signing.sign(claims()))],
  ['a changed payload', async () => withBundle(tamper(good.bundle, 1))],
  ['a changed signature', async () => withBundle(tamper(good.bundle, 2))],
  ['a changed signing key', async () => withKey(tamper(good.signingKey, 1))],
  ['no signature', async () => withBundle(`${good.bundle.split('.').slice(0, 2).join('.')}.`)],
  ['alg none', async () => withBundle(unsigned(good.bundle))],
  ['a signing key that has expired', () => forge.sign(bundle, {}, { expires: NOW })],
  ['a signing key of the future', () => forge.sign(bundle, {}, { notBefore: NOW + 61 })],
  [
    'a signing key without times',
    () => forge.sign(bundle, {}, { notBefore: undefined, expires: undefined } as never),
  ],
  ['a bundle from the future', () => forge.sign(bundle, { issued: NOW + 61 })],
  [
    'another connection',
    () => forge.sign({ ...bundle, connection: { ...connection, name: 'ads' } } as Bundle),
  ],
  [
    'another namespace',
    () => forge.sign({ ...bundle, connection: { ...connection, namespace: 'ads' } } as Bundle),
  ],
  ['another format', () => forge.sign({ ...bundle, format: 2 } as unknown as Bundle)],
  ['no bundle in it', () => forge.sign(undefined as unknown as Bundle)],
  ['another envelope', async () => ({ ...good, format: 2 })],
  ['no JSON object', async () => 'x'],
  ['nothing', async () => null],
];

test.each(forged)('refused: %s', async (_, make) => {
  await expect(verify(await make())).rejects.toMatchObject({ name: 'CodedError', code: 'BUNDLE_REFUSED' });
});

test('without a root key nothing is believed', async () => {
  await expect(verify(good, [])).rejects.toMatchObject({ code: 'BUNDLE_REFUSED' });
});

const TYPE = { typ: BUNDLE_TYPE };
const KEY_TYPE = { typ: SIGNING_KEY_TYPE };
const other = async () => (await createBundleForge(now)).sign(bundle);
const withBundle = (jws: string) => ({ ...good, bundle: jws });
const withKey = (jws: string) => ({ ...good, signingKey: jws });
const claims = () => ({ issued: NOW, expires: NOW + 100, bundle, controlCa: '', clusterIssuer: null });
const keyClaims = () => ({ key: forge.signing.key, notBefore: NOW - 1, expires: NOW + 100 });
function unsigned(jws: string): string {
  const head = Buffer.from(JSON.stringify({ alg: 'none', typ: BUNDLE_TYPE })).toString('base64url');
  return `${head}.${jws.split('.')[1]}.`;
}
