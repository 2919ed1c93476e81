import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Identity, IssuerConfig } from '@rankguard/contract';
import type { JWTPayload } from 'jose';
import { createKey, sign, type TestKey } from '../../../test/identity/issuer.ts';
import { codeOf, type Setup, setUp } from '../../../test/identity/setup.ts';
import { createAuthenticator } from './index.ts';

let key: TestKey;
let at: Setup;

beforeAll(async () => {
  key = await createKey('ES256', 'k1');
  at = await setUp({ keys: [key] });
});
afterAll(() => at.close());

const code = async (extra: JWTPayload) => codeOf(await at.authenticate(await at.token(key, extra)));

/** What a mapping makes of claims. */
async function judge(extra: JWTPayload, claims: IssuerConfig['claims'] = {}) {
  const issuers = [{ ...at.issuer.config, claims }];
  const own = createAuthenticator({ issuers, anonymous: 'deny', keySets: at.keySets, now: at.clock.now });
  return own.authenticate({ kind: 'token', token: await at.token(key, extra) });
}
async function identify(extra: JWTPayload, claims: IssuerConfig['claims'] = {}): Promise<Identity> {
  const result = await judge(extra, claims);
  if (!result.ok) throw new Error(result.message);
  return result.identity;
}

describe('claims that are checked', () => {
  test.each([
    ['another issuer', { iss: 'https://other.example' }, 'TOKEN_ISSUER'],
    ['no issuer', { iss: undefined }, 'TOKEN_ISSUER'],
    ['an issuer that is no text', { iss: ['x'] as unknown as string }, 'TOKEN_ISSUER'],
    ['another audience', { aud: 'billing' }, 'TOKEN_AUDIENCE'],
    ['a part of the audience', { aud: 'rerank-admin' }, 'TOKEN_AUDIENCE'],
    ['no audience', { aud: undefined }, 'TOKEN_AUDIENCE'],
    ['an audience among others', { aud: ['billing', 'rerank'] }, 'ok'],
    ['no expiry', { exp: undefined }, 'TOKEN_CLAIMS'],
    ['an expiry that is text', { exp: '9999999999' as unknown as number }, 'TOKEN_CLAIMS'],
    ['an expiry beyond all clocks', { exp: 1e300 }, 'TOKEN_CLAIMS'],
    ['a start that is text', { nbf: '1' as unknown as number }, 'TOKEN_CLAIMS'],
    ['no subject', { sub: undefined }, 'TOKEN_CLAIMS'],
    ['an empty subject', { sub: '' }, 'TOKEN_CLAIMS'],
    ['a subject that is a number', { sub: 7 as unknown as string }, 'TOKEN_CLAIMS'],
    ['a subject with a lone surrogate', { sub: 'a\ud800' }, 'TOKEN_CLAIMS'],
    ['a key that it is bound to', { cnf: { jkt: 'x' } }, 'TOKEN_CLAIMS'],
  ])('%s', async (_, extra, expected) => {
    expect(await code(extra as JWTPayload)).toBe(expected);
  });

  test('the issuer is compared exactly', async () => {
    expect(await code({ iss: `${at.issuer.issuer}/` })).toBe('TOKEN_ISSUER');
    expect(await code({ iss: at.issuer.issuer.toUpperCase() })).toBe('TOKEN_ISSUER');
  });

  test.each([
    ['expired within the skew', { exp: -29 }, 'ok'],
    ['expired by the skew', { exp: -30 }, 'TOKEN_EXPIRED'],
    ['expired long ago', { exp: -100_000 }, 'TOKEN_EXPIRED'],
    ['starts within the skew', { nbf: 30 }, 'ok'],
    ['starts later', { nbf: 31 }, 'TOKEN_NOT_YET_VALID'],
    ['issued within the skew', { iat: 30 }, 'ok'],
    ['issued in the future', { iat: 31 }, 'TOKEN_NOT_YET_VALID'],
  ])('%s', async (_, offsets, expected) => {
    const now = at.clock.seconds();
    const times = Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, now + offset]));
    expect(await code(times)).toBe(expected);
  });

  test.each([
    ['an access token hash', { at_hash: 'x' }],
    ['a nonce and no scope', { nonce: 'x' }],
    ["Keycloak's word for it", { typ: 'ID' }],
    ["Keycloak's refresh token", { typ: 'Refresh' }],
    ["Cognito's word for it", { token_use: 'id' }],
    ['a logout event', { events: {} }],
  ])('a JWT of another kind is told by %s', async (_, extra) => {
    const untyped = await sign(key, at.claims(extra), { typ: 'JWT' });
    expect(codeOf(await at.authenticate(untyped))).toBe('TOKEN_MALFORMED');
  });

  test.each([
    ['a nonce and a scope', { nonce: 'x', scope: 'openid' }],
    ["Keycloak's word for it", { typ: 'Bearer' }],
    ["Cognito's word for it", { token_use: 'access' }],
  ])('an access token without its type in the header is taken with %s', async (_, extra) => {
    const untyped = await sign(key, at.claims(extra), { typ: 'JWT' });
    expect(codeOf(await at.authenticate(untyped))).toBe('ok');
  });

  test('two entries of one issuer: the audience says which mapping applies', async () => {
    const { config } = at.issuer;
    const issuers = [
      { ...config, audiences: ['a'], claims: { groups: 'ga' } },
      { ...config, audiences: ['b'], claims: { groups: 'gb' } },
    ];
    const own = createAuthenticator({ issuers, anonymous: 'deny', keySets: at.keySets, now: at.clock.now });
    const groups = async (aud: string) => {
      const token = await at.token(key, { aud, ga: 'one', gb: 'two' });
      const result = await own.authenticate({ kind: 'token', token });
      return result.ok ? result.identity.groups : result.code;
    };
    expect(await groups('a')).toEqual(['one']);
    expect(await groups('b')).toEqual(['two']);
    expect(await groups('c')).toBe('TOKEN_AUDIENCE');
  });
});

