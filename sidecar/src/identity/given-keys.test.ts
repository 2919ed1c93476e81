import { expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createAuthenticator, createKeySets } from './index.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const AUDIENCE = 'rankguard';
const SUBJECT = 'system:serviceaccount:shop:frontend';
const BOUND = {
  namespace: 'shop',
  serviceaccount: { name: 'frontend', uid: 'a' },
  pod: { name: 'frontend-0', uid: 'b' },
  node: { name: 'n1', uid: 'c' },
};

async function setUp() {
  const pair = await generateKeyPair('RS256', { extractable: true });
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }];
  const keySets = createKeySets({
    fetch: () => Promise.reject(new Error('nothing may be fetched')),
    now: Date.now,
    log: () => {},
  });
  const issuers = [{ issuer: ISSUER, audiences: [AUDIENCE], claims: {}, caBundle: null, keys }];
  keySets.start(issuers);
  const authenticator = createAuthenticator({ issuers, anonymous: 'deny', keySets, now: Date.now });
  const token = (audience = AUDIENCE, key = pair.privateKey, exp = '1h') =>
    new SignJWT({ 'kubernetes.io': BOUND })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuer(ISSUER)
      .setSubject(SUBJECT)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(exp)
      .sign(key);
  const judge = async (text: Promise<string>) =>
    authenticator.authenticate({ kind: 'token', token: await text });
  return { keySets, issuers, token, judge };
}

test('a ServiceAccount token is verified with keys that came with the bundle', async () => {
  const { token, judge } = await setUp();
  expect(await judge(token())).toMatchObject({
    ok: true,
    identity: {
      kind: 'workload',
      subject: SUBJECT,
      workload: { namespace: 'shop', serviceAccount: 'frontend', pod: 'frontend-0', node: 'n1' },
    },
  });
  expect(await judge(token('control.rankguard.dev'))).toMatchObject({ code: 'TOKEN_AUDIENCE' });
  expect(await judge(token(AUDIENCE, undefined, '-1h'))).toMatchObject({ code: 'TOKEN_EXPIRED' });
  const { privateKey } = await generateKeyPair('RS256');
  expect(await judge(token(AUDIENCE, privateKey))).toMatchObject({ code: 'TOKEN_SIGNATURE' });
});

test('keys that a later bundle does not have verify nothing more', async () => {
  const { keySets, issuers, token, judge } = await setUp();
  const shown = token();
  expect(await judge(shown)).toMatchObject({ ok: true });
  keySets.start(issuers.map((issuer) => ({ ...issuer, keys: [] })));
  expect(await judge(shown)).toMatchObject({ ok: false, code: 'IDENTITY_UNAVAILABLE' });
});
