import { join } from 'node:path';
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { rankguard, resource, withFolder } from './io.ts';

const MAIL = 'maria.lopez@example.org';

interface Batched {
  readonly output?: unknown;
  readonly error?: { readonly code: string };
}

async function batch(...cases: readonly object[]): Promise<Batched[]> {
  const stdin = `${cases.map((one) => JSON.stringify(one)).join('\n')}\n`;
  const { stdout } = await rankguard(['mask', '--batch'], { stdin });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const bytes = (to: (byte: number) => string, between: string) =>
  Array.from(Buffer.from(MAIL), to).join(between);
const hex = (byte: number) => byte.toString(16).padStart(2, '0');
const utf16 = Buffer.from(MAIL, 'utf16le').toString('base64');

/** What somebody who reads the text can undo, and how it is spelled. */
const SPELLINGS = [
  ['percent, twice', MAIL.replace('@', '%2540')],
  ['percent, three times', MAIL.replace('@', '%252540')],
  ['an HTML entity, twice', MAIL.replace('@', '&amp;#64;')],
  ['an escape of two digits', MAIL.replace('@', '\\x40')],
  ['an escape in braces', MAIL.replace('@', '\\u{40}')],
  ['an octal escape', MAIL.replace('@', '\\100')],
  ['quoted printable', MAIL.replace('@', '=40')],
  ['UTF-7', MAIL.replace('@', '+AEA-')],
  ['words in brackets', MAIL.replace('@', ' [at] ').replaceAll('.', ' (dot) ')],
  ['spaces around the sign', MAIL.replace('@', ' @ ')],
  ['hexadecimal bytes', bytes(hex, ' ')],
  ['hexadecimal bytes with 0x', bytes((byte) => `0x${hex(byte)}`, ' ')],
  ['hexadecimal bytes with colons', bytes(hex, ':')],
  ['escaped bytes', bytes((byte) => `\\x${hex(byte)}`, '')],
  ['decimal bytes', bytes(String, ' ')],
  ['bits', bytes((byte) => byte.toString(2).padStart(8, '0'), ' ')],
  ['base64 of UTF-16', utf16],
  ['base64 of gzip', gzipSync(MAIL).toString('base64')],
  ['base32', 'NVQXE2LBFZWG64DFPJAGK6DBNVYGYZJON5ZGO==='],
] as const;

describe('an address in another spelling', () => {
  test.each(SPELLINGS)(
    '%s is masked with nothing around it',
    async (_, spelled) => {
      const [inJson, inText] = await batch(
        { id: 1, input: { t: `see ${spelled} end` } },
        { id: 2, raw: `See ${spelled} end` },
      );
      expect(inJson!.output).toEqual({ t: expect.stringMatching(/^see <[A-Z_]+>={0,3} end$/) });
      expect(inText!.output).toMatch(/^See <[A-Z_]+>={0,3} end$/);
    },
    30_000,
  );

  test('that says no address stays', async () => {
    const texts = [
      'de ad be ef ca fe ba be 40 00',
      'priced 5 @ 3.50',
      'a 100%25 match',
      'see [at] the end',
      'margin=40px',
      'logo@2x.png',
    ];
    const out = await batch(...texts.map((t, id) => ({ id, input: { t } })));
    expect(out.map(({ output }) => (output as { t: string }).t)).toEqual(texts);
  }, 30_000);
});

describe('secrets without a form of their own', () => {
  test.each([
    ['curl -u admin:S3cr3tPassw0rd https://x.example/', 'S3cr3tPassw0rd'],
    ['the secret key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY was used', 'wJalrXUtn'],
    ['-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----', 'MC4CAQAw'],
    ['AccountName=dev;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsu==;x', 'Eby8vdM0'],
    ['?sv=2020&sig=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg%3D', 'Zm9vYmFy'],
    ['bot 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX', 'AAHdqTcvCH1'],
    ['my password is Tr0ub4dor3 ok', 'Tr0ub4dor3'],
  ])(
    '%s',
    async (text, secret) => {
      const [one, two] = await batch({ id: 1, input: { text } }, { id: 2, raw: `Text: ${text}` });
      expect(JSON.stringify([one!.output, two!.output])).not.toContain(secret);
    },
    30_000,
  );
});

describe('names in plain text', () => {
  test.each([
    [
      'a table',
      'name,ssn,password\nann,219456780,"a, b"\nbob,536904399,tiger\n',
      'name,ssn,password\nann,<US_SSN>,"<REDACTED>"\nbob,<US_SSN>,<REDACTED>\n',
    ],
    [
      'settings',
      'db:\n  user: ann\n  password: correct horse\n',
      'db:\n  user: ann\n  password: <REDACTED>\n',
    ],
    [
      'sections',
      '[db]\nport = 5432\npassphrase = two words\n',
      '[db]\nport = 5432\npassphrase = <REDACTED>\n',
    ],
    ['prose', 'Password: at least eight letters are asked for.\n', null],
    ['a placeholder', 'user: ann\npassword: <password>\n', null],
  ])(
    '%s',
    async (_, raw, masked) => {
      const [one] = await batch({ id: 1, raw });
      expect(one!.output).toBe(masked ?? raw);
    },
    30_000,
  );
});

describe('a profile', () => {
  async function masked(spec: object, text: string): Promise<string> {
    return withFolder({ 'profile.yaml': resource('MaskingProfile', 'p', spec) }, async (folder) => {
      const args = ['mask', '--profile', join(folder, 'profile.yaml'), '--text'];
      return (await rankguard(args, { stdin: text })).stdout;
    });
  }

  test('allows a value and no other of the same letters', async () => {
    const spec = {
      detectors: [{ entities: ['EMAIL_ADDRESS', 'IP_ADDRESS'], with: 'redact' }],
      allow: ['11.2.33.4', 'ab@c.example'],
    };
    expect(await masked(spec, '11.2.33.4 1.12.33.4 AB@c.example a@bc.example\n')).toBe(
      '11.2.33.4 <IP_ADDRESS> AB@c.example <EMAIL_ADDRESS>\n',
    );
  }, 30_000);

  test('of health data takes no part of a card for another number', async () => {
    expect(await masked({ presets: ['phi'] }, 'paid 4111 1111 1111 1111 today\n')).toBe(
      'paid 4111 1111 1111 1111 today\n',
    );
  }, 30_000);
});

describe('lines of cases', () => {
  test('end at a line feed and nowhere else, and ids stay as they are written', async () => {
    const stdin = `\ufeff{"id": 12345678901234567890, "raw": "a\u2028b ${MAIL}"}\r\n{"id": 1.0, "input": "\u2029"}`;
    const { stdout } = await rankguard(['mask', '--batch'], { stdin });
    const [first, second, ...rest] = stdout.split('\n');
    expect(first).toMatch(/^\{"id": 12345678901234567890, "output": "a\\u2028b <EMAIL_ADDRESS>", /);
    expect(second).toMatch(/^\{"id": 1\.0, "output": "\u2029", /);
    expect(rest).toEqual(['']);
  }, 30_000);

  test('that cannot be read say which of them and why, and nothing of what they hold', async () => {
    const lines = [
      `{"id": 1, "frames": ["b64:${MAIL}"]}`,
      '{"id": 2, "frames": ["b64:/w=="]}',
      `{"id": 3, "raw": "${MAIL} \\ud800"}`,
      `{"id": 4, "raw": "x", "profile": "/nowhere/${MAIL}"}`,
      `{"id": 5, "input": ${'['.repeat(5000)}${']'.repeat(5000)}}`,
      `{"id": 6, "raw": "x", "stream": "${MAIL}"}`,
      `{"id" "${MAIL}"}`,
      `{"id": 8, "raw": "\\u0000${MAIL}"}`,
    ];
    const notUtf8 = Buffer.concat([
      Buffer.from('{"id": 9, "raw": "'),
      Buffer.of(0xff),
      Buffer.from(`${MAIL}"}`),
    ]);
    const stdin = Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), notUtf8]);
    const { stdout } = await rankguard(['mask', '--batch'], { stdin });
    const results = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(results.map(({ id, error }) => [id, error?.code])).toEqual([
      [1, 'BODY_SHAPE'],
      [2, 'BODY_NOT_UTF8'],
      [3, 'BODY_NOT_UTF8'],
      [4, 'CONFIG_INVALID'],
      [5, 'BODY_TOO_COMPLEX'],
      [6, 'BODY_SHAPE'],
      [null, 'BODY_NOT_JSON'],
      [8, 'BODY_ENCODING'],
      [9, 'BODY_NOT_UTF8'],
    ]);
    expect(stdout).not.toContain('maria');
  }, 30_000);

  test('mask settings in a string by their names', async () => {
    const settings = 'db:\n  user: bob\n  password: correcthorse\n  port: 5432\n';
    const [{ output } = {}] = await batch({ id: 1, input: { text: settings } });
    expect(output).toEqual({ text: settings.replace('correcthorse', '<REDACTED>') });
  }, 30_000);

  test.each([
    'write to maria [at] example (dot) org now',
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY----- fine',
    'see maria.lopez%2540example.org now',
    'paid 4111/1111/1111/1111 now',
    'curl -u admin:S3cr3tPassw0rd https://x',
  ])(
    'a stream may be cut anywhere: %j',
    async (text) => {
      const frames = Array.from(Buffer.from(text), (byte) => `b64:${Buffer.from([byte]).toString('base64')}`);
      const [whole, cut] = await batch(
        { id: 1, frames: [text], stream: 'text' },
        { id: 2, frames, stream: 'text' },
      );
      expect(cut!.output).toBe(whole!.output);
      expect(whole!.output).toMatch(/<[A-Z_]+>/);
    },
    30_000,
  );
});

describe('a compressed input', () => {
  test.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate', deflateSync, inflateSync],
    ['zstd', zstdCompressSync, zstdDecompressSync],
    ['br', brotliCompressSync, brotliDecompressSync],
  ])(
    '%s is masked and stays compressed',
    async (_, encode, decode) => {
      const { code, bytes } = await rankguard(['mask'], { stdin: encode(Buffer.from(`{"a": "${MAIL}"}`)) });
      expect([code, decode(bytes).toString()]).toEqual([0, '{"a": "<EMAIL_ADDRESS>"}']);
    },
    30_000,
  );

  test('that breaks off is refused', async () => {
    const stdin = gzipSync(Buffer.from(`{"a": "${MAIL}"}`)).subarray(0, 30);
    expect(await rankguard(['mask'], { stdin })).toMatchObject({ code: 65, stdout: '' });
  }, 30_000);
});
