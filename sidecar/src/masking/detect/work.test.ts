import { afterEach, expect, jest, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import { createKernel } from '../../kernel/index.ts';
import { createDetector } from './index.ts';

const detector = createDetector({ kernel: createKernel(), entities: ENTITIES });
const LENGTH = 10_000;

afterEach(() => {
  jest.restoreAllMocks();
});

/** Patterns tried, pieces of text taken, and characters in them: what reading a text costs on any machine. */
function workOf(text: string): number {
  const bytes = Buffer.from(text);
  let characters = 0;
  const patterns = jest.spyOn(RegExp.prototype, 'exec');
  const take = Buffer.prototype.toString;
  const pieces = jest.spyOn(Buffer.prototype, 'toString').mockImplementation(function (
    this: Buffer,
    ...args: Parameters<typeof take>
  ) {
    const piece = take.apply(this, args);
    characters += piece.length;
    return piece;
  });
  detector.detect(bytes, 0, bytes.length);
  const work = patterns.mock.calls.length + pieces.mock.calls.length + characters / 16;
  jest.restoreAllMocks();
  return work;
}

const digits = [1, 2, 3, 4, 7, 9, 10, 11, 12, 15, 16, 19, 25].map((size) =>
  '4155512348901234567890123'.slice(0, size),
);
const separators = [' ', '-', '.', '/', ':', '_', '(', ', ', '  ', '@', 'A '];
const others = [
  ...[
    '415 555 ',
    '219-45-6780 ',
    '+1 ',
    '+491512345 ',
    '(415) ',
    '00491 ',
    '1,234,567 ',
    'SSN 1 2 ',
    'MRN 12 12 12 ',
  ],
  ...[
    'GB29 ',
    'GB29',
    'A1 B2 ',
    'a1',
    '1.2.3.4 ',
    '::1 ',
    '00:1A:',
    'fe80::',
    'a@b.',
    '@@@@',
    '%25',
    '&#x',
    '\u200b1',
  ],
  ...[
    '-eyJ',
    '-eyJhbGciOiJ.abcd',
    '-AKIAABCDEFGHIJKLMNO2',
    'AKIA',
    'aGVsbG8gd29ybGQ',
    'deadbeef',
    '-----BEGIN ',
  ],
  ...['key=', 'pw=${', 'password: ', 'a://b:', '{\\"a\\":\\"1 ', 'Basic aGVsbG8gd29ybGQ= ', 'ssn ', 'x'],
];

test.each([...digits.flatMap((one) => separators.map((sign) => one + sign)), ...others])(
  'a text of nothing but %j costs in proportion to its length, and not much',
  (unit) => {
    const once = workOf(unit.repeat(LENGTH / unit.length));
    const fourfold = workOf(unit.repeat((4 * LENGTH) / unit.length));
    expect(fourfold).toBeLessThan(4.4 * once + 100);
    expect(fourfold / (4 * LENGTH)).toBeLessThan(2.2);
  },
  30_000,
);

test.each(['-eyJ', 'a', 'glpat-', 'Basic aA', '-'])(
  '16 MB of %j exhaust no stack',
  (unit) => {
    const bytes = Buffer.from(`${unit.repeat((16 * 1024 * 1024) / unit.length)} ann@example.org`);
    expect(detector.detect(bytes, 0, bytes.length).at(-1)).toMatchObject({ entity: 'EMAIL_ADDRESS' });
  },
  60_000,
);

test('a key that is longer than any pattern sees is found to its end', () => {
  const key = `glpat-${'a1'.repeat(100_000)}`;
  expect(detector.detectText(`token ${key} .`)).toEqual([
    { entity: 'SECRET', start: 6, end: 6 + key.length, score: 1, reason: 'prefix' },
  ]);
});
