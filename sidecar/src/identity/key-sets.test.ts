import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { JWK } from 'jose';
import { createTestClock, until } from '../../../test/identity/clock.ts';
import {
  createKey,
  json,
  sign,
  startIssuer,
  type TestIssuer,
  type TestKey,
} from '../../../test/identity/issuer.ts';
import { codeOf, type Setup, type SetupOptions, setUp } from '../../../test/identity/setup.ts';
import { createAuthenticator, createKeySets, KEY_SET_TIMINGS } from './index.ts';

const { refreshMs, cooldownMs, toleranceMs, waitMs, timeoutMs, retryMaxMs } = KEY_SET_TIMINGS;

let one: TestKey;
let two: TestKey;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  [one, two] = await Promise.all([createKey('ES256', 'one'), createKey('ES256', 'two')]);
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function start(options: SetupOptions = {}): Promise<Setup> {
  const at = await setUp({ keys: [one], ...options });
  opened.push(at);
  return at;
}
const health = (at: Setup) => at.keySets.health()[0]!;
const code = async (at: Setup, key: TestKey, name = 'ann') =>
  codeOf(await at.authenticate(await at.token(key, { sub: name })));
const fetches = (at: Setup) => at.issuer.requests.filter((path) => path === '/jwks').length;

/** Lets the next fetch by itself happen, and end. */
async function refresh(at: Setup, ms = refreshMs): Promise<void> {
  const before = at.issuer.requests.length;
  at.clock.advance(ms);
  await until(
    () => at.issuer.requests.length > before && (health(at).ageMs === 0 || health(at).error !== null),
  );
}
const publish = (keys: readonly unknown[]) => (issuer: TestIssuer) => {
  issuer.keys = keys as readonly JWK[];
};
function breakDown(issuer: TestIssuer): void {
  issuer.answer = (_, response) => void response.writeHead(503).end('down');
}

