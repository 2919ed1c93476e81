import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { formatProblem } from '@rankguard/contract';
import { createPolicySet } from '@rankguard/sidecar/policy';
import { createCompiler } from './compile.ts';
import type { PolicySource } from './policy-source.ts';
import { readPolicyDirectory } from './read-directory.ts';
import { cannedFacts } from './try-out.ts';

const root = mkdtempSync(join(tmpdir(), 'rankguard-compile-test-'));
afterAll(() => rmSync(root, { recursive: true }));
const obtain = fileURLToPath(new URL('../../tools/opa.sh', import.meta.url));
const opa = execFileSync('sh', [obtain], { encoding: 'utf8' }).trim();
const compiler = createCompiler({ opa });

function source(rego: string | Record<string, string>, more: Partial<PolicySource> = {}): PolicySource {
  const modules = typeof rego === 'string' ? { 'a.rego': `package rankguard.example\n${rego}` } : rego;
  const locate: PolicySource['locate'] = (file, line) => ({ file: `policy.yaml#${file}`, line: line + 100 });
  return {
    name: 'shop/example',
    scope: 'namespace',
    mode: 'enforce',
    modules,
    data: {},
    tests: {},
    locate,
    ...more,
  };
}
async function problemsOf(rego: string | Record<string, string>, more?: Partial<PolicySource>) {
  const problems = await compiler.check(source(rego, more));
  return problems.map((problem) => `${problem.severity} ${formatProblem(problem)}`);
}

const THREE_RULES = `
allow if "readers" in input.identity.groups

deny contains {"code": "DATASET_FORBIDDEN", "message": msg} if {
	input.request.dataset == "secret"
	msg := sprintf("%v may not", [input.identity.subject])
}

drop contains {"index": d.index, "reason": "OTHER_TEAM"} if {
	some d in input.request.documents
	not visible(d)
}

visible(d) if data.teams[d.id] in input.identity.groups
`;
const TEAMS = { teams: { 'doc-1': 'readers' } };

describe('a policy that compiles', () => {
  test('says in the real host what it says', async () => {
    const result = await compiler.compile(source(THREE_RULES, { data: TEAMS, mode: 'enforce' }));
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.policy).toMatchObject({
      name: 'shop/example',
      scope: 'namespace',
      mode: 'enforce',
      codes: ['DATASET_FORBIDDEN', 'OTHER_TEAM'],
      builtins: ['sprintf'],
      data: JSON.stringify(TEAMS),
      projection: {
        identity: { groups: true, subject: true },
        request: { dataset: true, documents: { '*': { id: true, index: true } } },
      },
    });
    expect(result.warnings).toEqual([]);
    const set = createPolicySet([result.policy]);
    const facts = cannedFacts('request', 3);
    const reader = { ...facts, identity: { ...facts.identity, groups: ['readers'] } };
    expect(set.decide(facts, 'request').verdict).toMatchObject({
      kind: 'deny',
      reason: { code: 'NOT_ALLOWED' },
    });
    expect(set.decide(reader, 'request').verdict).toMatchObject({
      kind: 'allow',
      obligations: { drop: [{ index: 0 }, { index: 2 }] },
    });
    const secret = { ...reader, request: { ...reader.request, dataset: 'secret' } };
    expect(set.decide(secret, 'request').verdict).toMatchObject({
      reason: { policyCode: 'DATASET_FORBIDDEN', message: 'someone may not' },
    });
  });

  test('may keep helpers in libraries and several files', async () => {
    const modules = {
      'a.rego':
        'package rankguard.example\nimport data.rankguard.lib.teams\nallow if teams.mine(input.identity)',
      'b.rego': 'package rankguard.example\nlimit contains {"documents": 5, "truncate": true}',
      'lib.rego': 'package rankguard.lib.teams\nmine(who) if who.kind == "user"',
    };
    const result = await compiler.compile(source(modules));
    expect(result).toMatchObject({ ok: true, policy: { projection: { identity: { kind: true } } } });
  });

  test('has a digest of its sources and data, not of its name, mode and tests', async () => {
    const digest = async (rego: string, more?: Partial<PolicySource>) => {
      const result = await compiler.compile(source(rego, more));
      return result.ok && result.policy.digest;
    };
    const first = await digest('allow := true');
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await digest('allow := true', { name: 'b', mode: 'shadow', tests: { 't.rego': 'x' } })).toBe(
      first,
    );
    expect(await digest('allow := true\n')).not.toBe(first);
    expect(await digest('allow := true', { data: { a: 1 } })).not.toBe(first);
  });
});

