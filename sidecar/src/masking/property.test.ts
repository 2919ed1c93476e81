import { describe, expect, test } from '@jest/globals';
import { ENTITIES, type Strategy } from '@rankguard/contract';
import fc from 'fast-check';
import { createJsonReader, splice } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker, type Masker } from './index.ts';

const kernel = createKernel();
const reader = createJsonReader({ kernel });
const NAMES = ['secret', 'Se-Cret', 'x_token', 'a', 'b', 'c'];

function maskerWith(strategy: Strategy): Masker {
  return createMasker({
    kernel,
    createReader: () => createJsonReader({ kernel: createKernel() }),
    masking: {
      order: 'score-then-mask',
      fields: [{ names: ['secret', '*token'], paths: [], facts: [], with: strategy }],
      detectors: [{ entities: ENTITIES, with: 'redact' }],
      tokenKey: null,
    },
    tokenKey: null,
  });
}

/** A text whose personal data is known: pieces that stay and values that go. */
interface Piece {
  readonly text: string;
  /** What stands in its place; null: it stays. */
  readonly masked: string | null;
}
interface Text {
  readonly kind: 'text';
  readonly pieces: readonly Piece[];
}
type Value =
  | Text
  | { readonly kind: 'plain'; readonly value: number | boolean | null }
  | { readonly kind: 'array'; readonly items: readonly Value[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Value])[] }
  | { readonly kind: 'nested'; readonly inner: Value };

const digit = fc.integer({ min: 0, max: 9 });
const digits = (length: number) =>
  fc.array(digit, { minLength: length, maxLength: length }).map((all) => all.join(''));

const card = fc
  .tuple(
    fc.constantFrom('4', '51', '2221', '62', '6011', '35', '67'),
    digits(16),
    fc.constantFrom('', ' ', '-', '.'),
  )
  .map(([prefix, rest, separator]) => {
    const body = (prefix + rest).slice(0, 15);
    const sum = [...body].reduce((total, letter, place) => {
      const value = Number(letter) * (place % 2 === 0 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
    const number = body + ((10 - (sum % 10)) % 10);
    return { text: number.match(/.{4}/g)!.join(separator), masked: '<CREDIT_CARD>' };
  });

const ssn = fc
  .tuple(
    fc.integer({ min: 1, max: 899 }).filter((area) => area !== 666),
    fc.integer({ min: 1, max: 99 }),
    fc.integer({ min: 1, max: 9999 }),
    fc.constantFrom('-', '.', ' '),
  )
  .map(([area, group, serial, separator]) => ({
    text: [
      String(area).padStart(3, '0'),
      String(group).padStart(2, '0'),
      String(serial).padStart(4, '0'),
    ].join(separator),
    masked: '<US_SSN>',
  }));

const email = fc
  .tuple(
    fc.stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z0-9]{1,5})?(\+[a-z]{1,4})?$/),
    fc.stringMatching(/^[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,3})?$/),
    fc.constantFrom('com', 'example', 'co.uk', 'xn--p1ai', 'io'),
  )
  .map(([local, domain, top]) => ({ text: `${local}@${domain}.${top}`, masked: '<EMAIL_ADDRESS>' }));

/** How pieces are apart: nothing that could belong to a value on either side. */
const apart = fc.constantFrom(
  ',\n',
  '; ',
  ', "',
  ' (',
  ' / ',
  ' 漢字 ',
  ' é ',
  ' 😀 ',
  '<',
  ' \\ ',
  ' % & ',
  ' 😀\t',
);
const word = fc.constantFrom(
  'the',
  'order',
  'Größe',
  'テスト',
  'a',
  'in 1984',
  '№ 12',
  '50%',
  'R&D',
  'x=1',
  'e\u0301',
  '"',
  '\u200b',
);

const text: fc.Arbitrary<Text> = fc
  .array(
    fc.tuple(
      apart,
      fc.oneof(
        card,
        ssn,
        email,
        word.map((plain) => ({ text: plain, masked: null })),
      ),
    ),
    {
      maxLength: 5,
    },
  )
  .map((parts) => {
    const pieces: Piece[] = parts.flatMap(([gap, piece]) => [{ text: gap, masked: null }, piece]);
    return { kind: 'text', pieces: [...pieces, { text: ' end', masked: null }] };
  });

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    text,
    fc.constantFrom<Value>(
      ...[null, true, false, 0, -1.5, 10, 1e21].map((plain) => ({ kind: 'plain', value: plain }) as const),
    ),
    fc.array(tie('value'), { maxLength: 4 }).map((items): Value => ({ kind: 'array', items })),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), tie('value')), {
        maxLength: 4,
        selector: ([name]) => name,
      })
      .map((members): Value => ({ kind: 'object', members })),
    fc
      .array(tie('value'), { minLength: 1, maxLength: 2 })
      .map((items): Value => ({ kind: 'nested', inner: { kind: 'array', items } })),
  ),
}));