describe('rotation', () => {
  test('the keys are fetched once for many calls, and again after the refresh interval', async () => {
    const at = await start();
    for (const name of ['a', 'b', 'c']) expect(await code(at, one, name)).toBe('ok');
    expect(fetches(at)).toBe(1);
    await refresh(at);
    expect(fetches(at)).toBe(2);
    expect(health(at)).toEqual({ issuer: at.issuer.issuer, keys: 1, ageMs: 0, usable: true, error: null });
  });

  test('a key that disappears takes its verified tokens along; the others stay verified', async () => {
    const at = await start({ keys: [one, two] });
    const [old, young] = await Promise.all([
      at.token(one, { exp: at.clock.seconds() + 9_999 }),
      at.token(two, { exp: at.clock.seconds() + 9_999 }),
    ]);
    for (const token of [old, young]) expect(codeOf(await at.authenticate(token))).toBe('ok');
    at.issuer.keys = [two.jwk];
    await refresh(at);
    expect(codeOf(await at.authenticate(old))).toBe('TOKEN_KEY_UNKNOWN');
    // Still remembered: the answer is no promise.
    expect(at.authenticator.authenticate({ kind: 'token', token: young })).toMatchObject({ ok: true });
  });

  test('the same key id with another key: tokens of the old key are forged now', async () => {
    const at = await start();
    const token = await at.token(one, { exp: at.clock.seconds() + 9_999 });
    expect(codeOf(await at.authenticate(token))).toBe('ok');
    at.issuer.keys = [{ ...two.jwk, kid: 'one' }];
    await refresh(at);
    expect(codeOf(await at.authenticate(token))).toBe('TOKEN_SIGNATURE');
  });

  test('a key that comes back is a new key: what it verified before is verified again', async () => {
    const at = await start({ keys: [one, two] });
    const token = await at.token(one, { exp: at.clock.seconds() + 9_999 });
    expect(codeOf(await at.authenticate(token))).toBe('ok');
    at.issuer.keys = [two.jwk];
    await refresh(at);
    at.issuer.keys = [one.jwk, two.jwk];
    await refresh(at);
    expect(at.authenticator.authenticate({ kind: 'token', token })).toBeInstanceOf(Promise);
    expect(codeOf(await at.authenticate(token))).toBe('ok');
  });

  test('a token that was refused under a key is judged again when the key has changed', async () => {
    const at = await start({ keySets: { refreshMs: 5_000 } });
    const token = await sign(two, at.claims(), { kid: 'one' });
    expect(codeOf(await at.authenticate(token))).toBe('TOKEN_SIGNATURE');
    at.issuer.keys = [{ ...two.jwk, kid: 'one' }];
    await refresh(at, 5_000);
    expect(codeOf(await at.authenticate(token))).toBe('ok');
  });

  test('a new key id waits for one fetch, shared by all who ask', async () => {
    const at = await start();
    at.issuer.keys = [one.jwk, two.jwk];
    const calls = ['a', 'b', 'c', 'd'].map((name) => code(at, two, name));
    expect(await Promise.all(calls)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(fetches(at)).toBe(2);
  });

  test('unknown key ids cause no more than one fetch in the cooldown', async () => {
    const at = await start();
    for (let call = 0; call < 5; call += 1)
      expect(await code(at, two, `caller ${call}`)).toBe('TOKEN_KEY_UNKNOWN');
    expect(fetches(at)).toBe(2);
    at.issuer.keys = [one.jwk, two.jwk];
    at.clock.advance(cooldownMs);
    expect(await code(at, two)).toBe('ok');
    expect(fetches(at)).toBe(3);
  });

  test('an empty key set is obeyed: it is how an issuer revokes', async () => {
    const at = await start();
    at.issuer.keys = [];
    await refresh(at);
    expect(await code(at, one)).toBe('TOKEN_KEY_UNKNOWN');
    expect(health(at)).toMatchObject({ keys: 0, error: null });
  });
});

describe('outage', () => {
  test('known keys serve for the tolerance, then nobody is identified, then it recovers by itself', async () => {
    const at = await start({ keySets: { retryMs: retryMaxMs } });
    const token = await at.token(one, { exp: at.clock.seconds() + 99_999 });
    expect(codeOf(await at.authenticate(token))).toBe('ok');
    breakDown(at.issuer);
    await refresh(at);
    expect(health(at)).toMatchObject({ error: 'status', usable: true, ageMs: refreshMs });
    at.clock.advance(toleranceMs - refreshMs);
    expect(await code(at, one, 'new caller')).toBe('ok');
    await settle(at);
    at.clock.advance(1);
    const refused = await at.authenticate(token);
    expect(refused).toMatchObject({ ok: false, code: 'IDENTITY_UNAVAILABLE', challenge: '' });
    expect(refused).toHaveProperty('retryAfter', expect.any(Number));
    at.issuer.answer = null;
    at.clock.advance(retryMaxMs - 1);
    await until(() => health(at).usable);
    expect(at.authenticator.authenticate({ kind: 'token', token })).toMatchObject({ ok: true });
    expect(at.log.at(-1)).toMatch(/^info key set fetched/);
  });

  test('an unknown key during an outage is not called unpublished', async () => {
    const at = await start();
    breakDown(at.issuer);
    expect(await code(at, two)).toBe('IDENTITY_UNAVAILABLE');
    expect(await code(at, one)).toBe('ok');
    expect(await code(at, two, 'within the cooldown')).toBe('IDENTITY_UNAVAILABLE');
  });

  test('an issuer that is down at start: refused at once, retried with growing pauses, recovered', async () => {
    const at = await start({ warm: false, prepare: breakDown });
    await until(() => health(at).error === 'status');
    expect(await at.authenticate(await at.token(one))).toMatchObject({
      code: 'IDENTITY_UNAVAILABLE',
      retryAfter: 1,
    });
    for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      const before = at.issuer.requests.length;
      at.clock.advance(pause - 1);
      expect(at.issuer.requests).toHaveLength(before);
      at.clock.advance(1);
      await until(() => at.issuer.requests.length > before);
      await settle(at);
    }
    at.issuer.answer = null;
    at.clock.advance(retryMaxMs);
    await until(() => health(at).usable);
    expect(await code(at, one)).toBe('ok');
    // One line when it broke, one when it was mended.
    expect(at.log.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
  });

  test('a call waits for a first fetch under way, and not longer than it may', async () => {
    const held: (() => void)[] = [];
    const at = await start({
      warm: false,
      prepare: (issuer) => {
        issuer.answer = (_, response) => void held.push(() => json(response, issuer.metadata));
      },
    });
    const early = code(at, one, 'early');
    await until(() => held.length === 1);
    at.clock.advance(waitMs);
    expect(await early).toBe('IDENTITY_UNAVAILABLE');
    // The fetch is as old as calls may wait: nobody waits any more.
    expect(await code(at, one, 'late')).toBe('IDENTITY_UNAVAILABLE');
    at.issuer.answer = null;
    held[0]!();
    await until(() => health(at).usable);
    expect(await code(at, one, 'last')).toBe('ok');
  });

  test('a call that comes before the first keys gets its answer when they are there', async () => {
    const at = await start({ warm: false });
    expect(await code(at, one)).toBe('ok');
  });

  test.each([
    ['the head', false],
    ['the body', true],
  ])('an issuer that never ends %s is given up', async (_, head) => {
    const at = await start({
      warm: false,
      prepare: (issuer) => {
        issuer.answer = (_request, response) => {
          if (head) response.writeHead(200).write('{"issuer":');
        };
      },
    });
    await until(() => at.issuer.requests.length === 1);
    at.clock.advance(timeoutMs);
    await until(() => health(at).error !== null);
    expect(health(at).error).toBe('timeout');
  });

  test('nobody listens', async () => {
    const gone = await startIssuer();
    await gone.close();
    const at = await start({ warm: false, config: { issuer: gone.issuer } });
    await until(() => health(at).error !== null);
    expect(health(at).error).toBe('unreachable');
    expect(at.log[0]).toContain('ECONNREFUSED');
  });
});

/** Lets a failed fetch be booked, so that the next pause counts from now. */
async function settle(at: Setup): Promise<void> {
  await until(() => health(at).error !== null);
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('what an issuer may answer', () => {
  type Answer = NonNullable<TestIssuer['answer']>;
  const onlyJwks =
    (issuer: TestIssuer, answer: Answer): Answer =>
    (request, response) =>
      request.url === '/jwks' ? answer(request, response) : json(response, issuer.metadata);
  const metadata = (extra: Record<string, unknown>) => (issuer: TestIssuer) => {
    issuer.metadata = { ...issuer.metadata, ...extra };
  };
  const jwks = (answer: Answer) => (issuer: TestIssuer) => {
    issuer.answer = onlyJwks(issuer, answer);
  };
  const text =
    (body: string): Answer =>
    (_, response) =>
      void response.writeHead(200).end(body);
  const half: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': 99 });
    response.write('{', () => response.destroy());
  };
  const redirect =
    (location: string): Answer =>
    (_, response) =>
      void response.writeHead(302, { location }).end();

  test.each<[string, string, (issuer: TestIssuer) => void]>([
    ['another issuer', 'issuer-mismatch', metadata({ issuer: 'https://other.example' })],
    ['no issuer', 'malformed', metadata({ issuer: undefined })],
    ['no key set', 'malformed', metadata({ jwks_uri: undefined })],
    ['a key set that is no URL', 'malformed', metadata({ jwks_uri: '/jwks' })],
    ['a key set over plain HTTP', 'insecure-url', metadata({ jwks_uri: 'http://keys.example/jwks' })],
    ['a key set in a file', 'insecure-url', metadata({ jwks_uri: 'file:///etc/passwd' })],
    ['garbage', 'malformed', jwks(text('<html>'))],
    ['nothing', 'malformed', jwks(text(''))],
    ['a list', 'malformed', jwks(text('[]'))],
    ['keys that are no list', 'malformed', jwks(text('{"keys":{}}'))],
    ['too many keys', 'too-large', jwks(text(JSON.stringify({ keys: Array(201).fill({}) })))],
    ['a huge answer', 'too-large', jwks(text(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`))],
    ['500', 'status', jwks((_, response) => void response.writeHead(500).end('{"keys":[]}'))],
    ['a redirect elsewhere', 'redirect', jwks(redirect('http://127.0.0.2:1/jwks'))],
    ['a redirect to another scheme', 'redirect', jwks(redirect('https://127.0.0.1/jwks'))],
    ['a redirect to nowhere', 'redirect', jwks(redirect('http://'))],
    ['redirects without end', 'redirect', jwks(redirect('/jwks'))],
    ['half an answer', 'unreachable', jwks(half)],
  ])('%s: refused (%s)', async (_, error, prepare) => {
    const at = await start({ warm: false, prepare });
    await until(() => health(at).error !== null);
    expect(health(at)).toMatchObject({ error, usable: false, keys: 0, ageMs: null });
    expect(await code(at, one)).toBe('IDENTITY_UNAVAILABLE');
  });

  test('bad answers do not displace known keys', async () => {
    const at = await start();
    at.issuer.answer = text('{}');
    await refresh(at);
    expect(health(at)).toMatchObject({ error: 'malformed', usable: true, keys: 1 });
    expect(await code(at, one)).toBe('ok');
  });

  test('an answer that never ends is given up at its limit', async () => {
    let closed = false;
    const flood: Answer = (_, response) => {
      response.on('close', () => {
        closed = true;
      });
      const write = () => {
        while (!closed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    };
    const at = await start({ warm: false, prepare: jwks(flood) });
    await until(() => closed && health(at).error !== null);
    expect(health(at).error).toBe('too-large');
  });

  test('a redirect inside the origin is followed', async () => {
    const moved: Answer = (request, response) =>
      request.url === '/jwks' ? redirect('/keys')(request, response) : json(response, { keys: [one.jwk] });
    const at = await start({
      prepare: (issuer) => {
        issuer.answer = (request, response) =>
          request.url?.startsWith('/.well-known')
            ? json(response, issuer.metadata)
            : moved(request, response);
      },
    });
    expect(await code(at, one)).toBe('ok');
  });

  test('a server with RFC 8414 metadata only, and a path in its name', async () => {
    const issuer = await startIssuer({ keys: [one.jwk], path: '/realms/shop' });
    opened.push(issuer);
    issuer.answer = (request, response) => {
      if (request.url === '/.well-known/oauth-authorization-server/realms/shop')
        json(response, issuer.metadata);
      else if (request.url === '/jwks') json(response, { keys: issuer.keys });
      else response.writeHead(404).end();
    };
    const at = await start({ config: { issuer: issuer.issuer } });
    expect(await code(at, one)).toBe('TOKEN_ISSUER');
    expect(codeOf(await at.authenticate(await at.token(one, { iss: issuer.issuer })))).toBe('ok');
  });

  test.each(['http://idp.example.com', 'ftp://127.0.0.1', 'idp.example.com'])(
    '%s is no issuer',
    async (issuer) => {
      const at = await start({ warm: false, config: { issuer } });
      await until(() => health(at).error !== null);
      expect(health(at).error).toBe('insecure-url');
    },
  );
});

describe('keys in a set', () => {
  const unusable: [string, (jwk: JWK) => unknown][] = [
    ['for encryption', (jwk) => ({ ...jwk, use: 'enc' })],
    ['whose operations do not include verify', (jwk) => ({ ...jwk, use: undefined, key_ops: ['sign'] })],
    ['with its private part', (jwk) => ({ ...jwk, d: jwk.x })],
    ['that is no object', () => 'key'],
    ['that is null', () => null],
    ['with a number for its id', (jwk) => ({ ...jwk, kid: 1 })],
    ['that is symmetric', (jwk) => ({ kid: jwk.kid, kty: 'oct', k: jwk.x, alg: 'ES256' })],
  ];
  test.each(unusable)('a key %s verifies nothing, and hurts no other key', async (_, change) => {
    const at = await start({ prepare: publish([change(one.jwk), two.jwk]) });
    expect(await code(at, one)).not.toBe('ok');
    expect(await code(at, two)).toBe('ok');
  });

  test('a key whose numbers are garbage is refused when it is needed', async () => {
    const at = await start({ prepare: publish([{ ...one.jwk, x: 'AAAA' }]) });
    expect(await code(at, one)).toBe('TOKEN_KEY_UNKNOWN');
  });

  test('an RSA key of 1024 bits is refused', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' } as JWK;
    const at = await start({ prepare: publish([jwk]) });
    const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'weak' })).toString('base64url');
    const text = `${head}.${Buffer.from(JSON.stringify(at.claims())).toString('base64url')}`;
    const { sign: signBytes } = await import('node:crypto');
    const signature = signBytes('sha256', Buffer.from(text), pair.privateKey).toString('base64url');
    expect(codeOf(await at.authenticate(`${text}.${signature}`))).toBe('TOKEN_KEY_UNKNOWN');
  });

  const bare = (jwk: JWK): JWK =>
    Object.fromEntries(Object.entries(jwk).filter(([name]) => !['kid', 'alg', 'use'].includes(name)));
  const unnamed = (at: Setup, key: TestKey) => sign(key, at.claims(), { kid: undefined } as never);

  test('without a key id, the one key that fits is used', async () => {
    const rsa = await createKey('RS256', 'rsa');
    const at = await start({ prepare: publish([bare(one.jwk), rsa.jwk]) });
    expect(codeOf(await at.authenticate(await unnamed(at, one)))).toBe('ok');
    expect(codeOf(await at.authenticate(await unnamed(at, rsa)))).toBe('ok');
    expect(codeOf(await at.authenticate(await unnamed(at, two)))).toBe('TOKEN_SIGNATURE');
  });

  test('without a key id, a key of another curve does not fit', async () => {
    const other = await createKey('ES384', 'other');
    const at = await start({ prepare: publish([bare(one.jwk), bare(other.jwk)]) });
    expect(codeOf(await at.authenticate(await unnamed(at, one)))).toBe('ok');
    expect(codeOf(await at.authenticate(await unnamed(at, other)))).toBe('ok');
  });

  test('without a key id, several keys that fit are refused', async () => {
    const at = await start({ keys: [one, two] });
    const refused = await at.authenticate(await unnamed(at, one));
    expect(refused).toMatchObject({ code: 'TOKEN_KEY_UNKNOWN', message: expect.stringContaining('Several') });
  });

  test('one key listed twice is one key', async () => {
    const at = await start({ keys: [one, one] });
    expect(codeOf(await at.authenticate(await unnamed(at, one)))).toBe('ok');
  });

  test.each([
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
  ])('an access token signed with %s is verified, and a changed one is not', async (alg) => {
    const key = await createKey(alg, 'k');
    const at = await start({ keys: [key] });
    const [head, , signature] = (await at.token(key)).split('.');
    expect(await code(at, key)).toBe('ok');
    const claims = Buffer.from(JSON.stringify(at.claims({ sub: 'root' }))).toString('base64url');
    expect(codeOf(await at.authenticate(`${head}.${claims}.${signature}`))).toBe('TOKEN_SIGNATURE');
  });
});

describe('over reloads', () => {
  test('issuers that stay are not fetched again; those that go take their tokens along', async () => {
    const at = await start();
    const other = await startIssuer({ keys: [two.jwk] });
    opened.push(other);
    expect(await code(at, one)).toBe('ok');
    at.keySets.start([at.issuer.config, other.config]);
    await until(() => at.keySets.health().every(({ usable }) => usable));
    expect(fetches(at)).toBe(1);
    at.keySets.start([other.config]);
    expect(at.keySets.health().map(({ issuer }) => issuer)).toEqual([other.issuer]);
    expect(await code(at, one)).toBe('IDENTITY_UNAVAILABLE');
    const again = createAuthenticator({
      issuers: [other.config],
      anonymous: 'deny',
      keySets: at.keySets,
      now: at.clock.now,
    });
    const token = await at.token(two, { iss: other.issuer });
    expect(codeOf(await again.authenticate({ kind: 'token', token }))).toBe('ok');
  });

  test('after close nothing is fetched and nobody is identified', async () => {
    const at = await start();
    expect(await code(at, one)).toBe('ok');
    at.keySets.close();
    at.clock.advance(refreshMs * 3);
    expect(fetches(at)).toBe(1);
    expect(await code(at, one)).toBe('IDENTITY_UNAVAILABLE');
  });
});

test('a fetch under way at close ends, and nothing comes of it', async () => {
  const at = await start({
    warm: false,
    prepare: (issuer) => {
      issuer.answer = () => {};
    },
  });
  const waiting = code(at, one);
  await until(() => at.issuer.requests.length === 1);
  at.keySets.close();
  expect(await waiting).toBe('IDENTITY_UNAVAILABLE');
  at.clock.advance(refreshMs);
  expect(at.log).toEqual([]);
});

test('an issuer behind a CA of its own is trusted with that CA only', async () => {
  const read = (name: string) =>
    readFileSync(new URL(`../../../test/identity/testdata/${name}`, import.meta.url), 'utf8');
  const cert = read('localhost-cert.pem');
  const issuer = await startIssuer({ keys: [one.jwk], tls: { key: read('localhost-key.pem'), cert } });
  opened.push(issuer);
  const clock = createTestClock();
  const log: string[] = [];
  const sets = createKeySets({
    fetch,
    now: clock.now,
    schedule: clock.schedule,
    log: (...line) => log.push(JSON.stringify(line)),
  });
  sets.start([issuer.config, { ...issuer.config, caBundle: cert }]);
  await until(() => sets.health().every(({ usable, error }) => usable || error !== null));
  expect(sets.health().map(({ error }) => error)).toEqual(['unreachable', null]);
  expect(log).toEqual([expect.stringContaining('SELF_SIGNED')]);
  sets.close();
});
