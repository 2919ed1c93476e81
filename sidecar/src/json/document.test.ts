import { describe, expect, test } from '@jest/globals';
import { createKernel } from '../kernel/index.ts';
import { createJsonReader, Flag, type JsonDocument, Kind } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });

function read(text: string): JsonDocument {
  const result = reader.read(Buffer.from(text));
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  return result.document;
}

const fault = expect.objectContaining({ code: 'INTERNAL' });

describe('tape', () => {
  test('tokens carry kind, place and what follows', () => {
    const text = ' {"k":["s",-1.5,true],"o":{}} ';
    const document = read(text);
    const seen = Array.from({ length: document.count }, (_, token) => [
      document.kind(token),
      text.slice(document.start(token), document.end(token)),
      document.next(token),
    ]);
    expect(seen).toEqual([
      [Kind.Object, '{"k":["s",-1.5,true],"o":{}}', 11],
      [Kind.Key, 'k', 2],
      [Kind.Array, '["s",-1.5,true]', 7],
      [Kind.String, 's', 4],
      [Kind.Number, '-1.5', 5],
      [Kind.Literal, 'true', 6],
      [Kind.Close, ']', 7],
      [Kind.Key, 'o', 8],
      [Kind.Object, '{}', 10],
      [Kind.Close, '}', 10],
      [Kind.Close, '}', 11],
    ]);
  });

  test('raw is the original text, quotes included', () => {
    const document = read('["\\u0041\u00e9", 1.0, {"a" : null}]');
    expect([...document.elements(0)].map((token) => document.raw(token))).toEqual([
      '"\\u0041\u00e9"',
      '1.0',
      '{"a" : null}',
    ]);
  });

  test('the original buffer is kept', () => {
    const bytes = Buffer.from('[1]');
    const result = reader.read(bytes);
    expect(result.ok && result.document.bytes).toBe(bytes);
  });

  test('members and elements come in order', () => {
    const document = read('{"b":1,"a":[2,[3,4],{}],"c":{}}');
    const names = [...document.members(0)].map(([key, value]) => [document.string(key), document.raw(value)]);
    expect(names).toEqual([
      ['b', '1'],
      ['a', '[2,[3,4],{}]'],
      ['c', '{}'],
    ]);
    const elements = [...document.elements(document.get(0, 'a'))];
    expect(elements.map((token) => document.raw(token))).toEqual(['2', '[3,4]', '{}']);
    expect([...document.elements(elements[1]!)]).toHaveLength(2);
    expect([...document.members(elements[2]!)]).toEqual([]);
  });

  test('get finds plain, escaped and non-ASCII names, and only in the object itself', () => {
    const document = read('{"x":{"inner":1},"\\u0061b":2,"\u00e9":3,"":4,"\\n":5}');
    const at = (name: string): string | number => {
      const token = document.get(0, name);
      return token === -1 ? -1 : document.raw(token);
    };
    expect(['ab', '\u00e9', '', '\n', 'inner', 'a', '\\u0061b', 'toString', '__proto__'].map(at)).toEqual([
      '2',
      '3',
      '4',
      '5',
      -1,
      -1,
      -1,
      -1,
      -1,
    ]);
    expect(document.get(document.get(0, 'ab'), 'ab')).toBe(-1);
  });

  test('numbers', () => {
    const texts = ['0', '-0', '7', '123456789', '1234567890', '-12', '1.5', '1e3', '2E-2', '0.1', '-0.0e0'];
    const document = read(`[${texts.join()}]`);
    const values = [...document.elements(0)].map((token) => document.number(token));
    expect(values).toEqual(texts.map(Number));
  });

  test('literals', () => {
    const document = read('[true,false,null,"true",0,"n"]');
    const tokens = [...document.elements(0)];
    expect(tokens.map((token) => document.boolean(token))).toEqual([
      true,
      false,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(tokens.map((token) => document.isNull(token))).toEqual([false, false, true, false, false, false]);
  });
});

describe('value', () => {
  test('numbers that a double cannot hold become their text', () => {
    const exact = [
      '0',
      '-0',
      '9007199254740991',
      '-9007199254740991',
      '0.1',
      '1e21',
      '5e-324',
      '1.50',
      '100e-2',
    ];
    const kept = [
      '0.9987654328346252',
      '0.10000000000000001',
      '2251799813685248.5',
      '1.00000000000000000000',
    ];
    const text = [
      '9007199254740992',
      '-9007199254740993',
      '12345678901234567890',
      '9007199254740991.4',
      '4503599627370497.5',
      '0.1000000000000000055511151231257827',
      '1e400',
      '-1e400',
      '1e-400',
      '1.8e19',
    ];
    const [small, large] = [exact.filter((one) => one !== '1e21'), ['1e21', ...text]];
    const document = read(`[${[...small, ...kept, ...large].join()}]`);
    expect(document.value(0)).toEqual([...small.map(Number), ...kept.map(Number), ...large]);
  });

  test('a member named __proto__ is a member', () => {
    const value = read('{"__proto__":{"admin":true},"constructor":1}').value(0) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect((value as { admin?: unknown }).admin).toBeUndefined();
  });

  test('a key has its name as value; a closing bracket has none', () => {
    const document = read('{"a":1}');
    expect(document.value(1)).toBe('a');
    expect(() => document.value(3)).toThrow(fault);
  });
});

describe('misuse is a fault', () => {
  test('a stale document', () => {
    const document = read('{"a":["b",1]}');
    const members = document.members(0)[Symbol.iterator]();
    expect(members.next().done).toBe(false);
    read('1');
    const uses: ((stale: JsonDocument) => unknown)[] = [
      (stale) => stale.kind(0),
      (stale) => stale.flags(1),
      (stale) => stale.start(0),
      (stale) => stale.end(0),
      (stale) => stale.next(0),
      (stale) => stale.string(1),
      (stale) => stale.number(4),
      (stale) => stale.raw(0),
      (stale) => stale.isNull(0),
      (stale) => stale.boolean(0),
      (stale) => stale.get(0, 'a'),
      (stale) => [...stale.members(0)],
      (stale) => [...stale.elements(2)],
      (stale) => stale.value(0),
      () => members.next(),
    ];
    for (const use of uses) expect(() => use(document)).toThrow(fault);
    expect(document.bytes.toString()).toBe('{"a":["b",1]}');
  });

  test('a refused text makes the document before it stale', () => {
    const document = read('[1]');
    expect(reader.read(Buffer.from('[1')).ok).toBe(false);
    expect(() => document.value(0)).toThrow(fault);
  });

  test('a document outlives memory growth, not the next load', () => {
    const kernel = createKernel();
    const result = createJsonReader({ kernel }).read(Buffer.from('["kept"]'));
    if (!result.ok) throw new Error(result.message);
    const scratch = kernel.scratch(4_000_000);
    kernel.u8.fill(0xff, scratch, scratch + 4_000_000);
    expect(result.document.value(0)).toEqual(['kept']);
    kernel.load(Buffer.from('2'), 1);
    expect(() => result.document.kind(0)).toThrow(fault);
  });

  test.each([-1, 3, 1e9, Number.NaN])('token %p', (token) => {
    const document = read('[1]');
    expect(() => document.kind(token)).toThrow(fault);
    expect(() => document.get(token, 'a')).toThrow(fault);
  });

  test('a token of another kind', () => {
    const document = read('["a",1]');
    expect(() => document.string(2)).toThrow(fault);
    expect(() => document.number(1)).toThrow(fault);
    expect(() => [...document.members(0)]).toThrow(fault);
    expect(() => [...document.elements(1)]).toThrow(fault);
  });
});

describe('flags', () => {
  const flagsOf = (json: string): number => read(json).flags(0);

  test.each([
    ['""', 0],
    ['"plain text, 123 456"', 0],
    ['"a\\nb"', Flag.Escape],
    ['"a\\u0062"', Flag.Escape | Flag.UnicodeEscape],
    ['"\\\\u0062"', Flag.Escape],
    ['"caf\u00e9"', Flag.NonAscii],
    ['"jane@example.com"', Flag.At],
    ['"jane\\u0040example.com"', Flag.Escape | Flag.UnicodeEscape],
    ['"1234567"', Flag.Digits],
    ['"123456"', 0],
    ['"514-69-0360"', Flag.Digits],
    ['"(514) 369 0360"', Flag.Digits],
    ['"4111 1111 1111 1111"', Flag.Digits],
    ['"1.2.3.4.5.6.7"', Flag.Digits],
    ['"123\\n4567"', Flag.Digits | Flag.Escape],
    ['"in 1994 there were 1995 of them"', 0],
  ])('%s', (json, flags) => {
    expect(flagsOf(json)).toBe(flags);
  });

  test('each is seen at every place of a long string, and not outside of it', () => {
    for (let place = 0; place < 70; place++) {
      for (const [piece, flags] of [
        ['@', Flag.At],
        ['\u00e9', Flag.NonAscii],
        ['\\t', Flag.Escape],
        ['5146903', Flag.Digits],
        ['5.1.4.6.9.0.3', Flag.Digits],
      ] as const) {
        const text = `"${'x'.repeat(place)}${piece}${'y'.repeat(69 - place)}"`;
        expect(flagsOf(text)).toBe(flags);
        const document = read(`["${'x'.repeat(place)}","${piece}",${text}]`);
        expect([1, 2, 3].map((token) => document.flags(token))).toEqual([0, flags, flags]);
      }
    }
  });

  test('keys have them too', () => {
    expect(read('{"j@x":1}').flags(1)).toBe(Flag.At);
  });
});