describe('a policy that does not compile', () => {
  const ALLOW = 'allow := true\n';
  test.each<readonly [string, string | Record<string, string>, string]>([
    ['syntax', 'allow if {', 'policy.yaml#a.rego:102: '],
    ['Rego v0', 'allow { true }', 'policy.yaml#a.rego:102: `if` keyword is required before rule body'],
    [
      'an unknown fact',
      'allow if input.documents',
      'input.documents is not a fact; did you mean input.request.documents?',
    ],
    ['a misspelt fact', 'allow if input.identity.group', 'did you mean input.identity.groups?'],
    [
      'an unknown member of an element',
      'allow if input.request.documents[_].txt',
      'did you mean input.request.documents[_].text?',
    ],
    ['types that never match', 'allow if input.phase == 4', 'their types differ'],
    [
      'a builtin of OPA alone',
      'allow if time.now_ns() > 3',
      'time.now_ns exists in OPA but not in the data path',
    ],
    ['a builtin with another in its place', 'allow if regex.globs_match("a", "b")', 'use glob.match'],
    ['a builtin with relatives', 'allow if json.patch({}, []) == {}', 'of json.* it has json.filter'],
    [
      'an output that is none',
      `${ALLOW}denials contains {"code": "A", "message": "m"}`,
      'denials is no output of a policy, and no rule uses it; did you mean deny?',
    ],
    [
      'a mask of nothing',
      `${ALLOW}mask contains {"path": "document[*].fields.email", "with": "redact"}`,
      'mask.path: the facts have nothing at `document[*].fields.email` that can be masked; it can be query,',
    ],
    ['the network', 'allow if http.send({"url": "x"})', 'http.send exists in OPA but not in the data path'],
    ['a later keyword', 'import future.keywords.not\nallow := true', 'policy.yaml#a.rego:102'],
    ['an unknown function', 'allow if nonsense(1)', 'undefined function nonsense'],
    ['recursion', 'allow if p\np if q\nq if p', 'recursive'],
    ['no rule that acts', 'x := 1', 'defines none of allow, deny, mask, drop, limit'],
    [
      'hold',
      `${ALLOW}hold contains {"tier": "high"}`,
      'policy.yaml#a.rego:103: hold is not available in this version',
    ],
    [
      'a verb of rank that is none',
      `${ALLOW}rank contains {"verb": "lift"}`,
      'rank.verb "lift" is not one of',
    ],
    [
      'a floor without a score',
      `${ALLOW}rank contains {"verb": "floor"}`,
      'this item of rank floor lacks "min_score"',
    ],
    [
      'a group that is not known beforehand',
      `${ALLOW}rank contains {"verb": "cap", "by": input.request.query, "max": 1}`,
      'rank.by must be a constant',
    ],
    [
      'a group that is no attribute',
      `${ALLOW}rank contains {"verb": "cap", "by": "text", "max": 1}`,
      'rank.by "text" is neither id nor a path below fields',
    ],
    [
      'both bounds',
      `${ALLOW}rank contains {"verb": "diversify", "by": "id", "top": 2, "max": 1, "max_share": 0.5}`,
      'either "max" or "max_share"',
    ],
    ['allow as a set', 'allow contains "a"', 'allow is true or false: write'],
    ['allow as a text', 'allow := "yes"', 'allow is true or false, not a string'],
    ['allow as a function', 'allow(x) if x', 'allow is true or false: write'],
    [
      'deny as a value',
      'deny if true',
      'deny is a set: write `deny contains {"code": …, "message": …} if { … }`',
    ],
    [
      'deny of a text',
      'deny contains "no"',
      'an item of deny is an object with "code" and "message", not a string',
    ],
    [
      'a code that is computed',
      'deny contains {"code": input.request.model, "message": "m"}',
      'deny.code must be a constant',
    ],
    [
      'a whole item that is computed',
      'deny contains x if some x in data.denials',
      'deny: the reason code must be a constant',
    ],
    ['a code in small letters', 'deny contains {"code": "no", "message": "m"}', 'must be capitals'],
    ['a missing member', 'drop contains {"index": 1}', 'this item of drop lacks "reason"'],
    ['an unknown member', 'limit contains {"documents": 1, "cut": true}', 'an item of limit has no "cut"'],
    [
      'an unknown strategy',
      'mask contains {"path": "query", "with": "hide"}',
      'mask.with "hide" is not one of redact,',
    ],
    [
      'another package',
      { 'a.rego': 'package shop\nallow := true' },
      'package shop is outside rankguard: name it rankguard.shop',
    ],
    [
      'the reserved package',
      { 'a.rego': 'package rankguard.main\nallow := true' },
      'package rankguard.main is reserved',
    ],
    ['only a library', { 'a.rego': 'package rankguard.lib.a\nallow := true' }, 'no package contributes'],
    ['no module', {}, 'the policy has no Rego module'],
    [
      'too much source',
      { 'a.rego': `package rankguard.a\n#${'x'.repeat(257 * 1024)}` },
      'a policy may have 262144',
    ],
    [
      'output that the host refuses',
      'mask contains {"path": concat("", []), "with": "redact"}',
      'a made-up request with 0 documents ends in a fault: the output is malformed',
    ],
    [
      'a loop without end',
      'allow if {\n some i in numbers.range(1, 100000)\n some j in numbers.range(1, 100000)\n i + j < 0\n}',
      'the budget of computation is used up',
    ],
  ])('%s', async (_, rego, message) => {
    const result = await compiler.compile(source(rego));
    const problems = result.ok ? [] : result.problems;
    expect(problems.filter(({ severity }) => severity === 'error').map(formatProblem)).toContainEqual(
      expect.stringContaining(message),
    );
  });

  test('two packages are told apart, by name', async () => {
    const modules = {
      'a.rego': 'package rankguard.a\nallow := true',
      'b.rego': 'package rankguard.b\nallow := true',
    };
    expect(await problemsOf(modules)).toEqual([
      expect.stringMatching(
        /policy\.yaml#b\.rego:101: one policy is one package, but there are rankguard\.a, rankguard\.b/,
      ),
    ]);
  });

  test('data in the place of rules, and too much data', async () => {
    expect(await problemsOf(ALLOW, { data: { rankguard: {} } })).toEqual([
      expect.stringContaining('data.rankguard is where the rules are'),
    ]);
    expect(await problemsOf(ALLOW, { data: { a: 'x'.repeat(10 * 1024 * 1024) } })).toEqual([
      expect.stringContaining('a policy may have 10485760'),
    ]);
  });

  test('says everything at once, each thing once, in the order of the file', async () => {
    const rego =
      'allow := 1\ndeny contains "a"\nmask contains {"path": 1}\nhold contains 1\ndrop contains 3 if input.x';
    const problems = await problemsOf(rego, {
      tests: { 't.rego': 'package rankguard.example_test\ntest_a if nope(1)' },
    });
    const lines = problems.map((problem) => /rego:(\d+)/.exec(problem)?.[1]);
    expect(lines).toEqual(['102', '103', '104', '105', '106', '106', '102']);
    expect(new Set(problems).size).toBe(problems.length);
  });

  test("a file name cannot lead out of the compiler's directory", async () => {
    const modules = { '../../../tmp/evil.rego': 'package rankguard.a\nallow := input.nothing' };
    expect(await problemsOf(modules)).toEqual([
      expect.stringContaining('policy.yaml#../../../tmp/evil.rego:102: '),
    ]);
  });

  test('a compiler that takes too long is a problem of the policy', async () => {
    const path = join(root, 'slow-opa');
    const body = `case $1 in version|capabilities) exec ${opa} "$@";; *) exec sleep 60;; esac`;
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    const result = await createCompiler({ opa: path, wallMs: 1500 }).compile(source(ALLOW));
    expect(result).toMatchObject({
      ok: false,
      problems: [{ code: 'COMPILER_FAILED', path: 'shop/example' }],
    });
  });

  test('a compiler that is not there is a fault', async () => {
    const missing = createCompiler({ opa: join(root, 'nothing') });
    for (const ask of [missing.compile, missing.check, missing.test]) {
      await expect(ask(source(ALLOW))).rejects.toMatchObject({ code: 'COMPILER_MISSING' });
    }
  });
});

