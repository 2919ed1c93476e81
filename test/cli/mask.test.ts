import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { rankguard, resource, secret, withFolder } from './io.ts';

const mask = (stdin: string | Buffer | (string | Buffer)[], ...args: string[]) =>
  rankguard(['mask', ...args], { stdin });

describe('JSON', () => {
  test('is masked, and every other byte stays', async () => {
    const input =
      '{ "a" : "write to maria@example.org" ,\n\t"b":[10.00, "\\u0041", null],"ssn 536-90-4399":1}\r\n';
    const { code, stdout, stderr } = await mask(input);
    expect(stdout).toBe(
      '{ "a" : "write to <EMAIL_ADDRESS>" ,\n\t"b":[10.00, "\\u0041", null],"ssn <US_SSN>":1}\r\n',
    );
    expect([code, stderr]).toEqual([0, '']);
  });

  test.each(['{}', '[]', '"text"', '0', 'null', ' [ 1.0 ]\n', '{"é":"😀"}'])(
    'without findings %j is unchanged',
    async (input) => {
      expect(await mask(input)).toMatchObject({ code: 0, stdout: input, stderr: '' });
    },
  );

  test('may come in many pieces', async () => {
    const bytes = Buffer.from('["écrire à maria@example.org"]');
    const { stdout } = await mask(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)));
    expect(stdout).toBe('["écrire à <EMAIL_ADDRESS>"]');
  });

  test.each([
    ['half of it', '{"a": "maria@example.org"', 'BODY_NOT_JSON'],
    ['two values and half of one', '{"a":1}\n{"a":2}\n{"a', 'BODY_NOT_JSON'],
    ['a byte order mark', '\ufeff{}', 'BODY_NOT_JSON'],
    ['a repeated name', '{"a":1,"a":"maria@example.org"}', 'BODY_DUPLICATE_KEY'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'BODY_NOT_UTF8'],
    ['nesting without end', '['.repeat(100_000), 'BODY_TOO_COMPLEX'],
  ])('that is %s is refused, and nothing is written', async (_, input, reason) => {
    const { code, bytes, stderr } = await mask(input);
    expect([code, bytes.length]).toEqual([65, 0]);
    expect(stderr).toMatch(
      new RegExp(`^${reason}: .+ at byte \\d+\\nNothing was written\\. For plain text use --text\\.\\n$`),
    );
    expect(stderr).not.toContain('maria');
  });

  test('--stats counts what was masked on standard error', async () => {
    const { stdout, stderr } = await mask('["a@example.org","b@example.org","536-90-4399"]', '--stats');
    expect(stdout).toBe('["<EMAIL_ADDRESS>","<EMAIL_ADDRESS>","<US_SSN>"]');
    expect(JSON.parse(stderr)).toEqual({ EMAIL_ADDRESS: 2, US_SSN: 1 });
  });
});

describe('a body of another form', () => {
  test.each([
    ['nothing', '', ''],
    ['text', 'maria@example.org', '<EMAIL_ADDRESS>'],
    ['JSON Lines', '{"a":"maria@example.org"}\n\n[1.0]\n', '{"a":"<EMAIL_ADDRESS>"}\n\n[1.0]\n'],
    ['a form', 'mail=maria%40example.org&q=a+b%20c', 'mail=%3CEMAIL_ADDRESS%3E&q=a+b%20c'],
    ['an event stream', 'data: {"a": "maria@example.org"}\n\n', 'data: {"a": "<EMAIL_ADDRESS>"}\n\n'],
    [
      'multipart',
      '--b\r\nContent-Disposition: form-data; name="t"\r\n\r\nmaria@example.org\r\n--b--\r\n',
      '--b\r\nContent-Disposition: form-data; name="t"\r\n\r\n<EMAIL_ADDRESS>\r\n--b--\r\n',
    ],
    [
      'multipart in base64',
      '--b\r\nContent-Disposition: form-data; name="t"\r\nContent-Transfer-Encoding: base64\r\n\r\nbWFyaWFAZXhh\r\nbXBsZS5vcmc=\r\n--b--\r\n',
      '--b\r\nContent-Disposition: form-data; name="t"\r\nContent-Transfer-Encoding: base64\r\n\r\nPEVNQUlMX0FERFJFU1M+\r\n--b--\r\n',
    ],
    [
      'multipart in quoted printable',
      '--b\r\nContent-Disposition: form-data; name="t"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nto maria=40exa=\r\nmple.org =3D\r\n--b--\r\n',
      '--b\r\nContent-Disposition: form-data; name="t"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nto <EMAIL_ADDRESS> =3D\r\n--b--\r\n',
    ],
  ])('as %s is told by its beginning', async (_, input, output) => {
    expect(await mask(input)).toMatchObject({ code: 0, stdout: output, stderr: '' });
  });

  test('that has a part which is no text is refused', async () => {
    const part = 'Content-Disposition: form-data; name="f"; filename="a.png"\r\nContent-Type: image/png';
    const { code, stdout } = await mask(`--b\r\n${part}\r\n\r\nx\r\n--b--\r\n`);
    expect([code, stdout]).toEqual([65, '']);
  });
});

