import { describe, expect, test } from '@jest/globals';
import type { Projection } from '@rankguard/contract';
import fc from 'fast-check';
import { project } from './projection.ts';
import { createWriter } from './writer.ts';

const projections = fc.letrec<{ projection: Projection }>((tie) => ({
  projection: fc.oneof(
    { maxDepth: 4 },
    fc.constant(true as const),
    fc.dictionary(fc.constantFrom('*', 'a', 'b', '0', '1', '__proto__', 'é"\\'), tie('projection'), {
      maxKeys: 3,
    }),
  ),
})).projection;
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -1.5, 1e300, 'x', 'a"\\\n\u2028', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0', 'c', '__proto__', 'é"\\'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('createWriter', () => {
  test('writes what stringifying the projected value writes', () => {
    fc.assert(
      fc.property(values, projections, (value, projection) => {
        expect(createWriter(projection)(value)).toBe(JSON.stringify(project(value, projection)));
      }),
      { numRuns: 2000 },
    );
  });

  test('leaves out members without a value, and keeps their places in lists', () => {
    const write = createWriter({ a: true, list: { '*': true } });
    expect(write({ a: undefined, list: [undefined, 1] })).toBe('{"list":[null,1]}');
  });
});
