import { describe, expect, test } from '@jest/globals';
import { createKernel } from '../kernel/index.ts';
import { createJsonReader, type JsonDocument, type ReadLimits } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });

function read(text: string | Buffer, limits?: ReadLimits): JsonDocument {
  const result = reader.read(Buffer.from(text), limits);
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  return result.document;
}

function refusal(text: string | Buffer, limits?: ReadLimits): [string, number] {
  const result = reader.read(Buffer.from(text), limits);
  if (result.ok) throw new Error('it was read');
  expect(result.message).toMatch(new RegExp(` at byte ${result.offset}$`));
  return [result.code, result.offset];
}

describe('refusals name the code and the byte', () => {
  test.each([
    ['', 0],
    ['  ', 2],
    ['{', 1],
    ['["a"', 4],
    ['"abc', 4],
    ['"abc\\', 5],
    ['[1 2]', 3],
    ['[1,]', 3],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['{a:1}', 1],
    ['[1}', 2],
    ['{"a":1]', 6],
    ['1 2', 2],
    ['{} {}', 3],
    ['null\0', 4],
    ['\v1', 0],
    ['\u00a01', 0],
    ['\ufeff{}', 0],
    ['"a\nb"', 2],
    ['"a\u0000b"', 2],
    [`"${'a'.repeat(50)}\u001f"`, 51],
    ['"\\x"', 1],
    ['"\\u12G4"', 1],
    ['"\\u12', 1],
    ['[01]', 1],
    ['[-]', 1],
    ['[1.]', 1],
    ['[1e+]', 1],
    ['[+1]', 1],
    ['[.5]', 1],
    ['[tru]', 1],
    ['[nulL]', 1],
    ['[NaN]', 1],
    ["['a']", 1],
    ['[1]//', 3],
  ])('%j is not JSON, byte %i', (text, offset) => {
    expect(refusal(text)).toEqual(['BODY_NOT_JSON', offset]);
  });

  test.each([
    ['a lone byte', 'ff', 1],
    ['a lone continuation', '80', 1],
    ['an overlong form of two bytes', 'c1bf', 1],
    ['an overlong form of three bytes', 'e09fbf', 1],
    ['an overlong form of four bytes', 'f08fbfbf', 1],
    ['a surrogate', 'eda080', 1],
    ['a pair of surrogates (CESU-8)', 'eda0bdedb880', 1],
    ['a code point above U+10FFFF', 'f4908080', 1],
    ['a lead byte above 0xf4', 'f5808080', 1],
    ['a sequence cut by the quote', '61e282', 2],
    ['an error behind valid text', 'c3a9e282acf09f9880c3', 10],
  ])('%s is not UTF-8', (_, hex, offset) => {
    expect(refusal(Buffer.concat([Buffer.from('"'), Buffer.from(hex, 'hex'), Buffer.from('"')]))).toEqual([
      'BODY_NOT_UTF8',
      offset,
    ]);
  });

  test('a byte order mark is named, whatever follows', () => {
    expect(reader.read(Buffer.from('\ufeff{}'))).toMatchObject({ message: 'a byte order mark at byte 0' });
  });

  test('a sequence cut by the end of the text is not UTF-8', () => {
    expect(refusal(Buffer.from('22f09f98', 'hex'))).toEqual(['BODY_NOT_UTF8', 1]);
  });

  test.each([
    ['"\\ud800"', 1],
    ['"\\udc00"', 1],
    ['"ab\\ud83dx\\ude00"', 3],
    ['"\\ud83d\\n\\ude00"', 1],
    ['"\\ud83d\\ud83d\\ude00"', 1],
    ['"\\ude00\\ud83d"', 1],
    ['"\\u0041\\ud83d"', 7],
    ['"\\ud83d\\ude0g"', 1],
    ['{"\\uDBFF":1}', 2],
  ])('%s has a lone surrogate', (text, offset) => {
    expect(refusal(text)).toEqual(['BODY_NOT_UTF8', offset]);
  });

  test.each([
    ['{"a":1,"a":1}', 7],
    ['{"a":1,"\\u0061":2}', 7],
    ['{"\\u0061":1,"a":2}', 12],
    ['{"":1,"":2}', 6],
    ['{"\\n":1,"\\u000A":2}', 8],
    ['{"/":1,"\\/":2}', 7],
    ['{"\u{1f600}":1,"\\ud83d\\ude00":2}', 10],
    ['{"\u00e9":1,"\\u00e9":2}', 8],
    ['{"\\u20ac":1,"\u20ac":2}', 12],
    ['[{"x":{"deep":1,"b":[],"deep":1}}]', 23],
    ['{"a":{"a":1},"b":[{"a":1}],"a":0}', 27],
    [`{"${'k'.repeat(100)}":1,"${'k'.repeat(100)}":2}`, 106],
  ])('%s repeats a name', (text, offset) => {
    expect(refusal(text)).toEqual(['BODY_DUPLICATE_KEY', offset]);
  });

  test.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":1,"A":2,"a ":3,"":4}',
    '{"\\\\u0061":1,"a":2}',
    '{"12345678":1,"12345679":2,"123456789":3}',
    '{"e\u0301":1,"\u00e9":2}',
    '{"\\u0000":1,"":2,"\\u0000\\u0000":3}',
  ])('%s repeats none', (text) => {
    expect(read(text).value(0)).toEqual(JSON.parse(text));
  });

  test('among many names each repetition is found, plain or escaped', () => {
    const names = Array.from({ length: 200 }, (_, i) => `name-${i}`);
    for (const repeated of [0, 15, 16, 17, 120, 199]) {
      const members = [...names, names[repeated]!].map((name) => `"${name}":0`);
      expect(refusal(`{${members.join()}}`)[0]).toBe('BODY_DUPLICATE_KEY');
      members[repeated] = `"\\u006eame-${repeated}":0`;
      expect(refusal(`{${members.join()}}`)[0]).toBe('BODY_DUPLICATE_KEY');
    }
    expect(read(`{${names.map((name) => `"${name}":0`).join()}}`).count).toBe(402);
  });
});