describe('cases', () => {
  async function batch(...cases: readonly unknown[]): Promise<unknown[]> {
    const lines = cases.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
    const { stdout } = await mask(`${lines.join('\n')}\n`, '--batch');
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  test('yield one line each, whatever becomes of the others', async () => {
    const lines = await batch(
      { id: 1, input: { a: 'maria@example.org' } },
      'no JSON',
      { id: 3, raw: '{"a": 1, "a": 2}' },
      '{"id": 4, "input": {"a": 1, "a": 2}}',
      { id: 5, frames: ['mail maria@exa', 'b64:bXBsZS5vcmcg', 'now'], stream: 'text' },
      { id: 6 },
      { id: 7, input: 1, profile: '/nowhere.yaml' },
    );
    expect(lines).toMatchObject([
      { id: 1, output: { a: '<EMAIL_ADDRESS>' }, findings: [{ entity: 'EMAIL_ADDRESS', path: '$.a' }] },
      { id: null, error: { code: 'BODY_NOT_JSON' } },
      { id: 3, error: { code: 'BODY_DUPLICATE_KEY' } },
      { id: 4, error: { code: 'BODY_DUPLICATE_KEY' } },
      { id: 5, output: 'mail <EMAIL_ADDRESS> now', findings: [{ entity: 'EMAIL_ADDRESS' }] },
      { id: 6, error: { code: 'BODY_SHAPE' } },
      { id: 7, error: { code: 'CONFIG_INVALID' } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('maria');
  });

  test('keep the bytes of a value that need no change', async () => {
    const { stdout } = await mask(
      '{"id": "a", "input": {"n": 9007199254740993, "p": 10.00, "s": "\\u0041"}}\n',
      '--batch',
    );
    expect(stdout).toBe(
      '{"id": "a", "output": {"n": 9007199254740993, "p": 10.00, "s": "\\u0041"}, "findings": []}\n',
    );
  });
});

describe('text', () => {
  test('is masked with --text', async () => {
    const { code, stdout } = await mask('Dear a@example.org,\r\n"536-90-4399" {\n', '--text');
    expect([code, stdout]).toEqual([0, 'Dear <EMAIL_ADDRESS>,\r\n"<US_SSN>" {\n']);
  });

  test('that is no UTF-8 keeps its bytes', async () => {
    const input = Buffer.concat([
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from(' a@example.org '),
      Buffer.from([0x80]),
    ]);
    const { bytes } = await mask(input, '--text');
    expect(bytes).toEqual(
      Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), Buffer.from(' <EMAIL_ADDRESS> '), Buffer.from([0x80])]),
    );
  });

  test('may be empty', async () => {
    expect(await mask('', '--text')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('--profile', () => {
  const BODY = JSON.stringify({
    results: [
      { index: 0, document: { ssn: '536-90-4399', note: 'a@example.org', customer: 'ann', card: '4111' } },
    ],
  });
  const EMAIL = { detectors: [{ entities: ['EMAIL_ADDRESS'], with: 'redact' }] };
  function masked(yaml: string, body = BODY) {
    return withFolder({ 'profile.yaml': yaml }, (folder) =>
      mask(body, '--profile', join(folder, 'profile.yaml')),
    );
  }
  const documentOf = (stdout: string) =>
    (JSON.parse(stdout) as { results: [{ document: Record<string, unknown> }] }).results[0].document;

  test('says what is masked and how', async () => {
    const { code, stdout } = await masked(
      resource('MaskingProfile', 'p', {
        fields: [
          { names: ['customer'], with: 'redact' },
          { paths: ['$.results[*].document.ssn'], with: 'remove' },
          { names: ['c*d'], with: 'null' },
        ],
      }),
    );
    expect(code).toBe(0);
    expect(documentOf(stdout)).toEqual({
      note: 'a@example.org',
      customer: expect.stringMatching(/^[[<].+[\]>]$/),
      card: null,
    });
  });

  test('of a cluster is one as well', async () => {
    const yaml = JSON.stringify({
      apiVersion: 'rankguard.dev/v1alpha1',
      kind: 'ClusterMaskingProfile',
      metadata: { name: 'p' },
      spec: EMAIL,
    });
    expect(documentOf((await masked(yaml)).stdout)).toMatchObject({
      ssn: '536-90-4399',
      note: '<EMAIL_ADDRESS>',
    });
  });

  test('with tokens takes their key from a Secret beside it: same key, same tokens', async () => {
    const profile = resource('MaskingProfile', 'p', {
      tokenKey: { secretKeyRef: { name: 'mask', key: 'key' } },
      fields: [{ names: ['customer'], with: 'token' }],
    });
    const customer = async (key: string) =>
      documentOf((await masked(profile + secret('mask', { key }))).stdout)['customer'];
    const one = await customer('one-key-of-32-bytes-for-tests-00');
    expect(one).not.toBe('ann');
    expect(await customer('one-key-of-32-bytes-for-tests-00')).toBe(one);
    expect(await customer('two-key-of-32-bytes-for-tests-00')).not.toBe(one);
  });

  test('by facts says that such rules find nothing here', async () => {
    const { code, stderr } = await masked(
      resource('MaskingProfile', 'p', { fields: [{ facts: ['documents[*].fields.ssn'], with: 'redact' }] }),
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/facts/);
  });

  test.each([
    [
      'that is invalid',
      resource('MaskingProfile', 'p', { fields: [{ names: ['a'], with: 'blur' }] }),
      /profile\.yaml:\d+.*\[CONFIG_INVALID\]/,
    ],
    ['that is no YAML', 'a: [', /profile\.yaml:\d+/],
    ['that is another resource', secret('a', {}), /must hold one MaskingProfile/],
    [
      'beside another one',
      resource('MaskingProfile', 'a', EMAIL) + resource('MaskingProfile', 'b', EMAIL),
      /must hold one MaskingProfile/,
    ],
    [
      'without the Secret of its key',
      resource('MaskingProfile', 'p', {
        tokenKey: { secretKeyRef: { name: 'mask', key: 'key' } },
        fields: [{ names: ['a'], with: 'token' }],
      }),
      /no Secret shop\/mask/,
    ],
    [
      'with surrogates without a key',
      resource('MaskingProfile', 'p', { fields: [{ names: ['a'], with: 'surrogate' }] }),
      /surrogate needs a key: set `spec.tokenKey`/,
    ],
  ])('%s: 65, and nothing is written', async (_, yaml, problem) => {
    const { code, stdout, stderr } = await masked(yaml);
    expect(stderr).toMatch(problem);
    expect([code, stdout]).toEqual([65, '']);
  });

  test('that is not there: 66', async () => {
    const { code, stdout, stderr } = await mask(BODY, '--profile', '/nowhere/profile.yaml');
    expect(stderr).toMatch(/^\/nowhere\/profile\.yaml cannot be read: ENOENT/);
    expect([code, stdout]).toEqual([66, '']);
  });
});
