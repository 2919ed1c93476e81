import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { rankguard, resource, withFolder } from './io.ts';

const POLICY = `package rankguard.shop

allow if "readers" in input.identity.groups

deny contains {"code": "DATASET_FORBIDDEN", "message": "Not this one."} if {
	input.request.dataset == "ledger"
	not "finance" in input.identity.groups
}

drop contains {"index": document.index, "reason": "NOT_AUTHORISED"} if {
	some document in input.request.documents
	document.fields.team == "legal"
}
`;
const CASES = `cases:
- name: the ledger is closed
  input: {request.dataset: ledger}
  expect: {allow: false, deny: [DATASET_FORBIDDEN]}
- name: what is legal's is dropped
  input: {request.documents: [{fields: {team: legal}}, {}, {fields: {team: legal}}]}
  expect: {deny: [], drop: [0, {index: 2, reason: NOT_AUTHORISED}]}
`;
const WRONG = `${CASES}- name: wrong
  input: {request.dataset: ledger, request.documents: [{fields: {team: legal}}]}
  expect: {allow: true, deny: [OTHER], drop: []}
`;
/** A message that is null is no message: such a denial is a fault. */
const FAULTY = `package rankguard.shop

deny contains {"code": "A", "message": input.request.dataset} if input.identity.kind == "workload"
`;

const policy = (args: readonly string[], stdin?: string) =>
  rankguard(['policy', ...args], stdin === undefined ? {} : { stdin });

test('a new policy passes everything, and is a policy that does something', async () => {
  await withFolder({}, async (root) => {
    const folder = join(root, 'ledger-access');
    const made = await policy(['new', folder]);
    expect(made.code).toBe(0);
    expect(made.stdout.trim().split('\n')).toHaveLength(4);
    expect(await policy(['check', folder])).toMatchObject({
      code: 0,
      stdout: '1 policy, 0 errors, 0 warnings\n',
    });
    const tested = await policy(['test', folder, '--coverage', '100']);
    expect(tested.stdout).toMatch(/^ledger-access +ok +3\/3 +2\/2 +100, \d+ % +100 %$/m);
    expect(tested.code).toBe(0);
    expect(readFileSync(join(folder, 'policy.rego'), 'utf8')).toMatch(/^package rankguard\.ledger_access$/m);
    // What is there is never written over.
    expect(await policy(['new', folder])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('not empty'),
    });
    expect(await policy(['new', join(root, 'No Name')])).toMatchObject({ code: 64 });
  });
}, 60_000);

describe('tables of cases', () => {
  test('pass where the module says what is expected', async () => {
    await withFolder({ 'policy.rego': POLICY, 'cases.yaml': CASES }, async (folder) => {
      const { code, stdout } = await policy(['test', folder]);
      expect(stdout).toMatch(/ok +0\/0 +2\/2/);
      expect(code).toBe(0);
    });
  }, 30_000);

  test('fail with the file, the line and every difference', async () => {
    await withFolder({ 'policy.rego': POLICY, 'wrong_cases.yaml': WRONG }, async (folder) => {
      const { code, stdout } = await policy(['test', folder, '--synthetic', '0']);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^fail: \S+wrong_cases\.yaml:8: wrong$/m);
      for (const line of [
        'allow: expected true, is false',
        'deny: expected "OTHER", which is not there',
        'deny: {"code":"DATASET_FORBIDDEN","message":"Not this one."} is there and was not expected',
        'drop: {"index":0,"reason":"NOT_AUTHORISED"} is there and was not expected',
      ]) {
        expect(stdout).toContain(`    ${line}\n`);
      }
      expect(stdout).toMatch(/^2 passed, 1 failed, 0 skipped$/m);
    });
  }, 30_000);

  test('beside policies in YAML say which one they are meant for', async () => {
    const named = (name: string) => resource('RerankPolicy', name, { modules: { 'policy.rego': POLICY } });
    const files = {
      'config/a.yaml': named('a'),
      'config/b.yaml': named('b'),
      'cases/a.yaml': `policy: shop/a\n${CASES}`,
      'cases/b.yaml': `policy: shop/b\n${WRONG}`,
      'lost/nobody.yaml': CASES,
      'lost/other.yaml': `policy: shop/c\n${CASES}`,
    };
    await withFolder(files, async (folder) => {
      const run = (cases: string) =>
        policy(['test', join(folder, 'config'), '--cases', join(folder, cases), '--synthetic', '0']);
      const { code, stdout } = await run('cases');
      expect(stdout).toMatch(/^shop\/a +ok +0\/0 +2\/2/m);
      expect(stdout).toMatch(/^shop\/b +FAILED +0\/0 +2\/3/m);
      expect(stdout).toMatch(/^fail: \S+cases\/b\.yaml:9: wrong$/m);
      expect(code).toBe(1);
      const lost = await run('lost');
      expect(lost.code).toBe(65);
      expect(lost.stderr).toMatch(/nobody\.yaml:1: .*several: shop\/a, shop\/b/);
      expect(lost.stderr).toMatch(/other\.yaml:1: there is no policy shop\/c/);
      expect(await run('nowhere.yaml')).toMatchObject({ code: 66 });
    });
  }, 60_000);

  test('that cannot be read fail', async () => {
    const files = {
      'policy.rego': POLICY,
      'cases.yaml': '- {name: a, input: {identity.group: []}, expect: {deny: []}}\n',
    };
    await withFolder(files, async (folder) => {
      const { code, stdout } = await policy(['test', folder]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/cases\.yaml:1: a: input\.identity\.group is not a fact/);
    });
  }, 30_000);
});

