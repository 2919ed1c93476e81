import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CompactEncrypt, exportSPKI, type JWTHeaderParameters } from 'jose';
import { createKey, sign, type TestKey } from '../../../test/identity/issuer.ts';
import { codeOf, type Setup, setUp } from '../../../test/identity/setup.ts';

let rsa: TestKey;
let ec: TestKey;
let at: Setup;

beforeAll(async () => {
  [rsa, ec] = await Promise.all([createKey('RS256', 'rsa'), createKey('ES256', 'ec')]);
  at = await setUp({ keys: [rsa, ec] });
});
afterAll(() => at.close());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const code = async (token: string) => codeOf(await at.authenticate(token));

/** A token put together by hand: nothing checks what is in it. */
function forge(header: Readonly<Record<string, unknown>>, signature = 'AAAA'): string {
  return `${encode(header)}.${encode(at.claims())}.${signature}`;
}

describe('a forged token', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', ' none', 'none ', ''])('alg %j is refused', async (alg) => {
    expect(await code(forge({ alg, typ: 'at+jwt' }, ''))).toBe('TOKEN_ALGORITHM');
    expect(await code(forge({ alg, kid: 'rsa' }))).toBe('TOKEN_ALGORITHM');
  });

  test.each([null, undefined, 0, ['RS256'], { alg: 'RS256' }])('alg %j is malformed', async (alg) => {
    expect(await code(forge({ alg, kid: 'rsa' }))).toBe('TOKEN_MALFORMED');
  });

  test('HS256 with the public key as its secret is refused, whatever the key is written in', async () => {
    const pem = await exportSPKI(rsa.publicKey);
    const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
    const secrets = [
      pem,
      pem.trim(),
      der,
      Buffer.from(rsa.jwk.n!, 'base64url'),
      rsa.jwk.n!,
      JSON.stringify(rsa.jwk),
      '',
    ];
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      for (const secret of secrets) {
        const text = `${encode({ alg, kid: 'rsa' })}.${encode(at.claims())}`;
        const mac = createHmac(alg.replace('HS', 'sha'), secret).update(text).digest('base64url');
        expect(await code(`${text}.${mac}`)).toBe('TOKEN_ALGORITHM');
      }
    }
  });

  test('the mark of a good signature under another algorithm of the same key is refused', async () => {
    const [, payload, signature] = (await at.token(rsa)).split('.');
    const token = `${encode({ alg: 'RS512', kid: 'rsa' })}.${payload}.${signature}`;
    expect(await code(token)).toBe('TOKEN_ALGORITHM');
    expect(await code(forge({ alg: 'ES256', kid: 'rsa' }))).toBe('TOKEN_ALGORITHM');
    expect(await code(forge({ alg: 'RS256', kid: 'ec' }))).toBe('TOKEN_ALGORITHM');
  });

  test('an ES256 signature of zeros is refused (CVE-2022-21449)', async () => {
    const zeros = Buffer.alloc(64).toString('base64url');
    expect(await code(forge({ alg: 'ES256', kid: 'ec' }, zeros))).toBe('TOKEN_SIGNATURE');
  });

  test.each(['', 'AAAA'])('signature %j is refused', async (signature) => {
    expect(await code(forge({ alg: 'RS256', kid: 'rsa' }, signature))).toBe('TOKEN_SIGNATURE');
    expect(await code(forge({ alg: 'ES256', kid: 'ec' }, signature))).toBe('TOKEN_SIGNATURE');
  });

  test('a key inside the header is not trusted', async () => {
    const own = await createKey('RS256', 'rsa');
    const jwk = { ...own.jwk };
    const url = 'https://attacker.example/keys';
    expect(await code(await sign(own, at.claims(), { jwk }))).toBe('TOKEN_SIGNATURE');
    expect(await code(await sign(own, at.claims(), { jku: url, x5u: url }))).toBe('TOKEN_SIGNATURE');
    expect(await code(await sign(own, at.claims(), { jwk, kid: 'own' }))).toBe('TOKEN_KEY_UNKNOWN');
  });

  test('an unknown key id is refused', async () => {
    const other = await createKey('ES256', 'other');
    expect(await code(await at.token(other))).toBe('TOKEN_KEY_UNKNOWN');
  });

  test.each([
    ['crit', { crit: ['exp'], exp: 1 }],
    ['b64', { crit: ['b64'], b64: false }],
    ['an empty crit', { crit: [] }],
    ['a key id that is a number', { kid: 7 }],
    ['typ of a DPoP proof', { typ: 'dpop+jwt' }],
    ['typ of a logout token', { typ: 'logout+jwt' }],
    ['typ that is no text', { typ: 1 }],
  ])('%s in the header is malformed', async (_, header) => {
    expect(await code(forge({ alg: 'RS256', kid: 'rsa', ...header }))).toBe('TOKEN_MALFORMED');
  });

  test.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', 'jwt'])('typ %s is taken', async (typ) => {
    expect(await code(await sign(ec, at.claims(), { typ }))).toBe('ok');
  });

  test('typ may be absent', async () => {
    const header = { typ: undefined } as unknown as Partial<JWTHeaderParameters>;
    expect(await code(await sign(ec, at.claims(), header))).toBe('ok');
  });
});