describe('limits', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  test('nesting is 64 deep at most, of either kind', () => {
    expect(read(nested(64)).count).toBe(128);
    expect(refusal(nested(65))).toEqual(['BODY_TOO_COMPLEX', 64]);
    expect(refusal('{"a":'.repeat(65))).toEqual(['BODY_TOO_COMPLEX', 320]);
    // What has been closed is no nesting.
    expect(read(`[${Array(1000).fill('[[]]').join()}]`).count).toBe(4002);
  });

  test('a depth that is asked for holds, but never above 1,000', () => {
    expect(refusal('[[[]]]', { depth: 2, tokens: 100 })).toEqual(['BODY_TOO_COMPLEX', 2]);
    expect(read('1', { depth: 0, tokens: 1 }).count).toBe(1);
    expect(read(nested(1000), { depth: 1_000_000, tokens: 1_000_000 }).value(0)).toHaveLength(1);
    expect(refusal(nested(1001), { depth: 1_000_000, tokens: 1_000_000 })).toEqual([
      'BODY_TOO_COMPLEX',
      1000,
    ]);
  });

  test('tokens are counted with keys and closing brackets', () => {
    expect(read('{"a":[1]}', { depth: 9, tokens: 6 }).count).toBe(6);
    expect(refusal('{"a":[1]}', { depth: 9, tokens: 5 })).toEqual(['BODY_TOO_COMPLEX', 8]);
  });

  test.each([-1, Number.NaN, Number.NEGATIVE_INFINITY])('limits of %p let nothing in', (limit) => {
    expect(refusal('[]', { depth: limit, tokens: 10 })[0]).toBe('BODY_TOO_COMPLEX');
    expect(refusal('[]', { depth: 10, tokens: limit })[0]).toBe('BODY_TOO_COMPLEX');
  });
});