/** Strings are opened three deep. */
function nestedDepth(value: Value): number {
  if (value.kind === 'nested') return 1 + nestedDepth(value.inner);
  if (value.kind === 'array') return Math.max(0, ...value.items.map(nestedDepth));
  if (value.kind === 'object') return Math.max(0, ...value.members.map(([, member]) => nestedDepth(member)));
  return 0;
}
const openable = value.filter((root) => nestedDepth(root) <= 3);

/** Endless arbitrary choices, the same for one seed. */
function choices(seed: number): (many: number) => number {
  let state = seed | 0;
  return (many) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 12)) >>> 0) % many;
  };
}

/** One character of a value as a hostile sender may spell it: another script, or invisible company. */
function disguise(character: string, choose: (many: number) => number): string {
  const code = character.codePointAt(0)!;
  const isDigit = character >= '0' && character <= '9';
  switch (choose(24)) {
    case 0:
      return code > 0x20 && code < 0x7f ? String.fromCodePoint(code + 0xfee0) : character;
    case 1:
      return isDigit ? String.fromCodePoint(0x660 + code - 48) : character;
    case 2:
      return isDigit ? String.fromCodePoint(0x1d7d8 + code - 48) : character;
    case 3:
      return `${character}\u200d`;
    case 4:
      return character === '-' ? '\u2011' : character === ' ' ? '\u00a0' : character;
    case 5:
      return character === '@' ? '%40' : character;
    case 6:
      return character === '@' ? '&#64;' : character;
    default:
      return character;
  }
}