describe('the identity', () => {
  test('has every member, and none of the claims that nobody asked for', async () => {
    const exp = at.clock.seconds() + 600;
    expect(await identify({ email: 'ann@example.com', name: 'Ann' })).toEqual({
      kind: 'user',
      subject: 'ann',
      issuer: at.issuer.issuer,
      groups: [],
      claims: { client_id: null, acr: null, amr: [], auth_time: null },
      token: { id: 'id-1', expires: exp, purpose: null, scopes: [] },
      workload: { namespace: null, serviceAccount: null, pod: null, node: null },
    });
  });

  test('cannot be changed by who gets it', async () => {
    const identity = await identify({ groups: ['a'], deep: { list: [1] } }, { deep: 'deep' });
    expect(() => identity.groups.push('admin')).toThrow(TypeError);
    expect(() => (identity.claims['deep'] as { list: number[] }).list.push(2)).toThrow(TypeError);
  });

  test.each<[string, JWTPayload, Record<string, string>, string[] | 'TOKEN_CLAIMS']>([
    ['by default', { groups: ['a', 'b'] }, {}, ['a', 'b']],
    ['one group as text, not split', { groups: 'a b,c' }, {}, ['a b,c']],
    ['empty names are none', { groups: ['', 'a'] }, {}, ['a']],
    ['null is none', { groups: null }, {}, []],
    ['nested', { realm_access: { roles: ['r'] } }, { groups: 'realm_access.roles' }, ['r']],
    ['a URL', { 'https://example.com/groups': ['u'] }, { groups: 'https://example.com/groups' }, ['u']],
    [
      'a literal name before a path',
      { 'a.b': ['literal'], a: { b: ['nested'] } },
      { groups: 'a.b' },
      ['literal'],
    ],
    [
      'a name with a dot inside a path',
      { r: { 'my.app': { roles: ['x'] } } },
      { groups: 'r.my.app.roles' },
      ['x'],
    ],
    [
      'a path through a URL',
      { 'https://e.com/x': { roles: ['x'] } },
      { groups: 'https://e.com/x.roles' },
      ['x'],
    ],
    ['a path that ends early', { realm_access: {} }, { groups: 'realm_access.roles' }, []],
    ['a path into text', { realm_access: 'text' }, { groups: 'realm_access.length' }, []],
    ['a path into a list', { realm_access: [['x']] }, { groups: 'realm_access.0' }, []],
    ['a member of a prototype', {}, { groups: 'constructor.name' }, []],
    ['a number', { groups: 7 }, {}, 'TOKEN_CLAIMS'],
    ['a list with a number', { groups: ['a', 7] }, {}, 'TOKEN_CLAIMS'],
    ['an object', { groups: { a: true } }, {}, 'TOKEN_CLAIMS'],
    ['false', { groups: false }, {}, 'TOKEN_CLAIMS'],
    ['left out for size', { _claim_names: { groups: 'src1' } }, {}, 'TOKEN_CLAIMS'],
  ])('groups: %s', async (_, extra, mapping, expected) => {
    const result = await judge(extra, mapping);
    expect(result.ok ? result.identity.groups : result.code).toEqual(expected);
  });

  test.each<[string, JWTPayload, Record<string, string>, string[]]>([
    ['scope', { scope: 'read  write' }, {}, ['read', 'write']],
    ['scp as text', { scp: 'read write' }, {}, ['read', 'write']],
    ['scp as a list', { scp: ['read', 'write'] }, {}, ['read', 'write']],
    ['a mapped claim', { scope: 'other', perms: ['read'] }, { scopes: 'perms' }, ['read']],
  ])('scopes: %s', async (_, extra, mapping, expected) => {
    expect((await identify(extra, mapping)).token.scopes).toEqual(expected);
  });

  test('purpose and other mapped claims; those absent are null', async () => {
    const mapping = { purpose: 'job.purpose', team: 'org.team', dataset: 'ds', cost: 'c' };
    const identity = await identify(
      { job: { purpose: 'audit' }, org: { team: { id: 4 } }, ds: 'eu' },
      mapping,
    );
    expect(identity.token.purpose).toBe('audit');
    expect(identity.claims).toMatchObject({ team: { id: 4 }, dataset: 'eu', cost: null });
    expect(identity.claims).not.toHaveProperty('purpose');
  });

  test('a purpose that is no text, and a claim nested without end, are refused', async () => {
    const deep = JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`);
    expect(codeOf(await judge({ purpose: ['audit'] }))).toBe('TOKEN_CLAIMS');
    expect(codeOf(await judge({ deep }, { deep: 'deep' }))).toBe('TOKEN_CLAIMS');
    expect(codeOf(await judge({ deep }))).toBe('ok');
  });

  test('a claim named __proto__ stays a claim', async () => {
    const token = JSON.parse('{"__proto__": {"admin": true}}') as JWTPayload;
    const identity = await identify(
      token,
      JSON.parse('{"__proto__": "__proto__"}') as Record<string, string>,
    );
    expect('admin' in identity.claims).toBe(false);
  });

  test.each<[string, JWTPayload, 'user' | 'workload']>([
    ['the client itself', { sub: 'job', client_id: 'job' }, 'workload'],
    ['the authorised party itself', { sub: 'job', azp: 'job' }, 'workload'],
    ["Okta's client", { sub: 'job', cid: 'job' }, 'workload'],
    ["Auth0's grant", { sub: 'job@clients', gty: 'client-credentials' }, 'workload'],
    ["Entra's application", { idtyp: 'app' }, 'workload'],
    [
      "Keycloak's service account",
      { sub: 'f:1', azp: 'job', preferred_username: 'service-account-job' },
      'workload',
    ],
    [
      'a user who took such a name',
      { sub: 'f:1', azp: 'job', preferred_username: 'service-account-job', sid: 's' },
      'user',
    ],
    ['a user of a client', { sub: 'ann', client_id: 'web', azp: 'web' }, 'user'],
  ])('%s', async (_, extra, kind) => {
    expect((await identify(extra)).kind).toBe(kind);
  });

  test("a Kubernetes service account's token names its workload, if subject and claim agree", async () => {
    const bound = {
      namespace: 'shop',
      serviceaccount: { name: 'indexer', uid: '1' },
      pod: { name: 'indexer-0', uid: '2' },
      node: { name: 'n1', uid: '3' },
    };
    const sub = 'system:serviceaccount:shop:indexer';
    const identity = await identify({ sub, 'kubernetes.io': bound });
    expect(identity.kind).toBe('workload');
    expect(identity.workload).toEqual({
      namespace: 'shop',
      serviceAccount: 'indexer',
      pod: 'indexer-0',
      node: 'n1',
    });
    const other = await identify({ sub: 'ann', 'kubernetes.io': bound });
    expect(other).toMatchObject({ kind: 'user', workload: { namespace: null } });
  });
});
