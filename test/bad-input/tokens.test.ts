import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ReasonCode } from '@rankguard/contract';
import { exportSPKI } from 'jose';
import { createKey, sign } from '../identity/issuer.ts';
import { expectNothingForwarded, expectRefusal } from '../support/expectations.ts';
import { AUDIENCE, GROUP } from '../support/resources.ts';
import { GOOD, type Setup, setUp, withSetup } from '../support/setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({
  iss: setup.issuer.issuer,
  aud: AUDIENCE,
  sub: 'ann',
  groups: [GROUP],
  exp: now() + 600,
});
const unsigned = (header: object) => `${base64url(header)}.${base64url(claims())}.`;

/** A token whose MAC is made with the issuer's public key, as a verifier that trusts `alg` would check it. */
async function signedWithThePublicKey(): Promise<string> {
  const text = `${base64url({ alg: 'HS256', kid: 'key-1', typ: 'at+jwt' })}.${base64url(claims())}`;
  const secret = await exportSPKI(setup.key.publicKey);
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const cut = (text: string) => text.slice(0, text.lastIndexOf('.') + 1);
const other = createKey('ES256', 'key-1');
const unknown = createKey('ES256', 'key-9');

const BAD: readonly (readonly [string, ReasonCode, () => Promise<string> | string])[] = [
  ['expired', 'TOKEN_EXPIRED', () => setup.tokenWith({ exp: now() - 3600 })],
  ['not valid yet', 'TOKEN_NOT_YET_VALID', () => setup.tokenWith({ nbf: now() + 3600 })],
  ['without an end', 'TOKEN_CLAIMS', () => setup.tokenWith({ exp: undefined })],
  ['without a subject', 'TOKEN_CLAIMS', () => setup.tokenWith({ sub: undefined })],
  ['for another audience', 'TOKEN_AUDIENCE', () => setup.tokenWith({ aud: 'search' })],
  ['for nobody', 'TOKEN_AUDIENCE', () => setup.tokenWith({ aud: undefined })],
  ['of another issuer', 'TOKEN_ISSUER', () => setup.tokenWith({ iss: 'https://elsewhere.example' })],
  ['with its signature cut off', 'TOKEN_SIGNATURE', () => cut(setup.token)],
  ['with alg none', 'TOKEN_ALGORITHM', () => unsigned({ alg: 'none' })],
  ['with alg None', 'TOKEN_ALGORITHM', () => unsigned({ alg: 'None', kid: 'key-1' })],
  ['with HS256 and the public key', 'TOKEN_ALGORITHM', signedWithThePublicKey],
  ["with another's signature", 'TOKEN_SIGNATURE', async () => sign(await other, claims())],
  ['with an unknown key id', 'TOKEN_KEY_UNKNOWN', async () => sign(await unknown, claims())],
  ['of 20 KB', 'TOKEN_TOO_LARGE', () => setup.tokenWith({ pad: 'x'.repeat(15_000) })],
  ['that is opaque', 'TOKEN_MALFORMED', () => 'b1946ac92492d2347c6235b4d2611184'],
  ['of two parts', 'TOKEN_MALFORMED', () => 'e30.e30'],
  ['that is encrypted', 'TOKEN_MALFORMED', () => 'e30.a.b.c.d'],
  ['that is empty', 'TOKEN_MALFORMED', () => ''],
  ['that is the upstream key', 'TOKEN_MALFORMED', () => 'the-upstream-own-key'],
];

test.each(BAD)('a token %s', async (_, reason, make) => {
  const token = await make();
  const response = await setup.send({ token, body: GOOD.tei });
  const record = await expectRefusal(setup, response, reason);
  expect(record.identity).toBeNull();
  if (token.length > 8) expect(response.bytes.toString() + setup.guard.logText()).not.toContain(token);
  await expectNothingForwarded(setup);
});

test('no token', async () => {
  const response = await setup.send({ token: null, body: GOOD.tei });
  await expectRefusal(setup, response, 'TOKEN_MISSING');
  await expectNothingForwarded(setup);
});

const bearer = () => `Bearer ${setup.token}`;
const CREDENTIALS: readonly (readonly [string, ReasonCode, () => readonly (readonly [string, string])[]])[] =
  [
    ['another scheme', 'TOKEN_MALFORMED', () => [['Authorization', `Basic ${setup.token}`]]],
    ['no scheme', 'TOKEN_MALFORMED', () => [['Authorization', setup.token]]],
    ['a slot of another API', 'TOKEN_MALFORMED', () => [['X-Api-Key', setup.token]]],
    ['two tokens in one field', 'TOKEN_MALFORMED', () => [['Authorization', `${bearer()}, ${bearer()}`]]],
    [
      'the same token twice',
      'CREDENTIAL_AMBIGUOUS',
      () => [
        ['Authorization', bearer()],
        ['authorization', bearer()],
      ],
    ],
    [
      'a token and a key',
      'CREDENTIAL_AMBIGUOUS',
      () => [
        ['Authorization', bearer()],
        ['X-Api-Key', 'k'],
      ],
    ],
    [
      'a token and a key with underscores',
      'CREDENTIAL_AMBIGUOUS',
      () => [
        ['Authorization', bearer()],
        ['X_API_KEY', 'k'],
      ],
    ],
    [
      'a token and one for a proxy',
      'CREDENTIAL_AMBIGUOUS',
      () => [
        ['Authorization', bearer()],
        ['Proxy-Authorization', 'Basic eA=='],
      ],
    ],
  ];

test.each(CREDENTIALS)('credentials: %s', async (_, reason, headers) => {
  const response = await setup.send({ token: null, headers: headers(), body: GOOD.tei });
  await expectRefusal(setup, response, reason);
  await expectNothingForwarded(setup);
});

test('a good token of somebody whom no policy allows', async () => {
  const token = await setup.tokenWith({ groups: ['writers'] });
  const response = await setup.send({ token, body: GOOD.tei });
  const record = await expectRefusal(setup, response, 'NOT_ALLOWED');
  expect(record.identity?.subject).toBe('ann');
  await expectNothingForwarded(setup);
});

test('a refusal that quotes the query is masked where it is shown and where it is recorded', async () => {
  const body = { ...GOOD.tei, query: `forbidden: ${GOOD.tei.query}` };
  const response = await setup.send({ body });
  const record = await expectRefusal(setup, response, 'POLICY_DENY');
  expect(response.json()).toMatchObject({ code: 'QUERY_FORBIDDEN', policy: 'e2e/e2e' });
  expect(record.message).toContain('Nobody may ask: forbidden: who is');
  await expectNothingForwarded(setup);
});

test('who may not come in learns nothing about the body', async () => {
  const response = await setup.send({ token: null, body: 'not JSON' });
  await expectRefusal(setup, response, 'TOKEN_MISSING');
  await expectNothingForwarded(setup);
});

test('a bad token on a connection that lets anybody in', async () => {
  await withSetup({ anonymous: 'allow', rego: 'package rankguard.e2e\n\nallow := true\n' }, async (open) => {
    expect((await open.send({ token: null, body: GOOD.tei })).status).toBe(200);
    open.fresh();
    const response = await open.send({ token: 'e30.e30', body: GOOD.tei });
    await expectRefusal(open, response, 'TOKEN_MALFORMED');
    await expectNothingForwarded(open);
  });
});
