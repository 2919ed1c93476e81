import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatPath, parseDuration, parsePath, parseQuantity } from './index.ts';
import { nearest } from './nearest.ts';

describe('durations', () => {
  test.each([
    ['24h', 86_400],
    ['90s', 90],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['250ms', 0.25],
    ['0s', 0],
  ])('%s is %d seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  test.each(['', '24', '1d', 'h', '-1h', '1 h', '1h ', '1H', '.5h', '1h30', '٣h'])('%j is none', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );

  test('the parts of a duration add up', () => {
    const part = fc.nat({ max: 100_000 });
    fc.assert(
      fc.property(part, part, part, (h, m, s) => {
        expect(parseDuration(`${h}h${m}m${s}s`)).toBe(h * 3600 + m * 60 + s);
      }),
    );
  });
});

describe('quantities', () => {
  test.each([
    ['16Mi', 16_777_216],
    ['1Ki', 1024],
    ['1k', 1000],
    ['2G', 2e9],
    ['500m', 0.5],
    ['1.5Gi', 1_610_612_736],
    ['12e6', 12_000_000],
    ['0', 0],
    [42, 42],
  ])('%s is %d', (text, value) => expect(parseQuantity(text)).toBe(value));

  test.each([
    '',
    'Mi',
    '16MB',
    '16mi',
    '16 Mi',
    '-1',
    '1e',
    '0x10',
    '1_000',
    '١Mi',
    -1,
    Number.NaN,
    Infinity,
  ])('%j is none', (text) => expect(parseQuantity(text)).toBeUndefined());

  test('larger suffixes are larger', () => {
    const suffixes = ['m', '', 'k', 'Ki', 'M', 'Mi', 'G', 'Gi', 'T', 'Ti', 'P', 'Pi', 'E', 'Ei'];
    const values = suffixes.map((suffix) => parseQuantity(`3${suffix}`)!);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
  });
});

describe('paths', () => {
  test.each([
    ['spec.ingress.dialects[0]', ['spec', 'ingress', 'dialects', 0]],
    ['spec.modules["ranking.rego"]', ['spec', 'modules', 'ranking.rego']],
    ['["a\\"b"].c', ['a"b', 'c']],
    ['', []],
  ])('%s', (text, path) => {
    expect(formatPath(path)).toBe(text);
    expect(parsePath(text)).toEqual(path);
  });

  test('every path survives being written and read', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat())), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
    );
  });
});

describe('the nearest word', () => {
  const words = ['selector', 'ingress', 'identity', 'models', 'masking'];
  test.each([
    ['selectors', 'selector'],
    ['Ingress', 'ingress'],
    ['identiyt', 'identity'],
    ['model', 'models'],
    ['x', undefined],
    ['colour', undefined],
    ['', undefined],
  ])('%s: %s', (word, expected) => expect(nearest(word, words)).toBe(expected));
});