test('synthetic calls find what would refuse calls, with the call', async () => {
  await withFolder({ 'policy.rego': FAULTY }, async (folder) => {
    const { code, stdout } = await policy(['test', folder]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^fail: synthetic calls\n {4}.*the message of a deny is not a string; with \{"phase":/m,
    );
    expect((await policy(['test', folder, '--synthetic', '0'])).code).toBe(0);
  });
}, 30_000);

test('coverage below what is wanted fails', async () => {
  const tests = 'package rankguard.shop_test\n\nimport data.rankguard.shop\n\ntest_none if not shop.allow\n';
  await withFolder({ 'policy.rego': POLICY, 'policy_test.rego': tests }, async (folder) => {
    const { code, stdout } = await policy(['test', folder, '--coverage', '90']);
    expect(stdout).toMatch(/^fail: coverage\n {4}the tests reach [\d.]+ % of the policy; 90 % are wanted$/m);
    expect(code).toBe(1);
  });
}, 30_000);

describe('for programs', () => {
  test('JUnit: a suite for each policy, a case for each test', async () => {
    await withFolder({ 'policy.rego': POLICY, 'cases.yaml': WRONG }, async (folder) => {
      const { code, stdout } = await policy(['test', folder, '-o', 'junit', '--synthetic', '0']);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites [^>]*tests="3" failures="1"/,
      );
      expect(stdout).toMatch(
        /<testcase [^>]*name="wrong"[^>]*><failure message="allow: expected true, is false">/,
      );
      expect(stdout).toContain('deny: expected &quot;OTHER&quot;');
    });
  }, 30_000);

  test('SARIF: a result for each problem, at its place', async () => {
    const mistake = POLICY.replace('identity.groups', 'identity.group');
    await withFolder({ 'policy.rego': mistake }, async (folder) => {
      const { code, stdout } = await policy(['check', folder, '-o', 'sarif']);
      expect(code).toBe(1);
      const { version, runs } = JSON.parse(stdout);
      expect(version).toBe('2.1.0');
      expect(runs[0].tool.driver.rules).toEqual([{ id: 'POLICY_INVALID' }]);
      expect(runs[0].results[0]).toMatchObject({
        ruleId: 'POLICY_INVALID',
        level: 'error',
        locations: [{ physicalLocation: { region: { startLine: 3 } } }],
      });
    });
  }, 30_000);
});

describe('bench', () => {
  test('says what a decision costs, and fails over the budget', async () => {
    await withFolder({ 'policy.rego': POLICY }, async (folder) => {
      const args = ['bench', folder, '--calls', '50', '--documents', '10'];
      const within = await policy([...args, '--budget', '1000000', '-o', 'json']);
      expect(within.code).toBe(0);
      const { policies } = JSON.parse(within.stdout);
      expect(policies).toHaveLength(1);
      expect(policies[0].p50).toBeGreaterThan(0);
      expect(policies[0].fuel).toBeGreaterThan(0);
      const over = await policy([...args, '--budget', '0']);
      expect(over.stdout).toMatch(/OVER/);
      expect(over.code).toBe(1);
    });
  }, 30_000);
});

describe('explain', () => {
  const explain = (input: string) =>
    withFolder({ 'policy.rego': POLICY }, (folder) => policy(['explain', folder], input));

  test('says which rules fired, where the others stopped, and what came of it', async () => {
    const { code, stdout } = await explain('{"request.dataset": "ledger", "identity.groups": ["finance"]}');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}not +allow +\S+policy\.rego:3/m);
    expect(stdout).toMatch(/^ {2}not +deny +\S+policy\.rego:5: stopped at line 7$/m);
    expect(stdout).toContain('  allow: false\n');
    const denied = await explain('request.dataset: ledger');
    expect(denied.stdout).toMatch(/^ {2}fired +deny +\S+policy\.rego:5$/m);
    expect(denied.stdout).toContain('  deny: {"code":"DATASET_FORBIDDEN","message":"Not this one."}\n');
  }, 30_000);

  test('takes a record with its facts, and refuses what is no fact', async () => {
    const recorded = await explain('{"id": "1", "facts": {"identity": {"groups": ["readers"]}}}');
    expect(recorded.stdout).toContain('  allow: true\n');
    expect(await explain('{"identity.group": []}')).toMatchObject({
      code: 65,
      stderr: expect.stringContaining('input.identity.group is not a fact'),
    });
    expect((await explain('{')).code).toBe(66);
  }, 30_000);
});
