import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { completeFacts, createCompiler, type PolicySource } from '@rankguard/compiler';
import type { CompiledPolicy } from '@rankguard/contract';
import { createPolicySet } from '@rankguard/sidecar/policy';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../tools/opa.sh');
const compiler = createCompiler({ opa: async () => (await run(script)).stdout.trim() });

function source(name: string, module: string, data: Readonly<Record<string, unknown>> = {}): PolicySource {
  const locate = (file: string, line: number) => ({ file, line });
  return {
    name,
    scope: 'namespace',
    mode: 'enforce',
    modules: { 'policy.rego': module },
    data,
    tests: {},
    locate,
  };
}

async function compiled(
  name: string,
  module: string,
  data?: Readonly<Record<string, unknown>>,
): Promise<CompiledPolicy> {
  const result = await compiler.compile(source(name, module, data));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.policy;
}

const call = (given: object) => completeFacts({ 'identity.groups': ['readers'], ...given }).facts;
const allow = () => compiled('shop/allow', 'package rankguard.allow\n\nallow if true\n');

describe('two policies with the same package, data and helper names', () => {
  const module = `package rankguard.same

allow if helper

deny contains {"code": data.settings.code_is_not_used, "message": "never"} if false

deny contains {"code": "HELD", "message": data.settings.message} if {
	not helper
	data.settings.deny
}

helper if input.request.dataset in data.settings.datasets
`.replace('deny contains {"code": data.settings.code_is_not_used, "message": "never"} if false\n\n', '');

  test('do not see each other’s data and rules, in either order', async () => {
    const open = await compiled('shop/open', module, {
      settings: { datasets: ['a', 'b'], deny: false, message: 'open' },
    });
    const strict = await compiled('shop/strict', module, {
      settings: { datasets: ['a'], deny: true, message: 'strict' },
    });
    for (const policies of [
      [open, strict],
      [strict, open],
    ]) {
      const { decide } = createPolicySet(policies);
      expect(decide(call({ 'request.dataset': 'a' }), 'request').verdict).toMatchObject({
        kind: 'allow',
        by: policies.map(({ name }) => name),
      });
      expect(decide(call({ 'request.dataset': 'b' }), 'request').verdict).toMatchObject({
        kind: 'deny',
        reason: { policy: 'shop/strict', policyCode: 'HELD', message: 'strict' },
        others: [],
      });
    }
  }, 30_000);

  test('one that faults does not disturb the next call of the other', async () => {
    const rule =
      'deny contains {"code": "A", "message": input.request.model} if not input.request.dataset in {null, "a"}';
    const faulty = await compiled('shop/faulty', `package rankguard.same\n\n${rule}\n`);
    const { decide } = createPolicySet([await allow(), faulty]);
    const verdictOn = (dataset: string, model: string | null) =>
      decide(call({ 'request.dataset': dataset, 'request.model': model }), 'request').verdict;
    expect(verdictOn('b', null)).toMatchObject({
      kind: 'deny',
      reason: { code: 'POLICY_FAULT', policy: 'shop/faulty' },
    });
    expect(verdictOn('a', null)).toMatchObject({ kind: 'allow' });
    expect(verdictOn('b', 'm')).toMatchObject({
      kind: 'deny',
      reason: { code: 'POLICY_DENY', message: 'm' },
    });
  }, 30_000);
});

