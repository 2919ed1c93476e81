import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Edit, splice } from './index.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('splice', () => {
  test('without edits the same buffer comes back', () => {
    const bytes = Buffer.from('unchanged');
    expect(splice(bytes, [])).toBe(bytes);
  });

  test('edits come in any order, as text or bytes', () => {
    const edits: Edit[] = [
      { start: 6, end: 9, with: Buffer.from('é') },
      { start: 0, end: 1, with: '' },
      { start: 3, end: 3, with: '<in>' },
    ];
    expect(text(splice(Buffer.from('0123456789'), edits))).toBe('12<in>345é9');
  });

  test('an edit inside another one is dropped', () => {
    const edits = [
      { start: 2, end: 4, with: 'inner' },
      { start: 1, end: 6, with: 'OUTER' },
      { start: 1, end: 3, with: 'inner' },
      { start: 1, end: 6, with: 'same again' },
    ];
    expect(text(splice(Buffer.from('abcdefgh'), edits))).toBe('aOUTERgh');
  });

  test('where two overlap in part nothing of either stays', () => {
    const edits = [
      { start: 3, end: 7, with: 'second' },
      { start: 1, end: 4, with: 'FIRST' },
    ];
    expect(text(splice(Buffer.from('abcdefgh'), edits))).toBe('aFIRSTh');
  });

  test('insertions at one place keep their order', () => {
    const edits = ['1', '2', '3'].map((insertion) => ({ start: 1, end: 1, with: insertion }));
    expect(text(splice(Buffer.from('ab'), edits))).toBe('a123b');
  });

  test.each([
    { start: -1, end: 1 },
    { start: 2, end: 1 },
    { start: 0, end: 4 },
    { start: 4, end: 4 },
    { start: Number.NaN, end: 2 },
  ])('an edit at %o outside the text is a fault', (edit) => {
    expect(() => splice(Buffer.from('abc'), [{ ...edit, with: '' }])).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  test('property: what no edit covers stays, what one covers goes, each union has one replacement', () => {
    const edit = fc
      .tuple(fc.nat(40), fc.nat(12))
      .map(([start, length]) => ({ start, end: Math.min(40, start + length), with: '#' }));
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), (edits) => {
        const bytes = Buffer.from(Array.from({ length: 40 }, (_, i) => 0x41 + (i % 26)));
        // The oracle marks covered bytes one by one. Insertions are left out here: they cover nothing.
        const real = edits.filter(({ start, end }) => end > start);
        const covered = bytes.map((_, at) => Number(real.some(({ start, end }) => at >= start && at < end)));
        const kept = [...bytes].filter((_, at) => covered[at] === 0).map((byte) => String.fromCharCode(byte));
        const result = text(splice(bytes, real));
        expect(result.replaceAll('#', '')).toBe(kept.join(''));
        // Edits that only touch are two replacements, edits that overlap are one.
        const heads = real.filter(
          (one, i) =>
            !real.some(
              (other, j) =>
                i !== j &&
                other.end > one.start &&
                (other.start < one.start ||
                  (other.start === one.start && (other.end > one.end || (other.end === one.end && j < i)))),
            ),
        );
        expect(result.split('#').length - 1).toBe(heads.length);
      }),
    );
  });
});
