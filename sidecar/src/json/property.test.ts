import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createKernel } from '../kernel/index.ts';
import { createJsonReader, Flag, type JsonDocument, Kind, type ReadResult } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });
const RUNS = { numRuns: 500 };
const MORE = { numRuns: 1500 };

/** What the text is by other means: `JSON.parse`, a decoder that throws, and a plain walk over its tokens. */
function judge(bytes: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    JSON.parse(text);
  } catch {
    return 'invalid';
  }
  const objects: Set<string>[] = [];
  let deepest = 0;
  let duplicate = false;
  let lone = false;
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (string !== undefined) {
      const name = JSON.parse(string) as string;
      lone ||= /\p{Surrogate}/u.test(name);
      if (colon === undefined) continue;
      duplicate ||= objects.at(-1)!.has(name);
      objects.at(-1)!.add(name);
    } else if (token === '{' || token === '[') {
      deepest = Math.max(deepest, objects.push(new Set()));
    } else {
      objects.pop();
    }
  }
  if (deepest > 64) return 'deep';
  if (lone || duplicate) return 'ambiguous';
  return 'valid';
}

const ALLOWED: Readonly<Record<string, RegExp>> = {
  valid: /^ok$/,
  invalid: /^BODY_(NOT_JSON|NOT_UTF8|DUPLICATE_KEY|TOO_COMPLEX)$/,
  deep: /^BODY_(TOO_COMPLEX|NOT_UTF8|DUPLICATE_KEY)$/,
  ambiguous: /^BODY_(NOT_UTF8|DUPLICATE_KEY)$/,
};

function verdictOf(result: ReadResult): string {
  return result.ok ? 'ok' : result.code;
}

function agree(bytes: Buffer): void {
  const result = reader.read(bytes);
  const judged = judge(bytes);
  expect(`${judged}: ${verdictOf(result)}`).toMatch(
    new RegExp(`^${judged}: ${ALLOWED[judged]!.source.slice(1)}`),
  );
  if (!result.ok) {
    expect(result.offset).toBeGreaterThanOrEqual(0);
    expect(result.offset).toBeLessThanOrEqual(bytes.length);
    return;
  }
  expect(decoded(result.document, 0)).toEqual(JSON.parse(bytes.toString()));
  consistent(result.document);
}

/** The value by the single accessors, numbers as doubles. */
function decoded(document: JsonDocument, token: number): unknown {
  switch (document.kind(token)) {
    case Kind.Object:
      return Object.fromEntries(
        [...document.members(token)].map(([key, value]) => [document.string(key), decoded(document, value)]),
      );
    case Kind.Array:
      return [...document.elements(token)].map((element) => decoded(document, element));
    case Kind.String:
      return document.string(token);
    case Kind.Number:
      return document.number(token);
    default:
      return document.isNull(token) ? null : document.boolean(token);
  }
}

/** What the flags of a string say, without Digits. */
function flagsOf(raw: string): number {
  return (
    (raw.includes('\\') ? Flag.Escape : 0) |
    (/[\u0080-\uffff]/.test(raw) ? Flag.NonAscii : 0) |
    (raw.includes('@') ? Flag.At : 0) |
    (/^(?:[^\\]|\\[^u])*\\u/.test(raw) ? Flag.UnicodeEscape : 0)
  );
}

/** Places, flags and links of every token against the text itself. */
function consistent(document: JsonDocument): void {
  for (let token = 0; token < document.count; token++) {
    const kind = document.kind(token);
    const raw = document.raw(token);
    const next = document.next(token);
    if (!(next > token && next <= document.count)) throw new Error(`token ${token} leads to ${next}`);
    if (kind === Kind.Close) continue;
    const value = JSON.parse(raw) as unknown;
    if (kind !== Kind.String && kind !== Kind.Key) continue;
    if (document.string(token) !== value) throw new Error(`token ${token} decodes to something else`);
    if ((document.flags(token) & ~Flag.Digits) !== flagsOf(raw))
      throw new Error(`token ${token} has other flags`);
  }
}