describe('a token that is not one', () => {
  test('more or fewer segments', async () => {
    const token = await at.token(ec);
    const [head, payload] = token.split('.');
    for (const text of [
      `${head}.${payload}`,
      `${token}.`,
      `${token}.AAAA`,
      `.${token}`,
      'opaque',
      '.',
      '..',
      '',
    ]) {
      expect(await code(text)).toBe('TOKEN_MALFORMED');
    }
  });

  test('an encrypted one (JWE)', async () => {
    const text = new TextEncoder().encode(JSON.stringify(at.claims()));
    const rsaOaep = await createKey('RSA-OAEP-256', 'enc');
    const jwe = await new CompactEncrypt(text)
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(rsaOaep.publicKey);
    expect(await at.authenticate(jwe)).toMatchObject({
      code: 'TOKEN_MALFORMED',
      message: expect.stringMatching(/JWE/),
    });
  });

  test('another spelling of the same bytes: padding, stray bits, the other alphabet', async () => {
    const token = await at.token(ec);
    // 64 bytes leave 4 unused bits in the last of 86 characters; only one of 16 spellings counts.
    const last = token.at(-1)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const stray = token.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
    expect(await code(token)).toBe('ok');
    for (const text of [
      stray,
      `${token}=`,
      `${token}==`,
      `${token}\n`,
      token.replace('.', '.+'),
      `${token}%3D`,
    ]) {
      expect(await code(text)).toBe('TOKEN_MALFORMED');
    }
  });

  test('one of 20 KB is refused before it is read, one of 16 KB is read', async () => {
    expect(await code('x'.repeat(20_000))).toBe('TOKEN_TOO_LARGE');
    expect(await code('x'.repeat(16_384))).toBe('TOKEN_MALFORMED');
    expect(await code(await at.token(ec, { padding: 'x'.repeat(15_000) }))).toBe('TOKEN_TOO_LARGE');
    expect(await code(await at.token(ec, { padding: 'x'.repeat(10_000) }))).toBe('ok');
  });

  test.each(['null', '[]', '"text"', '{"iss":', 'nul', '', '{}{}', '\uFEFF{}'])(
    'claims %j',
    async (claims) => {
      const header = encode({ alg: 'RS256', kid: 'rsa' });
      const text = Buffer.from(claims).toString('base64url');
      expect(await code(`${header}.${text}.AAAA`)).toBe('TOKEN_MALFORMED');
      expect(await code(`${text}.${encode(at.claims())}.AAAA`)).toBe('TOKEN_MALFORMED');
    },
  );

  test('claims that are not UTF-8', async () => {
    const claims = Buffer.from([...Buffer.from('{"sub":"'), 0xff, ...Buffer.from('"}')]).toString(
      'base64url',
    );
    expect(await code(`${encode({ alg: 'RS256', kid: 'rsa' })}.${claims}.AAAA`)).toBe('TOKEN_MALFORMED');
  });

  test('no change of one character leaves a token good, and none makes a fault', async () => {
    const token = await at.token(ec);
    const place = fc.nat({ max: token.length - 1 });
    const character = fc.constantFrom(...'ABCXYZabcxyz0189-_.=+/ \n\0é');
    await fc.assert(
      fc.asyncProperty(place, character, async (index, other) => {
        fc.pre(token[index] !== other);
        const result = await at.authenticate(token.slice(0, index) + other + token.slice(index + 1));
        expect(result.ok).toBe(false);
        expect(codeOf(result)).toMatch(/^TOKEN_/);
      }),
      { numRuns: 300 },
    );
  });

  test('no text is taken, none makes a fault, and no message repeats it', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        const token = parts.join('.');
        const result = await at.authenticate(token);
        if (result.ok) throw new Error('taken');
        expect(result.code).toMatch(/^TOKEN_/);
        if (token.length > 20) expect(result.message + result.challenge).not.toContain(token);
      }),
      { numRuns: 300 },
    );
  });
});
