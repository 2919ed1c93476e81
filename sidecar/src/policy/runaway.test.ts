import { beforeAll, describe, expect, test } from '@jest/globals';
import type { CompiledPolicy } from '@rankguard/contract';
import { compilePolicy } from '../../../test/support/opa-policy.ts';
import { createPolicySet } from './index.ts';

/** Each condition ends quickly for a harmless input and (nearly) never for the other. */
const RUNAWAYS: readonly [name: string, condition: string, harmful: unknown][] = [
  [
    'nested ranges',
    'some a in numbers.range(1, input.n); some b in numbers.range(1, input.n); some c in numbers.range(1, input.n); a + b + c == 0',
    { n: 10_000 },
  ],
  ['a long range', 'count(numbers.range(1, input.n)) == 0', { n: 1_000_000_000 }],
  ['functions that double', 'f20(input.n) == 0', { n: 7 }],
  [
    'regexes over a long text',
    'some i in numbers.range(1, input.n); regex.match(sprintf("(x+x+)+y|(x*)*z|(a|b|ab)*c%d$", [i]), input.text)',
    { n: 1000, text: 'xab'.repeat(100_000) },
  ],
  [
    'a walk over a large input',
    'walk(input.tree, [path, value]); walk(input.tree, [path2, value2]); value == value2; path != path2; value == 0',
    {
      tree: Array.from({ length: 3000 }, (_, index) => ({ index, deep: [[index]] })),
    },
  ],
  [
    'a join of documents',
    'some a in input.list; some b in input.list; some c in input.list; a + b == c; a < 0',
    {
      list: Array.from({ length: 2000 }, (_, index) => index),
    },
  ],
  ['a text that doubles', 's30(input.text) == ""', { text: 'x'.repeat(1000) }],
  [
    'a wide sprintf',
    'some i in numbers.range(1, input.n); sprintf("%1000000d%1000000d", [i, i]) == ""',
    { n: 1000 },
  ],
  [
    'a host builtin in a loop',
    'some i in numbers.range(1, input.n); crypto.sha256(input.text) == "x"',
    {
      n: 20_000,
      text: 'x'.repeat(20_000),
    },
  ],
];
const HELPERS = [
  ...Array.from({ length: 20 }, (_, k) => `f${k + 1}(x) := f${k}(x + 1) + f${k}(x + 2)`),
  'f0(x) := count([y | some y in numbers.range(0, x)])',
  ...Array.from({ length: 30 }, (_, k) => `s${k + 1}(x) := concat("", [s${k}(x), s${k}(x)])`),
  's0(x) := x',
];
const HARMLESS = { n: 1, text: 'q', tree: [1], list: [1] };

function helpersFor(condition: string): string {
  const first = /\b([fs])\d+\(/.exec(condition)?.[1];
  return HELPERS.filter((line) => line.startsWith(first ?? '-')).join('\n');
}

describe('a policy that runs away', () => {
  let calm: CompiledPolicy;
  beforeAll(() => {
    calm = compilePolicy('allow if input.n > 0', { name: 'shop/calm' });
  });

  test.each(RUNAWAYS)(
    '%s: is stopped, denies, and disturbs neither the others nor itself',
    (_, condition, harmful) => {
      // f20 on a harmless input is already a million calls, so it only runs on the harmful one.
      const guard = 'input.harmful';
      const rego = `deny contains {"code": "X", "message": "x"} if { ${guard}; ${condition} }\n${helpersFor(condition)}`;
      const policies = createPolicySet([compilePolicy(rego, { name: 'shop/wild' }), calm]);
      const fine = { ...HARMLESS, harmful: false };
      expect(policies.decide(fine, 'request').verdict).toMatchObject({ kind: 'allow', by: ['shop/calm'] });
      for (let round = 0; round < 2; round += 1) {
        expect(
          policies.decide({ ...HARMLESS, ...(harmful as object), harmful: true }, 'request').verdict,
        ).toEqual({
          kind: 'deny',
          reason: {
            code: 'POLICY_RUNAWAY',
            message: 'A policy used more than its budget of computation and was stopped.',
            policy: 'shop/wild',
          },
          others: [],
        });
        expect(policies.decide(fine, 'request').verdict).toMatchObject({ kind: 'allow', by: ['shop/calm'] });
      }
    },
  );

  test('in shadow it is reported and changes nothing', () => {
    const rego =
      'deny contains {"code": "X", "message": "x"} if count(numbers.range(1, input.n * 1000000)) == 0';
    const wild = compilePolicy(rego, { name: 'shop/wild', mode: 'shadow' });
    const { verdict, shadow } = createPolicySet([wild, calm]).decide({ n: 1000 }, 'request');
    expect(verdict).toMatchObject({ kind: 'allow', by: ['shop/calm'] });
    expect(shadow).toEqual([{ policy: 'shop/wild', code: 'POLICY_RUNAWAY' }]);
  });
});
