import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CodedError } from '@rankguard/contract';
import { rankguard, resource, withFolder } from './io.ts';

const GOOD = 'package rankguard.good\n\nallow if input.identity.kind == "user"\n';
const UNPARSED = 'package rankguard.bad\n\nallow if {\n';
const UNKNOWN = 'package rankguard.bad\n\n# a comment\nallow if input.identiy.kind == "user"\n';
const WARNED = `package rankguard.warned

allow if true

deny contains {"code": "OLD", "message": "Too old."} if to_number(input.identity.claims.age) > 5
`;
const TESTS = `package rankguard.good_test

import data.rankguard.good

test_users_may if good.allow with input as {"identity": {"kind": "user"}}

test_others_may_not if not good.allow with input as {"identity": {"kind": "workload"}}
`;
const FAILING = `${TESTS}
test_wrong if {
	print("looking at", "x")
	good.allow with input as {"identity": {"kind": "workload"}}
}

todo_test_later if false
`;

const policy = (name: string, module: string, tests?: string) =>
  resource('RerankPolicy', name, {
    modules: { [`${name}.rego`]: module },
    ...(tests === undefined ? {} : { tests: { [`${name}_test.rego`]: tests } }),
  });

function inFolder(command: 'check' | 'test', files: Readonly<Record<string, string>>, ...args: string[]) {
  return withFolder(files, (folder) => rankguard(['policy', command, folder, ...args]));
}

const PROFILE = resource('MaskingProfile', 'p', { detectors: [{ entities: ['US_SSN'], with: 'redact' }] });

const json = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>;

describe('check', () => {
  test('a good folder of Rego: 0', async () => {
    const { code, stdout, stderr } = await inFolder('check', {
      'good.rego': GOOD,
      'good_test.rego': TESTS,
      'data.json': '{}',
    });
    expect([code, stdout, stderr]).toEqual([0, '1 policy, 0 errors, 0 warnings\n', '']);
  });

  test('a good folder of YAML, also in folders inside: 0', async () => {
    const files = {
      'a.yaml': policy('good', GOOD),
      'inside/b.yml': policy('other', GOOD.replaceAll('good', 'other')),
    };
    const { code, stdout } = await inFolder('check', files, '-o', 'json');
    expect(code).toBe(0);
    expect(json(stdout)).toEqual({ policies: ['shop/good', 'shop/other'], problems: [] });
  });

  test('Rego that does not parse: 1, with OPA’s words, file and line', async () => {
    const { code, stdout } = await inFolder('check', { 'bad.rego': UNPARSED });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^error: \S+\/bad\.rego:\d+: unexpected eof token \[POLICY_INVALID\]$/m);
    expect(stdout).toMatch(/^1 policy, 1 error, 0 warnings$/m);
  });

  test('all problems of all policies at once', async () => {
    const files = {
      'a.yaml': policy('bad', UNKNOWN),
      'b.yaml': policy('worse', UNPARSED),
      'c.yaml': policy('good', GOOD),
    };
    const { code, stdout } = await inFolder('check', files, '--output', 'json');
    expect(code).toBe(1);
    const { policies, problems } = json(stdout) as {
      policies: string[];
      problems: Record<string, unknown>[];
    };
    expect(policies).toEqual(['shop/bad', 'shop/worse', 'shop/good']);
    expect(problems).toContainEqual({
      severity: 'error',
      code: 'POLICY_INVALID',
      message: expect.stringMatching(/identiy/),
      file: expect.stringMatching(/a\.yaml$/),
      line: expect.any(Number),
      path: null,
    });
    expect(problems).toContainEqual(expect.objectContaining({ file: expect.stringMatching(/b\.yaml$/) }));
    expect(problems.some(({ file }) => String(file).endsWith('c.yaml'))).toBe(false);
  });

  test('a warning is shown and is no error: 0', async () => {
    const { code, stdout } = await inFolder('check', { 'warned.rego': WARNED });
    expect(stdout).toMatch(/^warning: \S+\/warned\.rego:5: .*to_number.*$/m);
    expect(stdout).toMatch(/^1 policy, 0 errors, 1 warning$/m);
    expect(code).toBe(0);
  });

  test('a resource beside the policies that is invalid: 1, with its line', async () => {
    const files = {
      'a.yaml': policy('good', GOOD),
      'b.yaml': resource('MaskingProfile', 'p', { fieldz: [] }),
    };
    const { code, stdout } = await inFolder('check', files);
    expect(stdout).toMatch(/^error: \S+\/b\.yaml:\d+: .*fieldz.*\[CONFIG_INVALID\]$/m);
    expect(code).toBe(1);
  });
});

