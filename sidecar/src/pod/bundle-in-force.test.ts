import { expect, test } from '@jest/globals';
import type { SecretRef } from '@rankguard/contract';
import type { BundleClaims } from '@rankguard/contract/control';
import { bundleInForce } from './bundle-in-force.ts';

const own: SecretRef = { name: 'own', key: 'key' };
const generatedKey: SecretRef = { name: 'made', key: 'key' };
const keyOf = (connection: object, isLocked: boolean) => {
  const bundle = { connection: { serviceAccountAudiences: [], issuers: [], ...connection } };
  const claims = { bundle, expires: 1, clusterIssuer: null } as unknown as BundleClaims;
  return bundleInForce(claims, isLocked).connection.upstreamKey;
};

test('the key that the operator made is used where injection locked the app with it, and nowhere else', () => {
  expect(keyOf({ upstreamKey: null, generatedKey }, true)).toEqual(generatedKey);
  expect(keyOf({ upstreamKey: null, generatedKey }, false)).toBeNull();
  expect(keyOf({ upstreamKey: own, generatedKey }, true)).toEqual(own);
  expect(keyOf({ upstreamKey: null }, true)).toBeNull();
});