/** A character between the quotes of JSON, escaped more than it must be. */
function spell(character: string, choose: (many: number) => number): string {
  const must = character === '"' || character === '\\' || character < ' ';
  const short = JSON.stringify(character).slice(1, -1);
  if (choose(6) > 0) return must ? short : character;
  if (character === '/') return '\\/';
  const units = Array.from({ length: character.length }, (_, place) => character.charCodeAt(place));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

interface Written {
  readonly text: string;
  /** UTF-8 ranges of the values that must go, outside nested texts. */
  readonly gold: readonly (readonly [number, number])[];
}

/** Writes JSON with arbitrary white space and escapes. */
function write(root: Value, seed: number, hostile: boolean): Written {
  const choose = choices(seed);
  const gold: (readonly [number, number])[] = [];
  let out = '';

  function blank(): void {
    out += ['', '', ' ', '\n', '\t ', '\r\n'][choose(6)];
  }

  function literal(body: string): void {
    out += `"${spelled(body)}"`;
  }

  function spelled(body: string): string {
    return Array.from(body, (character) => spell(character, choose)).join('');
  }

  function disguised(body: string): string {
    const all = Array.from(body, (character) => disguise(character, choose)).join('');
    // What is invisible behind a value does not belong to it.
    return all.replace(/\u200d+$/, '');
  }

  function putText(pieces: readonly Piece[]): void {
    out += '"';
    for (const { text: piece, masked } of pieces) {
      const start = Buffer.byteLength(out);
      out += spelled(masked !== null && hostile ? disguised(piece) : piece);
      if (masked !== null) gold.push([start, Buffer.byteLength(out)]);
    }
    out += '"';
  }

  function putList<Item>(
    items: readonly Item[],
    brackets: readonly [string, string],
    put: (item: Item) => void,
  ): void {
    out += brackets[0];
    for (const [place, item] of items.entries()) {
      if (place > 0) out += ',';
      blank();
      put(item);
      blank();
    }
    out += brackets[1];
  }

  function putMember([name, member]: readonly [string, Value]): void {
    literal(name);
    blank();
    out += ':';
    blank();
    putValue(member);
  }

  function putValue(value: Value): void {
    if (value.kind === 'plain') out += JSON.stringify(value.value);
    else if (value.kind === 'nested') literal(write(value.inner, choose(1e6), hostile).text);
    else if (value.kind === 'text') putText(value.pieces);
    else if (value.kind === 'array') putList(value.items, ['[', ']'], putValue);
    else putList(value.members, ['{', '}'], putMember);
  }

  blank();
  putValue(root);
  blank();
  return { text: out, gold };
}

const isNull = (value: Value) => value.kind === 'plain' && value.value === null;

/** The slow and simple reference: masks the value, not its text. `undefined` is gone. */
function reference(value: Value, strategy: Strategy): unknown {
  if (value.kind === 'plain') return value.value;
  if (value.kind === 'nested') return { nested: reference(value.inner, strategy) };
  if (value.kind === 'text') return value.pieces.map(({ text: piece, masked }) => masked ?? piece).join('');
  if (value.kind === 'array') return value.items.map((item) => reference(item, strategy));
  const members: [string, unknown][] = [];
  for (const [name, member] of value.members) {
    const named = ['secret', 'Se-Cret', 'x_token'].includes(name);
    if (!named) members.push([name, reference(member, strategy)]);
    else if (strategy === 'remove') continue;
    else if (strategy === 'null' || isNull(member)) members.push([name, null]);
    else members.push([name, '<REDACTED>']);
  }
  return Object.fromEntries(members);
}

/** A masked body as the reference has it: texts that hold JSON are opened where the reference has them open. */
function opened(actual: unknown, expected: unknown): unknown {
  if (typeof expected !== 'object' || expected === null) return actual;
  if (typeof actual === 'string' && 'nested' in expected) {
    return { nested: opened(JSON.parse(actual), expected.nested) };
  }
  if (Array.isArray(actual)) return actual.map((item, place) => opened(item, (expected as unknown[])[place]));
  if (typeof actual !== 'object' || actual === null) return actual;
  const members = Object.entries(actual).map(([name, member]) => [
    name,
    opened(member, (expected as Record<string, unknown>)[name]),
  ]);
  return Object.fromEntries(members);
}

function run(masker: Masker, json: string) {
  const bytes = Buffer.from(json);
  const result = reader.read(bytes);
  if (!result.ok) throw new Error(`${result.message}: ${json}`);
  const { edits } = masker.json(result.document, { queries: [], documents: [], results: [] }, []);
  return { edits, text: splice(bytes, edits).toString() };
}

describe('masking generated JSON', () => {
  const seed = fc.integer();
  const strategies = (['redact', 'null', 'remove'] as const).map(
    (strategy) => [strategy, maskerWith(strategy)] as const,
  );

  test.each(strategies)('is masking the value: %s', (strategy, masker) => {
    fc.assert(
      fc.property(openable, seed, fc.boolean(), (root, number, hostile) => {
        const masked = run(masker, write(root, number, hostile).text).text;
        const expected = reference(root, strategy);
        expect(opened(JSON.parse(masked), expected)).toEqual(expected);
        expect(reader.read(Buffer.from(masked)).ok).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('edits cover the values to the byte and nothing else', () => {
    const masker = maskerWith('redact');
    fc.assert(
      fc.property(text, seed, fc.boolean(), (root, number, hostile) => {
        const { text: json, gold } = write({ kind: 'array', items: [root, root] }, number, hostile);
        const { edits } = run(masker, json);
        expect(edits.map(({ start, end }) => [start, end])).toEqual(gold);
      }),
      { numRuns: 400 },
    );
  });

  test('masking again changes nothing', () => {
    const masker = maskerWith('redact');
    fc.assert(
      fc.property(openable, seed, (root, number) => {
        const once = run(masker, write(root, number, true).text).text;
        expect(run(masker, once).text).toBe(once);
      }),
      { numRuns: 200 },
    );
  });
});

describe('arbitrary text', () => {
  const masker = maskerWith('redact');
  const alphabet = fc.constantFrom(...'\\u0n40@"%&#;x4 1-.5a\u200bé漢６😀/=?,\n');

  test('is masked into valid UTF-8 by edits inside it, ascending and apart', () => {
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 200 }), (body) => {
        const bytes = Buffer.from(body);
        const { edits } = masker.text(bytes);
        let at = 0;
        for (const { start, end } of edits) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          expect(Buffer.from(bytes.subarray(start, end).toString())).toEqual(bytes.subarray(start, end));
          at = end;
        }
        expect(at).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('in a JSON string stays a JSON string', () => {
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 120 }), (body) => {
        const masked = JSON.parse(run(masker, JSON.stringify([body])).text);
        expect(masked).toHaveLength(1);
        expect(typeof masked[0]).toBe('string');
      }),
      { numRuns: 2000 },
    );
  });
});