describe('what could silence a rule', () => {
  const deny = (body: string) => `deny contains {"code": "A", "message": "m"} if {\n${body}\n}`;
  test.each([
    [
      'to_number',
      deny('to_number(input.identity.claims.level) > 3'),
      'input.identity.claims.level may not be a number',
    ],
    [
      'division',
      deny('input.request.counts.bytes / input.usage.hour.calls > 3'),
      'input.usage.hour.calls may be 0',
    ],
    [
      'remainder',
      deny('input.usage.hour.calls % input.usage.hour.rows == 3'),
      'input.usage.hour.rows may be 0',
    ],
    [
      'a pattern from data',
      deny('regex.match(data.p, input.request.query)'),
      'the pattern data.p may not be a valid one',
    ],
    ['a match of anything', deny('regex.match("a", input.request.documents[_].fields.a)'), 'may not be text'],
    ['json', deny('json.unmarshal(input.request.query).a'), 'input.request.query may not be JSON'],
    [
      'in a helper',
      `${deny('risky(input.identity)')}\nrisky(who) if to_number(who.claims.a) > 1`,
      'who.claims.a may not be a number',
    ],
    [
      'in a rule',
      `${deny('risky')}\nrisky if to_number(input.identity.claims.a) > 1`,
      'input.identity.claims.a may not be a number',
    ],
    [
      'a member that helpers lack',
      `${deny('f(input.identity)')}\nf(who) if who.name == "a"`,
      'input.identity.name is not a fact',
    ],
    ['data that is not there', deny('data.people[_] == "a"'), 'the policy has no data called "people"'],
  ])('%s', async (_, rego, message) => {
    const problems = await problemsOf(rego, { data: { p: 'a' } });
    expect(problems).toEqual([expect.stringMatching(/^warning /)]);
    expect(problems[0]).toContain(message);
  });

  test.each([
    ['in allow, where silence denies', 'allow if to_number(input.identity.claims.a) > 1'],
    ['what is asked not to be so', deny('not to_number(input.identity.claims.a) > 1')],
    [
      'a type that fits',
      deny('regex.match("a", input.request.query)\nto_number(input.usage.hour.calls) > 1'),
    ],
    ['a constant divisor', deny('input.usage.hour.calls / 2 > 1')],
    [
      'a divisor that was tested',
      deny('input.usage.hour.calls != 0\ninput.usage.hour.cost / input.usage.hour.calls > 3'),
    ],
    ['a text that was tested', deny('t := input.identity.claims.a\nis_string(t)\nregex.match("a", t)')],
    ['a lowered text', deny('regex.match("a", lower(input.request.query))')],
  ])('%s is nothing to warn of', async (_, rego) => {
    expect(await problemsOf(rego)).toEqual([]);
  });
});