describe('a policy that goes wrong is a clear fault, a denial that names it, and no crash', () => {
  const response = {
    phase: 'response',
    'request.documents': [{}, {}],
    'response.results': [{ index: 0 }, { index: 1 }],
  };
  test.each([
    ['a deny without a message', 'deny contains {"code": "A", "message": input.request.dataset} if true', {}],
    ['an allow that is no boolean', 'allow := input.request.query if true', {}],
    [
      'a mask of a wrong strategy',
      'mask contains {"path": "query", "with": input.request.query} if true',
      {},
    ],
    ['a drop of a wrong index', 'drop contains {"index": input.request.query, "reason": "R"} if true', {}],
    [
      'a drop of half a document',
      'drop contains {"index": input.request.counts.bytes / 3, "reason": "R"} if true',
      {},
    ],
    ['a limit of a wrong number', 'limit contains {"documents": input.request.dataset} if true', {}],
    [
      'a floor of a wrong score',
      'rank contains {"verb": "floor", "min_score": input.request.query} if true',
      {},
    ],
    [
      'a reorder of a wrong move',
      'rank contains {"verb": "reorder", "index": 0, "move": input.request.query} if true',
      {},
    ],
    [
      'two values of one rule',
      'deny contains {"code": "A", "message": m} if m := which\n\nwhich := x if some x in input.identity.groups',
      { 'identity.groups': ['a', 'b'] },
    ],
    [
      'a builtin that fails',
      'deny contains {"code": "A", "message": "m"} if units.parse(input.request.query) > 3',
      {},
    ],
    [
      'a loop without end',
      'deny contains {"code": "A", "message": "m"} if {\n\tsome a in numbers.range(1, 3000)\n\tsome b in numbers.range(1, 3000)\n\ta * b == -1\n}',
      {},
    ],
  ])(
    '%s',
    async (_, rule, given) => {
      const result = await compiler.compile(source('shop/wrong', `package rankguard.wrong\n\n${rule}\n`));
      if (!result.ok) {
        // What the compiler sees is refused before it is in force, with the reason.
        expect(result.problems.length).toBeGreaterThan(0);
        return;
      }
      const { decide } = createPolicySet([await allow(), result.policy]);
      const { verdict } = decide(
        call({ 'request.query': 'q', 'request.counts.bytes': 100, ...given }),
        'request',
      );
      expect(verdict).toMatchObject({ kind: 'deny', reason: { policy: 'shop/wrong' } });
      expect(verdict.kind === 'deny' && verdict.reason.code).toMatch(/^POLICY_(FAULT|RUNAWAY)$/);
      expect(createPolicySet([await allow()]).decide(call(response), 'request').verdict.kind).toBe('allow');
    },
    60_000,
  );

  test('a missing field or a wrong type never makes a denial vanish: the check warns where it could', async () => {
    const rule = 'deny contains {"code": "A", "message": "m"} if to_number(input.identity.claims.level) < 3';
    const problems = await compiler.check(source('shop/silent', `package rankguard.silent\n\n${rule}\n`));
    expect(problems).toEqual([
      expect.objectContaining({ severity: 'warning', message: expect.stringContaining('the rule silent') }),
    ]);
  }, 30_000);

  test('data of 10 MB are decided on, or refused before they are in force with the reason', async () => {
    const list = (bytes: number, each: number) =>
      Object.fromEntries(
        Array.from(
          { length: Math.floor(bytes / (each + 8)) },
          (_, at) => [`${at}`.padEnd(each, 'x'), true] as const,
        ),
      );
    const module =
      'package rankguard.large\n\ndeny contains {"code": "LISTED", "message": "m"} if data.listed[input.request.dataset]\n';
    const listed = list(9.9e6, 1000);
    const { decide } = createPolicySet([await allow(), await compiled('shop/large', module, { listed })]);
    expect(decide(call({ 'request.dataset': 'free' }), 'request').verdict.kind).toBe('allow');
    expect(decide(call({ 'request.dataset': Object.keys(listed).at(-1) }), 'request').verdict).toMatchObject({
      reason: { policyCode: 'LISTED' },
    });
    const refused = async (data: object, message: RegExp) =>
      expect(await compiler.compile(source('shop/larger', module, { listed: data }))).toMatchObject({
        ok: false,
        problems: [{ severity: 'error', message: expect.stringMatching(message) }],
      });
    // Many small values need more memory than their text.
    await refused(
      Array.from({ length: 3e6 }, () => ({})),
      /the budget of memory is used up/,
    );
    await refused(list(12e6, 1000), /data/i);
  }, 60_000);
});