describe('hostile texts', () => {
  test('1.6 MB of numbers stops at the token limit', () => {
    expect(refusal(`[${'1,'.repeat(800_000)}1]`, { depth: 64, tokens: 500_000 })).toEqual([
      'BODY_TOO_COMPLEX',
      999_999,
    ]);
    expect(read(`[${'1,'.repeat(800_000)}1]`).count).toBe(800_003);
    expect(refusal(`[${'1,'.repeat(1_000_000)}1]`)[0]).toBe('BODY_TOO_COMPLEX');
  });

  test('a million opening brackets stop at the depth limit', () => {
    expect(refusal('['.repeat(1_000_000))).toEqual(['BODY_TOO_COMPLEX', 64]);
  });

  test('a huge key, a huge number and a huge string are just long', () => {
    const key = 'k'.repeat(1_000_000);
    expect(read(`{"${key}":1,"${key}x":2}`).get(0, `${key}x`)).toBe(4);
    expect(refusal(`{"${key}":1,"${key}":2}`)).toEqual(['BODY_DUPLICATE_KEY', 1_000_006]);
    expect(read('9'.repeat(1_000_000)).raw(0)).toHaveLength(1_000_000);
    expect(read(`"${'\\u00e9'.repeat(200_000)}"`).string(0)).toBe('\u00e9'.repeat(200_000));
  });

  test('100,000 names that collide under common hashes are compared a few times each', () => {
    const kernel = createKernel();
    const own = createJsonReader({ kernel });
    // "Aa" and "BB" have the same value under h * 31 + c, and so has every row of them.
    const name = (i: number): string =>
      Array.from({ length: 17 }, (_, bit) => (((i >> bit) & 1) === 1 ? 'Aa' : 'BB')).join('');
    const names = Array.from({ length: 100_000 }, (_, i) => `"${name(i)}":0`);
    expect(own.read(Buffer.from(`{${names.join()}}`)).ok).toBe(true);
    // Quadratic work would be 5,000,000,000 comparisons.
    expect(kernel.exports['namesCompared']!()).toBeLessThan(400_000);
    expect(own.read(Buffer.from(`{${names.join()},${names[77_777]}}`))).toMatchObject({
      ok: false,
      code: 'BODY_DUPLICATE_KEY',
    });
  });

  test('100,000 objects and 100,000 escaped names are read', () => {
    const objects = Array.from({ length: 100_000 }, () => '{"a":0,"b":0}');
    expect(read(`[${objects.join()}]`).count).toBe(600_002);
    const names = Array.from({ length: 100_000 }, (_, i) => `"\\u0061${i}":0`);
    expect(read(`{${names.join()}}`).get(0, 'a99999')).toBe(200_000);
  });

  test('small objects cost no more than 15 comparisons a name', () => {
    const kernel = createKernel();
    const members = (count: number): string => Array.from({ length: count }, (_, i) => `"${i}":0`).join();
    const objects = Array.from({ length: 1000 }, () => `{${members(16)}}`);
    expect(createJsonReader({ kernel }).read(Buffer.from(`[${objects.join()}]`)).ok).toBe(true);
    expect(kernel.exports['namesCompared']!()).toBeLessThanOrEqual(16 * 15 * 1000);
  });

  test('what stood in memory before completes no text', () => {
    const whole = `{"text":"${'abc\\n'.repeat(30)}","number":[-12.5e+10,true,false,null],"\\u00e9":{}}`;
    for (let length = 0; length < whole.length; length++) {
      expect(read(whole).count).toBe(14);
      expect(refusal(whole.slice(0, length))).toEqual(['BODY_NOT_JSON', expect.any(Number)]);
    }
  });

  test('texts of lengths around the first memory size are read', () => {
    for (const past of [-66, -65, -64, -63, -33, -32, -31, -17, -16, -15, -1, 0, 1]) {
      const length = 262_144 + past;
      const own = createJsonReader({ kernel: createKernel() });
      const text = Buffer.alloc(length, 0x61);
      text[0] = text[length - 1] = 0x22;
      expect(own.read(text).ok).toBe(true);
      expect(own.read(text.subarray(0, length - 1))).toMatchObject({ offset: length - 1 });
    }
  });

  test('a text above what the kernel takes is refused', () => {
    const kernel = createKernel();
    const huge = createJsonReader({ kernel }).read(Buffer.alloc(kernel.longest + 1, 0x20));
    expect(huge).toMatchObject({ ok: false, code: 'BODY_TOO_LARGE' });
  });
});
