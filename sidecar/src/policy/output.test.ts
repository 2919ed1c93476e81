import { describe, expect, test } from '@jest/globals';
import { codeOf } from '@rankguard/contract';
import { parseOutput } from './output.ts';

describe('parseOutput', () => {
  test('reads everything that a policy can say', () => {
    const output = parseOutput({
      allow: true,
      deny: [
        { code: 'B', message: 'two' },
        { code: 'A_1', message: 'one' },
      ],
      mask: [{ path: 'query', with: 'null' }],
      drop: [
        { index: 10, reason: 'X' },
        { index: 2, reason: 'Y' },
      ],
      limit: [{ documents: 5, truncate: true }, { documents: 0 }],
      hold: [],
      rank: [
        { verb: 'reorder', index: 1, move: 'boost' },
        { verb: 'limit', results: 5 },
        { verb: 'floor', min_score: 0.2, below: 'last' },
        { verb: 'diversify', by: 'fields.publisher', top: 10, max_share: 0.3 },
        { verb: 'cap', by: 'fields.age', max: 2 },
      ],
    });
    expect(output).toEqual({
      allow: true,
      deny: [
        { code: 'A_1', message: 'one' },
        { code: 'B', message: 'two' },
      ],
      mask: [{ path: 'query', with: 'null' }],
      drop: [
        { index: 2, reason: 'Y' },
        { index: 10, reason: 'X' },
      ],
      limit: [
        { documents: 0, truncate: false },
        { documents: 5, truncate: true },
      ],
      rank: [
        { verb: 'cap', by: 'fields.age', value: null, max: 2, over: 'remove' },
        { verb: 'diversify', by: 'fields.publisher', top: 10, max: 3 },
        { verb: 'floor', min_score: 0.2, below: 'last' },
        { verb: 'limit', results: 5 },
        { verb: 'reorder', index: 1, move: 'boost', places: null },
      ],
    });
  });

  test('silence is no allow', () => {
    expect(parseOutput({})).toEqual({ allow: false, deny: [], mask: [], drop: [], limit: [], rank: [] });
  });

  test.each<[string, unknown, string]>([
    ['no object', [], 'the result is not an object'],
    ['null', null, 'the result is not an object'],
    ['an unknown member', { permit: true }, 'a member other than'],
    ['allow that is no boolean', { allow: 'true' }, 'allow is not a boolean'],
    ['deny that is no set', { deny: { code: 'A', message: 'x' } }, 'deny is not a set'],
    ['a deny that is a string', { deny: ['no'] }, 'a deny is not an object'],
    ['a deny without a message', { deny: [{ code: 'A' }] }, 'the message of a deny is not a string'],
    [
      'a code in lower case',
      { deny: [{ code: 'no_way', message: '' }] },
      'the code of a deny is not upper case',
    ],
    ['a deny with more', { deny: [{ code: 'A', message: '', msg: '' }] }, 'a deny has a member other than'],
    ['a strategy that is none', { mask: [{ path: 'query', with: 'blur' }] }, 'the with of a mask'],
    [
      'a mask without a path',
      { mask: [{ path: '', with: 'redact' }] },
      'the path of a mask names nothing of the facts',
    ],
    ['a negative index', { drop: [{ index: -1, reason: 'X' }] }, 'the index of a drop'],
    ['half an index', { drop: [{ index: 0.5, reason: 'X' }] }, 'the index of a drop'],
    ['an index in a string', { drop: [{ index: '1', reason: 'X' }] }, 'the index of a drop'],
    ['an index beyond 2^53', { drop: [{ index: 1e300, reason: 'X' }] }, 'the index of a drop'],
    ['a limit without a number', { limit: [{ truncate: true }] }, 'the documents of a limit'],
    ['a truncate that is no boolean', { limit: [{ documents: 1, truncate: 1 }] }, 'the truncate of a limit'],
    ['hold', { hold: [{ tier: 'high', reason: 'x' }] }, 'hold is not supported'],
    ['a verb that is none', { rank: [{ verb: 'lift' }] }, 'the verb of a rank is not one of floor, cap'],
    ['a rank that is null', { rank: [null] }, 'the verb of a rank'],
    ['a floor without a score', { rank: [{ verb: 'floor' }] }, 'the min_score of a floor is not a number'],
    [
      'a floor with more',
      { rank: [{ verb: 'floor', min_score: 1, by: 'id' }] },
      'a floor has a member other',
    ],
    [
      'a cap by the text',
      { rank: [{ verb: 'cap', by: 'text', max: 1 }] },
      'the by of a cap is neither id nor a path below fields',
    ],
    [
      'a diversify with two bounds',
      { rank: [{ verb: 'diversify', by: 'id', top: 3, max: 1, max_share: 0.5 }] },
      'either max or max_share',
    ],
    [
      'a share above one',
      { rank: [{ verb: 'diversify', by: 'id', top: 3, max_share: 1.5 }] },
      'the max_share of a diversify',
    ],
    ['a move sideways', { rank: [{ verb: 'reorder', index: 0, move: 'aside' }] }, 'the move of a reorder'],
  ])('refuses %s', (_, value, message) => {
    let thrown: unknown;
    try {
      parseOutput(value);
    } catch (error) {
      thrown = error;
    }
    expect(codeOf(thrown)).toBe('POLICY_FAULT');
    expect((thrown as Error).message).toContain(message);
  });
});
