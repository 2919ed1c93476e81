import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ANONYMOUS, REASONS } from '@rankguard/contract';
import { createKey, type TestKey } from '../../../test/identity/issuer.ts';
import { codeOf, type Setup, type SetupOptions, setUp } from '../../../test/identity/setup.ts';
import { createAuthenticator, type KeySets } from './index.ts';

let key: TestKey;
let at: Setup;
const opened: Setup[] = [];

beforeAll(async () => {
  key = await createKey('ES256', 'k1');
  at = await setUp({ keys: [key] });
});
afterAll(() => at.close());
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function start(options: SetupOptions = {}): Promise<Setup> {
  const own = await setUp({ keys: [key], ...options });
  opened.push(own);
  return own;
}

/** Key sets that count how often a token is verified from nothing. */
function counted(keySets: KeySets): { readonly keySets: KeySets; lookups: number } {
  const counter = {
    lookups: 0,
    keySets: {
      ...keySets,
      lookup(...args: Parameters<KeySets['lookup']>) {
        counter.lookups += 1;
        return keySets.lookup(...args);
      },
    },
  };
  return counter;
}
function countedAuthenticator(own: Setup, cacheSize?: number) {
  const counter = counted(own.keySets);
  const size = cacheSize === undefined ? {} : { cacheSize };
  const issuers = [own.issuer.config];
  const authenticator = createAuthenticator({
    issuers,
    anonymous: 'deny',
    keySets: counter.keySets,
    now: own.clock.now,
    ...size,
  });
  return { counter, ask: (token: string) => authenticator.authenticate({ kind: 'token', token }) };
}

describe('calls without a token', () => {
  test.each([
    [{ kind: 'none' }, 'TOKEN_MISSING', 'Bearer realm="rankguard"'],
    [{ kind: 'malformed', why: 'scheme' }, 'TOKEN_MALFORMED', 'Bearer realm="rankguard"'],
    [{ kind: 'malformed', why: 'slot' }, 'TOKEN_MALFORMED', 'Bearer realm="rankguard"'],
    [{ kind: 'malformed', why: 'syntax' }, 'TOKEN_MALFORMED', /error="invalid_token"/],
    [{ kind: 'ambiguous' }, 'CREDENTIAL_AMBIGUOUS', /error="invalid_request"/],
  ] as const)('%j: %s', async (credential, code, challenge) => {
    const result = await at.authenticator.authenticate(credential);
    expect(result).toMatchObject({ ok: false, code });
    expect(result).toHaveProperty(
      'challenge',
      typeof challenge === 'string' ? challenge : expect.stringMatching(challenge),
    );
  });

  test('anonymous: allow is for calls without a credential, not for bad ones', async () => {
    const own = await start({ authenticator: { anonymous: 'allow' } });
    const ask = own.authenticator.authenticate;
    expect(await ask({ kind: 'none' })).toEqual({ ok: true, identity: ANONYMOUS });
    expect(codeOf(await ask({ kind: 'malformed', why: 'scheme' }))).toBe('TOKEN_MALFORMED');
    expect(codeOf(await ask({ kind: 'ambiguous' }))).toBe('CREDENTIAL_AMBIGUOUS');
    expect(codeOf(await ask({ kind: 'token', token: 'x' }))).toBe('TOKEN_MALFORMED');
    expect(codeOf(await ask({ kind: 'token', token: await own.token(key, { aud: 'other' }) }))).toBe(
      'TOKEN_AUDIENCE',
    );
  });

  test('no sentence of the catalogue can break out of a challenge (RFC 6750 section 3)', () => {
    const sentences = Object.values(REASONS)
      .filter(({ status }) => status === 401)
      .map(({ sentence }) => sentence);
    for (const sentence of sentences) expect(sentence).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
  });
});