/** A JSON text of the value in which characters may be escaped, and whitespace may stand between tokens. */
function write(value: unknown, choose: (among: number) => number): string {
  const space = (): string => ['', '', '', ' ', '\n', '\t\r '][choose(6)]!;
  const string = (text: string): string => {
    const units = Array.from(text, (character) => {
      if (choose(8) !== 0) return JSON.stringify(character).slice(1, -1);
      const escaped = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
      return escaped.map((hex) => `\\u${hex}`).join('');
    });
    return `"${units.join('')}"`;
  };
  const inner = (): string => {
    if (typeof value === 'string') return string(value);
    if (Array.isArray(value)) return `[${value.map((element) => write(element, choose)).join()}${space()}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const members = Object.entries(value).map(
      ([name, member]) => `${space()}${string(name)}${space()}:${write(member, choose)}`,
    );
    return `{${members.join()}${space()}}`;
  };
  return space() + inner() + space();
}

const jsonText = fc
  .tuple(fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }), fc.infiniteStream(fc.nat(1000)))
  .map(([value, numbers]) => write(value, (among) => numbers.next().value % among));

const STRUCTURE = [
  ...'{}[]",:\\u0123456789.eE+-@ \n/abf',
  '"a":',
  '\\u0061',
  '\\ud83d',
  '\\ude00',
  'true',
  'null',
  '\u00e9',
  '\u{1f600}',
  '\0',
  '\u001f',
  '[[',
  '":"',
];

describe('against JSON.parse', () => {
  test('generated documents are valid and decode to the same', () => {
    fc.assert(
      fc.property(jsonText, (text) => agree(Buffer.from(text))),
      RUNS,
    );
  });

  test('documents with bytes changed, dropped, doubled and inserted', () => {
    const change = fc.record({
      at: fc.nat(10_000),
      how: fc.nat(3),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:u0e-\n'))),
    });
    fc.assert(
      fc.property(jsonText, fc.array(change, { minLength: 1, maxLength: 4 }), (text, changes) => {
        const bytes = [...Buffer.from(text)];
        for (const { at, how, byte } of changes) {
          const place = at % (bytes.length + 1);
          const piece = how === 3 ? bytes.slice(place, place + (byte % 20)) : [byte];
          bytes.splice(place, how === 0 || how === 1 ? 1 : 0, ...(how === 1 ? [] : piece));
        }
        agree(Buffer.from(bytes));
      }),
      MORE,
    );
  });

  test('soup of JSON pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STRUCTURE), { maxLength: 30 }), (pieces) => {
        agree(Buffer.from(pieces.join('')));
        agree(Buffer.from(`["${pieces.join('')}"]`));
        agree(Buffer.from(`{"${pieces.join('')}":1}`));
      }),
      MORE,
    );
  });

  test('random bytes, bare and in a string, among long plain text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.nat(70), (noise, before) => {
        agree(Buffer.from(noise));
        agree(
          Buffer.concat([Buffer.from(`"${'x'.repeat(before)}`), noise, Buffer.from(`${'y'.repeat(40)}"`)]),
        );
      }),
      RUNS,
    );
  });

  test('numbers', () => {
    const part = fc.stringMatching(/^-?[0-9]{0,4}\.?[0-9]{0,3}[eE]?[+-]?[0-9]{0,3}$/);
    fc.assert(
      fc.property(part, (text) => agree(Buffer.from(`[${text}]`))),
      RUNS,
    );
  });

  test('names: an object is refused exactly when two of them decode to the same', () => {
    const name = fc.stringMatching(/^[ab\u00e9]{0,9}$/);
    const names = fc.array(name, { maxLength: 40 });
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.nat(1000)), (list, numbers) => {
        const choose = (among: number): number => numbers.next().value % among;
        const members = list.map((one) => `${write(one, choose)}:${write({ a: 1 }, choose)}`);
        const result = reader.read(Buffer.from(`{${members.join()}}`));
        expect(verdictOf(result)).toBe(new Set(list).size < list.length ? 'BODY_DUPLICATE_KEY' : 'ok');
      }),
      RUNS,
    );
  });
});

describe('the flag Digits', () => {
  const digit = fc.constantFrom(...'0123456789');
  const separator = fc.constantFrom(
    ...[
      ' ',
      '-',
      '.',
      '/',
      '(',
      ')',
      '\\n',
      '\\t',
      '\\/',
      '\\u0020',
      '\\u00a0',
      '\u00a0',
      '\u2011',
      '\u{1f600}',
    ],
  );
  const gap = fc.array(separator, { maxLength: 2 }).map((parts) => parts.join(''));
  const filler = fc.stringMatching(/^[a-z @]{0,40}$/);

  test('is never missing where seven digits stand within two separators of each other', () => {
    const number = fc.array(fc.tuple(digit, gap), { minLength: 7, maxLength: 20 });
    fc.assert(
      fc.property(filler, number, filler, (before, parts, after) => {
        const result = reader.read(Buffer.from(`"${before}${parts.flat().join('')}${after}"`));
        expect(result.ok && (result.document.flags(0) & Flag.Digits) !== 0).toBe(true);
      }),
      MORE,
    );
  });

  test('is not there when there are fewer than seven digits', () => {
    const few = fc.array(fc.tuple(digit, gap), { maxLength: 6 });
    fc.assert(
      fc.property(filler, few, filler, (before, parts, after) => {
        const text = parts.flat().join('').replaceAll('\\u00', '\\t');
        const digits = text.replace(/\D/g, '').length;
        const result = reader.read(Buffer.from(`"${before}${text}${after}"`));
        expect(result.ok && (result.document.flags(0) & Flag.Digits) !== 0 && digits < 7).toBe(false);
      }),
      RUNS,
    );
  });
});
