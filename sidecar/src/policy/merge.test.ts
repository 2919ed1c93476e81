import { describe, expect, test } from '@jest/globals';
import { CodedError } from '@rankguard/contract';
import { mergeAnswers, type PolicyAnswer } from './merge.ts';
import { type PolicyOutput, parseOutput } from './output.ts';

const MASKED = { path: 'query', with: 'redact' };
const DROPPED = { index: 1, reason: 'R' };
const FLOOR = { verb: 'floor', min_score: 0.2, below: 'remove' };
const says = (policy: string, output: object, mode: 'enforce' | 'shadow' = 'enforce'): PolicyAnswer => ({
  policy,
  mode,
  said: { output: parseOutput(output) satisfies PolicyOutput },
});
const fails = (policy: string, fault: unknown, mode: 'enforce' | 'shadow' = 'enforce'): PolicyAnswer => ({
  policy,
  mode,
  said: { fault },
});
const ALLOW = says('s/allow', { allow: true });

describe('mergeAnswers', () => {
  test('somebody must allow a request', () => {
    expect(mergeAnswers([ALLOW, says('s/b', {})], 'request').verdict).toEqual({
      kind: 'allow',
      by: ['s/allow'],
      obligations: { mask: [], drop: [], limit: null, rank: [] },
    });
    for (const answers of [[], [says('s/b', {})], [says('s/b', { allow: true }, 'shadow')]]) {
      expect(mergeAnswers(answers, 'request').verdict).toMatchObject({
        kind: 'deny',
        reason: { code: 'NOT_ALLOWED' },
        others: [],
      });
    }
  });

  test('nobody need allow a response', () => {
    expect(mergeAnswers([says('s/b', {})], 'response').verdict).toMatchObject({ kind: 'allow', by: [] });
  });

  test('deny wins over allow, first policy first, then by code', () => {
    const answers = [
      ALLOW,
      says('s/z', {
        deny: [
          { code: 'Z', message: 'z' },
          { code: 'B', message: 'b' },
        ],
      }),
      says('a', { allow: true, deny: [{ code: 'A', message: 'a' }] }),
    ];
    for (const phase of ['request', 'response'] as const) {
      expect(mergeAnswers(answers, phase).verdict).toEqual({
        kind: 'deny',
        reason: { code: 'POLICY_DENY', message: 'b', policy: 's/z', policyCode: 'B' },
        others: [
          { code: 'POLICY_DENY', message: 'z', policy: 's/z', policyCode: 'Z' },
          { code: 'POLICY_DENY', message: 'a', policy: 'a', policyCode: 'A' },
        ],
      });
    }
  });

  test('a fault of an enforcing policy denies, names it, and shows nothing of its cause', () => {
    const cause = new CodedError('POLICY_FAULT', 'operand was 123-45-6789');
    const { verdict } = mergeAnswers([ALLOW, fails('s/broken', cause)], 'response');
    expect(verdict).toMatchObject({ kind: 'deny', reason: { code: 'POLICY_FAULT', policy: 's/broken' } });
    expect(JSON.stringify(verdict)).not.toContain('6789');
    const runaway = fails('s/slow', new CodedError('POLICY_RUNAWAY', 'x'));
    expect(mergeAnswers([runaway], 'request').verdict).toMatchObject({ reason: { code: 'POLICY_RUNAWAY' } });
    expect(mergeAnswers([fails('s/odd', new TypeError('x'))], 'request').verdict).toMatchObject({
      reason: { code: 'POLICY_FAULT' },
    });
  });

  test.each([
    ['nothing where it says the same', { mask: [MASKED], drop: [DROPPED], rank: [FLOOR] }, []],
    ['a denial', { deny: [{ code: 'NOPE', message: 'no' }] }, ['deny']],
    ['a stricter mask', { mask: [{ path: 'query', with: 'remove' }] }, ['mask']],
    [
      'another drop and another verb',
      { drop: [{ index: 4, reason: 'R' }], rank: [{ verb: 'limit', results: 3 }] },
      ['drop', 'rank'],
    ],
  ])('a shadow policy would change %s', (_, output, would) => {
    const active = says('s/active', { allow: true, mask: [MASKED], drop: [DROPPED], rank: [FLOOR] });
    const { disagreements, verdict } = mergeAnswers([active, says('s/next', output, 'shadow')], 'request');
    expect(disagreements).toEqual(would.map((one) => ({ policy: 's/next', would: one })));
    expect(verdict).toEqual(mergeAnswers([active], 'request').verdict);
  });

  test('a shadow policy would allow what nobody allows, and fault what passes', () => {
    const allows = mergeAnswers([says('s/next', { allow: true }, 'shadow')], 'request');
    expect(allows).toMatchObject({
      verdict: { kind: 'deny' },
      disagreements: [{ policy: 's/next', would: 'allow' }],
    });
    const broken = fails('s/next', new CodedError('POLICY_RUNAWAY', 'x'), 'shadow');
    expect(mergeAnswers([ALLOW, broken], 'request').disagreements).toEqual([
      { policy: 's/next', would: 'deny' },
    ]);
  });

  test('a shadow policy is reported and changes nothing', () => {
    const shadow = says(
      's/shadow',
      {
        deny: [{ code: 'NOPE', message: 'x' }],
        drop: [{ index: 0, reason: 'X' }],
        mask: [{ path: 'query', with: 'redact' }],
        limit: [{ documents: 0 }],
      },
      'shadow',
    );
    const broken = fails('s/broken', new CodedError('POLICY_RUNAWAY', 'x'), 'shadow');
    const without = mergeAnswers([ALLOW], 'request');
    const { verdict, shadow: reported } = mergeAnswers([shadow, ALLOW, broken], 'request');
    expect(verdict).toEqual(without.verdict);
    expect(reported).toEqual([
      { policy: 's/shadow', code: 'NOPE' },
      { policy: 's/broken', code: 'POLICY_RUNAWAY' },
    ]);
  });

  test('masks and drops are united, the strictest mask and the lowest limit hold', () => {
    const { verdict } = mergeAnswers(
      [
        ALLOW,
        says('s/a', {
          drop: [{ index: 7, reason: 'A' }],
          mask: [
            { path: 'query', with: 'token' },
            { path: 'documents[*].text', with: 'remove' },
          ],
          limit: [{ documents: 50, truncate: true }, { documents: 80 }],
        }),
        says('s/b', {
          drop: [
            { index: 7, reason: 'B' },
            { index: 2, reason: 'B' },
          ],
          mask: [
            { path: 'query', with: 'token' },
            { path: 'query', with: 'redact' },
            { path: 'documents[*].text', with: 'partial' },
          ],
          limit: [{ documents: 50 }],
        }),
      ],
      'request',
    );
    expect(verdict).toEqual({
      kind: 'allow',
      by: ['s/allow'],
      obligations: {
        drop: [
          { index: 2, reason: 'B', policy: 's/b' },
          { index: 7, reason: 'A', policy: 's/a' },
        ],
        mask: [
          { path: 'documents[*].text', with: 'remove', policy: 's/a' },
          { path: 'query', with: 'redact', policy: 's/b' },
        ],
        limit: { documents: 50, truncate: false, policy: 's/b' },
        rank: [],
      },
    });
  });
});