describe('tokens that were judged before', () => {
  test('a verified token is answered without a promise, with the same identity', async () => {
    const { ask, counter } = countedAuthenticator(at);
    const token = await at.token(key);
    const first = ask(token);
    expect(first).toBeInstanceOf(Promise);
    const result = await first;
    expect(result.ok).toBe(true);
    expect(ask(token)).toBe(result);
    expect(counter.lookups).toBe(1);
  });

  test('calls that come at the same time share one verification', async () => {
    const { ask, counter } = countedAuthenticator(at);
    const token = await at.token(key);
    const results = await Promise.all(Array.from({ length: 20 }, () => ask(token)));
    expect(new Set(results).size).toBe(1);
    expect(counter.lookups).toBe(1);
  });

  test('it ends with the expiry, skew included, to the millisecond', async () => {
    const own = await start();
    const { ask } = countedAuthenticator(own);
    const token = await own.token(key, { exp: own.clock.seconds() + 60 });
    expect(codeOf(await ask(token))).toBe('ok');
    own.clock.advance(90_000 - 1);
    expect(ask(token)).toMatchObject({ ok: true });
    own.clock.advance(1);
    expect(codeOf(await ask(token))).toBe('TOKEN_EXPIRED');
    expect(codeOf(await ask(token))).toBe('TOKEN_EXPIRED');
  });

  test('the least recently used one is forgotten when there are too many', async () => {
    const { ask, counter } = countedAuthenticator(at, 2);
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((sub) => at.token(key, { sub })));
    await ask(a!);
    await ask(b!);
    expect(ask(a!)).not.toBeInstanceOf(Promise);
    await ask(c!);
    expect(counter.lookups).toBe(3);
    expect(ask(a!)).toMatchObject({ ok: true });
    expect(ask(c!)).toMatchObject({ ok: true });
    expect(ask(b!)).toBeInstanceOf(Promise);
    expect(counter.lookups).toBe(4);
  });

  test.each(['TOKEN_SIGNATURE', 'TOKEN_AUDIENCE', 'TOKEN_EXPIRED'])(
    '%s is remembered for a while',
    async (code) => {
      const own = await start();
      const { ask, counter } = countedAuthenticator(own);
      const extra = { TOKEN_AUDIENCE: { aud: 'other' }, TOKEN_EXPIRED: { exp: 1 }, TOKEN_SIGNATURE: {} }[
        code
      ];
      const good = await own.token(key, extra);
      const token = code === 'TOKEN_SIGNATURE' ? `${good.slice(0, -86)}${'A'.repeat(86)}` : good;
      expect(codeOf(await ask(token))).toBe(code);
      for (let call = 0; call < 10; call += 1) expect(ask(token)).toMatchObject({ code });
      expect(counter.lookups).toBe(1);
      own.clock.advance(10_000);
      expect(codeOf(await ask(token))).toBe(code);
      expect(counter.lookups).toBe(2);
    },
  );

  test('a token that is not valid yet becomes valid', async () => {
    const own = await start();
    const token = await own.token(key, { nbf: own.clock.seconds() + 31 });
    expect(codeOf(await own.authenticate(token))).toBe('TOKEN_NOT_YET_VALID');
    own.clock.advance(1_000);
    expect(codeOf(await own.authenticate(token))).toBe('ok');
  });

  test('a change of one authenticator is none of another: same keys, other audiences', async () => {
    const issuers = [{ ...at.issuer.config, audiences: ['other'] }];
    const other = createAuthenticator({ issuers, anonymous: 'deny', keySets: at.keySets, now: at.clock.now });
    const token = await at.token(key);
    expect(codeOf(await at.authenticate(token))).toBe('ok');
    expect(codeOf(await other.authenticate({ kind: 'token', token }))).toBe('TOKEN_AUDIENCE');
  });
});

test('a key that goes while a signature is checked takes the call along', async () => {
  const own = await start();
  const keySets: KeySets = {
    ...own.keySets,
    lookup(...args) {
      const found = own.keySets.lookup(...args);
      own.keySets.close();
      return found;
    },
  };
  const authenticator = createAuthenticator({
    issuers: [own.issuer.config],
    anonymous: 'deny',
    keySets,
    now: own.clock.now,
  });
  const token = await own.token(key);
  expect(codeOf(await authenticator.authenticate({ kind: 'token', token }))).toBe('TOKEN_KEY_UNKNOWN');
});

test('a fault inside is a refusal, not an exception', async () => {
  const keySets: KeySets = {
    ...at.keySets,
    lookup: () => {
      throw new Error('broken');
    },
  };
  const issuers = [at.issuer.config];
  const own = createAuthenticator({ issuers, anonymous: 'allow', keySets, now: at.clock.now });
  expect(await own.authenticate({ kind: 'token', token: await at.token(key) })).toMatchObject({
    ok: false,
    code: 'INTERNAL',
  });
});