describe('test', () => {
  test('all pass: 0, with a table', async () => {
    const { code, stdout } = await inFolder('test', { 'a.yaml': policy('good', GOOD, TESTS) });
    expect(stdout).toMatch(
      /^POLICY +RESULT +TESTS +CASES +SYNTHETIC +COVERAGE\nshop\/good +ok +2\/2 +- +100, \d+ % +100 %\n2 passed, 0 failed, 0 skipped\n$/,
    );
    expect(code).toBe(0);
  });

  test('one fails: 1, with its name, file, line and what it printed', async () => {
    const { code, stdout } = await inFolder('test', { 'good.rego': GOOD, 'good_test.rego': FAILING });
    expect(stdout).toMatch(/^fail: \S*good_test\.rego:9: rankguard\.good_test\.test_wrong$/m);
    expect(stdout).toMatch(/^ {4}looking at x$/m);
    expect(stdout).toMatch(/^2 passed, 1 failed, 1 skipped$/m);
    expect(stdout).toMatch(/FAILED +2\/4/);
    expect(code).toBe(1);
  });

  test('as JSON', async () => {
    const { code, stdout } = await inFolder(
      'test',
      { 'good.rego': GOOD, 'good_test.rego': FAILING },
      '-o',
      'json',
    );
    expect(code).toBe(1);
    const report = json(stdout) as { policies: [{ tests: { name: string; outcome: string }[] }] };
    expect(report).toMatchObject({ passed: 2, failed: 1, skipped: 1 });
    expect(report.policies[0]).toMatchObject({
      policy: expect.any(String),
      ok: false,
      problems: [],
      coverage: null,
    });
    expect(
      report.policies[0].tests.map(({ name, outcome }) => `${outcome} ${name.split('.').at(-1)}`).sort(),
    ).toEqual(['fail test_wrong', 'pass test_others_may_not', 'pass test_users_may', 'skip todo_test_later']);
  });

  test('no tests at all: 0', async () => {
    const { code, stdout } = await inFolder('test', { 'good.rego': GOOD });
    expect(stdout).toMatch(/0\/0 +- +100, \d+ % +-\n0 passed, 0 failed, 0 skipped\n$/);
    expect(code).toBe(0);
  });

  test('tests that do not compile: 1, with the line', async () => {
    const { code, stdout } = await inFolder('test', { 'good.rego': GOOD, 'good_test.rego': UNPARSED });
    expect(stdout).toMatch(/good_test\.rego:4: unexpected eof token/);
    expect(stdout).toMatch(/0 passed, [1-9]\d* failed/);
    expect(code).toBe(1);
  });

  test('resources that are invalid: 65', async () => {
    const { code, stdout, stderr } = await inFolder('test', { 'a.yaml': 'kind: [' });
    expect(stderr).toMatch(/^error: \S+\/a\.yaml:\d+: /);
    expect([code, stdout]).toEqual([65, '']);
  });
});

describe.each(['check', 'test'] as const)('%s of', (command) => {
  test.each([
    ['an empty folder', {}, 66, /holds no \.yaml or \.yml file/],
    ['a folder without policies', { 'a.yaml': PROFILE }, 66, /holds no RerankPolicy/],
    ['a folder whose data are no JSON', { 'good.rego': GOOD, 'data.json': '{' }, 65, /data\.json/],
    ['a folder whose data are a list', { 'good.rego': GOOD, 'data.json': '[]' }, 65, /one object/],
    [
      'a folder with two files of data',
      { 'good.rego': GOOD, 'data.json': '{}', 'data.yaml': '{}' },
      65,
      /keep one of them/,
    ],
  ])('%s', async (_, files, exit, message) => {
    const { code, stdout, stderr } = await inFolder(command, files as Record<string, string>);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([exit, '']);
  });

  test('a folder that is not there, and a file: 66', async () => {
    await withFolder({ 'good.rego': GOOD }, async (folder) => {
      for (const path of [join(folder, 'nowhere'), join(folder, 'good.rego')]) {
        const { code, stderr } = await rankguard(['policy', command, path]);
        expect([code, stderr]).toEqual([66, `${path} is not a folder\n`]);
      }
    });
  });

  test('a folder without the compiler: 69', async () => {
    const findOpa = async () => {
      throw new CodedError('COMPILER_MISSING', 'opa is not here');
    };
    await withFolder({ 'good.rego': GOOD, 'good_test.rego': TESTS }, async (folder) => {
      const { code, stderr } = await rankguard(['policy', command, folder], { findOpa });
      expect(stderr).toContain('opa is not here');
      expect(code).toBe(69);
    });
  });

  test('a folder in colours only where they are wanted', async () => {
    await withFolder({ 'good.rego': GOOD, 'good_test.rego': FAILING }, async (folder) => {
      const plain = await rankguard(['policy', command, folder]);
      const coloured = await rankguard(['policy', command, folder], { color: true });
      expect(plain.stdout).not.toContain('\u001b');
      expect(coloured.stdout).toContain('\u001b[');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken away
      expect(coloured.stdout.replace(/\u001b\[\d+m/g, '')).toBe(plain.stdout);
    });
  });
});
