import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createKey } from '../../../test/identity/issuer.ts';
import { type RealIssuer, startRealIssuer } from '../../../test/identity/real-issuer.ts';
import { codeOf } from '../../../test/identity/setup.ts';
import {
  type Authenticator,
  createAuthenticator,
  createKeySets,
  type KeySets,
  readCredential,
} from './index.ts';

const RESOURCE = 'https://rerank.example';
let issuer: RealIssuer;
let keySets: KeySets;
let authenticator: Authenticator;
let clock: number;

beforeAll(async () => {
  // The provider says on the console that it is in development mode.
  for (const level of ['info', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => {});
  const keys = await Promise.all([createKey('RS256', 'k-rsa'), createKey('ES256', 'k-ec')]);
  issuer = await startRealIssuer(keys, 'ES256');
  clock = Date.now();
  const now = () => clock;
  keySets = createKeySets({ fetch, now, log: () => {} });
  const claims = { groups: 'realm_access.roles', client: 'client_id' };
  const issuers = [{ issuer: issuer.issuer, audiences: [RESOURCE], claims, caBundle: null }];
  keySets.start(issuers);
  authenticator = createAuthenticator({ issuers, anonymous: 'deny', keySets, now });
});
afterAll(async () => {
  keySets.close();
  await issuer.close();
  jest.restoreAllMocks();
});

const present = async (token: string) =>
  authenticator.authenticate(readCredential(['Authorization', `Bearer ${token}`]));

test("an OpenID provider's access token becomes an identity", async () => {
  const token = await issuer.token(RESOURCE, 'rerank score');
  expect(await present(token)).toEqual({
    ok: true,
    identity: {
      kind: 'workload',
      subject: 'nightly-job',
      issuer: issuer.issuer,
      groups: ['search-readers'],
      claims: { client_id: 'nightly-job', acr: null, amr: [], auth_time: null, client: 'nightly-job' },
      token: {
        id: expect.any(String),
        expires: expect.any(Number),
        purpose: 'evaluation',
        scopes: ['rerank', 'score'],
      },
      workload: { namespace: null, serviceAccount: null, pod: null, node: null },
    },
  });
});

test('its token for another resource is refused', async () => {
  expect(codeOf(await present(await issuer.token('https://billing.example', 'score')))).toBe(
    'TOKEN_AUDIENCE',
  );
});

test('a changed subject is refused', async () => {
  const [head, claims, signature] = (await issuer.token(RESOURCE, 'rerank')).split('.');
  const changed = Buffer.from(claims!, 'base64url').toString().replace('"nightly-job"', '"other-job"');
  const token = [head, Buffer.from(changed).toString('base64url'), signature].join('.');
  expect(codeOf(await present(token))).toBe('TOKEN_SIGNATURE');
});

test('it expires when the provider said', async () => {
  const token = await issuer.token(RESOURCE, 'rerank');
  expect(codeOf(await present(token))).toBe('ok');
  clock += 631_000;
  expect(codeOf(await present(token))).toBe('TOKEN_EXPIRED');
});
