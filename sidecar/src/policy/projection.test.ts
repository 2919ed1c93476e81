import { describe, expect, test } from '@jest/globals';
import type { Projection } from '@rankguard/contract';
import fc from 'fast-check';
import { project, reaches, unionProjection } from './projection.ts';

const FACTS = {
  identity: { subject: 'ada', groups: ['a', 'b'] },
  request: {
    query: 'q',
    documents: [
      { index: 0, text: 'one', fields: { team: 'x', tags: ['t', 'u'] } },
      { index: 1, text: 'two', fields: { team: 'y' } },
    ],
  },
};

describe('project', () => {
  test.each<[string, Projection, unknown]>([
    ['all of it', true, FACTS],
    ['nothing', {}, {}],
    ['a member', { identity: { subject: true } }, { identity: { subject: 'ada' } }],
    ['a member that is not there', { identity: { email: true } }, { identity: {} }],
    ['the length of an array', { request: { documents: { '*': {} } } }, { request: { documents: [{}, {}] } }],
    ['an array without elements', { identity: { groups: {} } }, { identity: { groups: [null, null] } }],
    [
      'a member of each element',
      { request: { documents: { '*': { fields: { team: true } } } } },
      { request: { documents: [{ fields: { team: 'x' } }, { fields: { team: 'y' } }] } },
    ],
    [
      'one element and a member of the others',
      { request: { documents: { '1': { text: true }, '*': { index: true } } } },
      { request: { documents: [{ index: 0 }, { text: 'two', index: 1 }] } },
    ],
    [
      'each member of an object',
      { request: { documents: { '*': { fields: { '*': {} } } } } },
      { request: { documents: [{ fields: { team: 'x', tags: [null, null] } }, { fields: { team: 'y' } }] } },
    ],
  ])('keeps %s', (_, projection, expected) => {
    expect(project(FACTS, projection)).toEqual(expected);
  });

  test('a fact called __proto__ stays a fact', () => {
    const facts = JSON.parse('{"claims": {"__proto__": {"admin": true}, "x": 1}}') as unknown;
    const kept = project(facts, { claims: { '*': true } });
    expect(JSON.stringify(kept)).toBe('{"claims":{"__proto__":{"admin":true},"x":1}}');
    expect(project(facts, JSON.parse('{"__proto__": true, "constructor": true}') as Projection)).toEqual({});
  });
});

describe('reaches', () => {
  const projection: Projection = { request: { documents: { '*': { fields: { team: true } } }, query: {} } };
  test.each<[string[], boolean]>([
    [[], true],
    [['request'], true],
    [['request', 'query'], true],
    [['request', 'documents', '*', 'fields'], true],
    [['request', 'documents', '7', 'fields', 'team', 'deeper'], true],
    [['request', 'documents', '*', 'text'], false],
    [['request', 'query', 'x'], false],
    [['response'], false],
    [['constructor'], false],
  ])('%j: %s', (path, expected) => {
    expect(reaches(projection, path)).toBe(expected);
  });
});

const name = fc.constantFrom('a', 'b', 'c', '0', '1', '*', '__proto__');
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 1, 'x', false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '0', '__proto__'), tie('value'), { maxKeys: 3 }),
  ),
})).value;
const projection = fc.letrec<{ projection: Projection }>((tie) => ({
  projection: fc.oneof(
    { maxDepth: 4 },
    fc.constant<Projection>(true),
    fc.dictionary(name, tie('projection'), { maxKeys: 3 }) as fc.Arbitrary<Projection>,
  ),
})).projection;

/** Every path to a scalar, with its value. */
function leaves(of: unknown, path: readonly string[] = []): string[] {
  if (typeof of !== 'object' || of === null) return [JSON.stringify([path, of])];
  return Object.keys(of).flatMap((key) =>
    leaves(Object.getOwnPropertyDescriptor(of, key)?.value, [...path, key]),
  );
}

describe('for any value and projections', () => {
  test('project invents nothing: each leaf was there, or is the null of an array element', () => {
    fc.assert(
      fc.property(value, projection, (facts, reach) => {
        const there = new Set(leaves(facts));
        return leaves(project(facts, reach)).every((leaf) => {
          const [path, kept] = JSON.parse(leaf) as [string[], unknown];
          return there.has(leaf) || (kept === null && /^\d$/.test(path.at(-1) ?? ''));
        });
      }),
    );
  });

  test('project keeps each leaf whose path is reached', () => {
    fc.assert(
      fc.property(value, projection, (facts, reach) => {
        const kept = new Set(leaves(project(facts, reach)));
        return leaves(facts).every((leaf) => {
          const [path] = JSON.parse(leaf) as [string[]];
          return !reaches(reach, path) || kept.has(leaf);
        });
      }),
    );
  });

  test('the union reaches what either reaches, and project with it loses nothing of either', () => {
    fc.assert(
      fc.property(value, projection, projection, (facts, a, b) => {
        const both = unionProjection(a, b);
        const kept = new Set(leaves(project(facts, both)));
        return [a, b].every((one) =>
          leaves(facts)
            .map((leaf) => [leaf, (JSON.parse(leaf) as [string[]])[0]] as const)
            .filter(([, path]) => reaches(one, path))
            .every(([leaf, path]) => reaches(both, path) && kept.has(leaf)),
        );
      }),
    );
  });

  test('arrays keep their length, and projecting twice is projecting once', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), projection, (facts, reach) => {
        const once = project(facts, reach);
        expect(once).toHaveLength(facts.length);
        expect(JSON.stringify(project(once, reach))).toBe(JSON.stringify(once));
      }),
    );
  });
});