describe('the cache', () => {
  const cacheDir = join(root, 'cache');
  const pathless = () => {
    throw new Error('opa was asked for');
  };

  test('answers without opa, for any name and mode, with the same warnings', async () => {
    const rego = 'allow := true\nlimit contains {"documents": 1} if to_number(input.identity.claims.a) > 1';
    const first = await createCompiler({ opa, cacheDir }).compile(source(rego));
    const again = await createCompiler({ opa: pathless, cacheDir }).compile(source(rego));
    expect(again).toEqual(first);
    expect(first).toMatchObject({ ok: true, warnings: [{ severity: 'warning' }] });
    const shadow = await createCompiler({ opa: pathless, cacheDir }).compile(
      source(rego, { name: 'other', mode: 'shadow' }),
    );
    expect(shadow).toMatchObject({ ok: true, policy: { name: 'other', mode: 'shadow' } });
  });

  test('does not trust an entry that was changed', async () => {
    const good = await createCompiler({ opa, cacheDir }).compile(source('allow := false'));
    for (const file of readdirSync(cacheDir)) {
      const text = readFileSync(join(cacheDir, file), 'utf8');
      writeFileSync(join(cacheDir, file), text.replace('"codes":[]', '"codes":["X"]'));
    }
    expect(await createCompiler({ opa, cacheDir }).compile(source('allow := false'))).toEqual(good);
    await expect(
      createCompiler({ opa: pathless, cacheDir }).compile(source('allow := true')),
    ).rejects.toMatchObject({
      code: 'COMPILER_MISSING',
    });
  });

  test('that cannot be written costs time, not the policy', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    expect(await createCompiler({ opa, cacheDir: file }).compile(source('allow := true'))).toMatchObject({
      ok: true,
    });
  });

  test('keeps no policy that failed', async () => {
    const dir = join(root, 'empty');
    await createCompiler({ opa, cacheDir: dir }).compile(source('allow := 1'));
    expect(() => readdirSync(dir)).toThrow();
  });
});

