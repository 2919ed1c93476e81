import { describe, expect, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import fc from 'fast-check';
import { createKernel } from '../../kernel/index.ts';
import { hashOf, loadDictionary, topicsNear } from './context.ts';
import { createDetector } from './index.ts';
import { DICTIONARY, joined, NO_TOPICS, type Topics } from './words.ts';

const kernel = createKernel();
const detector = createDetector({ kernel, entities: ENTITIES });

const pieces = fc.constantFrom(
  ...[
    'joe@example.com',
    '@',
    ' ',
    '1',
    '12',
    '4111 1111 1111 1111',
    '219-45-6780',
    '-',
    '.',
    ':',
    '::',
    '=',
    '/',
    '+',
    '(',
  ],
  ...[
    'DE89',
    ' 3704 0044 0532 0130 00',
    'password=',
    'Basic ',
    'ssn ',
    'order ',
    'eyJhbGci',
    'AKIA',
    '-----BEGIN PRIVATE KEY-----',
  ],
  ...[
    '%40',
    '&#64;',
    '\\u0040',
    '\\n',
    'ａ',
    '\u200b',
    'é',
    '漢',
    '😀',
    '٢',
    '192.0.2.1',
    'fe80::1',
    'a1B2c3D4e5F6g7H8',
    'aGVsbG8gd29ybGQ=',
  ],
);
const text = fc.array(pieces, { maxLength: 30 }).map((all) => all.join(''));
const bytes = fc.oneof(
  text.map((all) => Buffer.from(all)),
  fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all)),
);

describe('any bytes', () => {
  test('are read: findings are ascending, apart, not empty and inside', () => {
    fc.assert(
      fc.property(bytes, fc.nat(8), fc.nat(8), (all, before, behind) => {
        const start = Math.min(before, all.length);
        const end = Math.max(start, all.length - behind);
        let last = start;
        for (const finding of detector.detect(all, start, end)) {
          expect(finding.start).toBeGreaterThanOrEqual(last);
          expect(finding.end).toBeGreaterThan(finding.start);
          expect(finding.score).toBeGreaterThan(0);
          last = finding.end;
        }
        expect(last).toBeLessThanOrEqual(end);
      }),
      { numRuns: 2000 },
    );
  }, 60_000);

  test('what stands around the range is not looked at', () => {
    fc.assert(
      fc.property(text, text, text, (before, inside, behind) => {
        const head = Buffer.from(before);
        const middle = Buffer.from(inside);
        const all = Buffer.concat([head, middle, Buffer.from(behind)]);
        const within = detector.detect(all, head.length, head.length + middle.length);
        const alone = detector.detect(middle, 0, middle.length);
        const moved = alone.map((one) => ({
          ...one,
          start: one.start + head.length,
          end: one.end + head.length,
        }));
        expect(within).toEqual(moved);
      }),
      { numRuns: 1000 },
    );
  }, 60_000);

  test('many texts at once are as each by itself', () => {
    fc.assert(
      fc.property(text, text, (one, two) => {
        const first = Buffer.from(one);
        const all = Buffer.concat([first, Buffer.from(two)]);
        const apart = [detector.detect(all, 0, first.length), detector.detect(all, first.length, all.length)];
        expect(detector.detect(all, 0, first.length)).toEqual(apart[0]);
        expect(detector.detect(all, first.length, all.length)).toEqual(apart[1]);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('words near a place', () => {
  /** The same in plain JavaScript: whole words and pairs of neighbours in 64 bytes in front and 40 behind. */
  function reference(all: string, at: number): Topics {
    const lookUp = (part: string) => {
      let found = NO_TOPICS;
      let before = '';
      for (const word of part
        .toLowerCase()
        .split(/[^a-z]+/)
        .filter((one) => one !== '')) {
        for (const key of [word, `${before} ${word}`])
          found = joined(found, DICTIONARY.get(key) ?? NO_TOPICS);
        before = word;
      }
      return found;
    };
    const from = Math.max(0, at - 64);
    let front = all.slice(from, at);
    if (from > 0 && /[a-z]/i.test(all[from - 1]!)) front = front.replace(/^[a-z]+/i, '');
    let behind = all.slice(at, at + 40);
    if (/[a-z]/i.test(all[at + 40] ?? '')) behind = behind.replace(/[a-z]+$/i, '');
    return joined(lookUp(front), lookUp(behind));
  }

  const words = fc.constantFrom(
    'ssn',
    'social',
    'security',
    'Passport',
    'bank',
    'account',
    'number',
    'the',
    'order',
    'x',
    'driver',
    'license',
  );
  const gaps = fc.constantFrom(' ', ', ', '. ', '-', '  ', ' 12 ');

  test('are found as a plain search finds them', () => {
    loadDictionary(kernel);
    fc.assert(
      fc.property(fc.array(fc.tuple(words, gaps), { maxLength: 40 }), fc.nat(200), (list, wanted) => {
        const all = list.map((pair) => pair.join('')).join('');
        let at = Math.min(wanted, all.length);
        while (at > 0 && /[a-z]/i.test(all[at - 1] ?? '')) at--;
        const base = kernel.scratch(all.length + 64);
        loadDictionary(kernel);
        kernel.u8.set(Buffer.from(all), base);
        expect(topicsNear(kernel, base + at, base + at, base, base + all.length)).toEqual(reference(all, at));
      }),
      { numRuns: 1000 },
    );
  }, 60_000);

  test('no two entries of the dictionary have one hash', () => {
    expect(new Set([...DICTIONARY.keys()].map(hashOf)).size).toBe(DICTIONARY.size);
  });
});

describe('hostile texts', () => {
  const LENGTH = 50_000;
  test.each([
    ...[
      '1 ',
      '12 ',
      '1234 ',
      '123456789 ',
      '1.',
      '1-',
      'a1',
      'GB29',
      'GB29 ',
      ':',
      '::',
      'a:',
      'key=',
      'token=a1B2 ',
      '://',
      'a://b:',
    ],
    ...[
      '-----BEGIN PRIVATE KEY-----',
      'eyJ',
      'sk-',
      'aGVsbG8gd29ybGQ',
      '(1)',
      '+1',
      '415 555 ',
      '00:1A:',
      '0x',
      'bc1',
      'password: ',
      '%40',
    ],
  ])(
    'a text of nothing but %j is read to its end',
    (unit) => {
      const all = `${unit.repeat(LENGTH / unit.length)} , ann@example.org`;
      const end = Buffer.byteLength(all);
      expect(detector.detect(Buffer.from(all), 0, end).at(-1)?.end).toBe(end);
    },
    30_000,
  );
});