describe('tests of a policy', () => {
  const rego = 'allow if input.phase == "request"\nallow if data.open';
  const testing = (tests: string, data = {}) =>
    compiler.test(
      source(rego, {
        data,
        tests: { 't.rego': `package rankguard.example_test\nimport data.rankguard.example\n${tests}` },
      }),
    );

  test('each has its name, place, outcome and output', async () => {
    const report = await testing(
      'test_good if example.allow with input as {"phase": "request"}\ntest_bad if {\n\tprint("why", 1)\n\texample.allow with input as {}\n}\ntodo_test_later if false',
    );
    expect(report).toMatchObject({ ok: false, problems: [], coverage: null });
    expect(report.tests).toEqual([
      expect.objectContaining({
        name: 'rankguard.example_test.test_good',
        outcome: 'pass',
        file: 'policy.yaml#t.rego',
        line: 103,
      }),
      expect.objectContaining({
        name: 'rankguard.example_test.test_bad',
        outcome: 'fail',
        line: 104,
        output: 'why 1',
      }),
      expect.objectContaining({ name: 'rankguard.example_test.todo_test_later', outcome: 'skip' }),
    ]);
    expect(report.tests.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
  });

  test('see the data, and coverage counts the policy alone', async () => {
    const half = await testing('test_a if example.allow with input as {"phase": "request"}');
    const all = await testing(
      'test_a if example.allow with input as {"phase": "request"}\ntest_b if example.allow with input as {}',
      { open: true },
    );
    expect(all).toMatchObject({ ok: true, coverage: 100 });
    expect(half.coverage).toBeLessThan(100);
  });

  test('may use only what the data path has', async () => {
    const report = await testing('test_a if time.now_ns() > 0');
    expect(report).toMatchObject({ ok: false, tests: [], coverage: null });
    expect(report.problems.map(formatProblem)).toEqual([
      expect.stringContaining('policy.yaml#t.rego:103: time.now_ns exists in OPA but not in the data path'),
    ]);
  });

  test('must pass before a policy is released', async () => {
    const passing =
      'package rankguard.example_test\nimport data.rankguard.example\ntest_deny if not example.allow';
    const failing = passing.replace('not example.allow', 'example.allow');
    const allow = 'allow if "readers" in input.identity.groups';
    const released = await compiler.release(source(allow, { tests: { 'a_test.rego': passing } }));
    expect(released.ok).toBe(true);
    const refused = await compiler.release(source(allow, { tests: { 'a_test.rego': failing } }));
    if (refused.ok) throw new Error('a failing test must refuse the policy');
    expect(refused.problems).toMatchObject([
      { severity: 'error', code: 'POLICY_TEST_FAILED', file: 'policy.yaml#a_test.rego', line: 103 },
    ]);
    expect(refused.problems[0]?.message).toContain('test_deny: fail');
  });

  test('none is no failure', async () => {
    expect(await compiler.test(source(rego))).toEqual({ ok: true, tests: [], problems: [], coverage: null });
  });
});

describe('a policy from a folder', () => {
  const folder = (name: string, files: Record<string, string>) => {
    const path = join(root, name);
    mkdirSync(path);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return path;
  };

  test('modules, tests and data are told apart, and places are paths', async () => {
    const path = folder('mine', {
      'a.rego': 'package rankguard.mine\nallow if data.open\ndeny contains "x"',
      'a_test.rego': 'package rankguard.mine_test\ntest_a if data.rankguard.mine.allow',
      'data.yaml': 'open: true\n',
      'README.md': 'not Rego',
    });
    const read = await readPolicyDirectory(path);
    expect(read).toMatchObject({ name: 'mine', scope: 'namespace', mode: 'enforce', data: { open: true } });
    expect([Object.keys(read.modules), Object.keys(read.tests)]).toEqual([['a.rego'], ['a_test.rego']]);
    expect((await compiler.check(read)).map(formatProblem)).toEqual([
      expect.stringContaining(`${join(path, 'a.rego')}:3: an item of deny`),
    ]);
    expect(await compiler.test(read)).toMatchObject({
      ok: true,
      tests: [{ file: join(path, 'a_test.rego'), line: 2 }],
    });
  });

  test.each([
    ['data that is no object', { 'data.json': '[]' }, /the data of a policy are one object/],
    ['data that is no JSON', { 'data.json': '{' }, /data\.json: /],
    ['data twice', { 'data.json': '{}', 'data.yaml': '' }, /keep one of them/],
  ])('%s', async (name, files, message) => {
    const path = folder(name.replaceAll(' ', '-'), files);
    await expect(readPolicyDirectory(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(readPolicyDirectory(path)).rejects.toThrow(message);
  });
});
