import { describe, expect, test } from '@jest/globals';
import { codeOf } from '@rankguard/contract';
import { compileMetered, compileWasm, opaEval } from '../../../test/support/opa-policy.ts';
import { HOST_BUILTIN_RUNNER } from './builtins/index.ts';
import { createPolicyHost, type PolicyHost, type PolicyHostOptions } from './host.ts';

const ENTRYPOINT = 'rankguard/main/result';
const compile = (rego: string): Uint8Array =>
  compileMetered({ 'main.rego': `package rankguard.main\n\n${rego}\n` });

function host(rego: string | Uint8Array, options: Partial<PolicyHostOptions> = {}): PolicyHost {
  const wasm = typeof rego === 'string' ? compile(rego) : rego;
  return createPolicyHost({
    name: 'shop/test',
    wasm,
    data: '{}',
    entrypoint: ENTRYPOINT,
    builtins: HOST_BUILTIN_RUNNER,
    ...options,
  });
}
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function thrown(act: () => unknown): { code: string | undefined; message: string } {
  try {
    act();
  } catch (error) {
    return { code: codeOf(error), message: (error as Error).message };
  }
  return { code: undefined, message: 'nothing was thrown' };
}

const EVERYTHING = String.raw`
result.sum := sum([n | some n in input.numbers])
result.words := {upper(w) | some w in input.words}
result.team[t] := count([d | some d in input.documents; d.team == t]) if some t in data.teams
result.text := sprintf("%v %d %s %q", [input.documents, input.numbers[0], "é", input.words])
result.nested := object.union({"a": {"b": 1}}, {"a": {"c": input.words[0]}})
result.found := {w | some w in input.words; regex.match("^[a-z]+\\d$", w)}
result.globs := {w | some w in input.words; glob.match("*.example.com", ["."], w)}
result.ip := net.cidr_contains("10.0.0.0/8", input.ip)
result.split := split(input.csv, ",")
result.walked := count([1 | walk(input, _)])
result.digest := crypto.sha256(input.csv)
result.newest := semver.compare("1.10.0", "1.9.0")
result.bytes := units.parse_bytes("1.5Ki")
`;
const INPUT = {
  numbers: [1, 2.5, -3, 1e21, 9007199254740991],
  words: ['abc1', 'é', 'x.example.com', 'Zoë 🎉', 'line\nbreak\u0007"\\'],
  documents: [{ team: 'a', deep: { x: [null, true] } }, { team: 'b' }, { team: 'a' }],
  ip: '10.1.2.3',
  csv: 'a,b,,c',
};
const DATA = { teams: ['a', 'b', 'z'] };

describe('a policy host', () => {
  test('evaluates as opa eval does, metered or not, call after call', () => {
    const expected = opaEval('data.rankguard.main.result', `package rankguard.main\n${EVERYTHING}`, {
      input: INPUT,
      data: DATA,
    }) as Record<string, unknown>;
    const sorted = (value: Record<string, unknown>): Record<string, unknown> => ({
      ...value,
      words: (value['words'] as string[]).toSorted(),
      found: (value['found'] as string[]).toSorted(),
    });
    const { evaluate } = host(EVERYTHING, { data: JSON.stringify(DATA) });
    for (let round = 0; round < 3; round += 1) {
      expect(sorted(evaluate(bytes(INPUT)) as Record<string, unknown>)).toEqual(sorted(expected));
    }
  });

  test('gives back all memory with each evaluation', () => {
    const policy = host('result.n := count([d | some d in input.documents; d.team == "a"])');
    const small = bytes({ documents: INPUT.documents });
    const large = bytes({ documents: Array.from({ length: 20_000 }, (_, index) => ({ team: 'a', index })) });
    expect(policy.evaluate(large)).toEqual({ n: 20_000 });
    const { memoryBytes } = policy;
    for (let round = 0; round < 20_000; round += 1) policy.evaluate(small);
    for (let round = 0; round < 3; round += 1) policy.evaluate(large);
    expect(policy.memoryBytes).toBe(memoryBytes);
  });

  test('burns the same fuel for the same input', () => {
    const policy = host(EVERYTHING, { data: JSON.stringify(DATA) });
    // The very first evaluation also sets up the module's own tables.
    policy.evaluate(bytes(INPUT));
    policy.evaluate(bytes(INPUT));
    const first = policy.fuel;
    policy.evaluate(bytes({ ...INPUT, csv: 'x'.repeat(5000) }));
    policy.evaluate(bytes(INPUT));
    expect(policy.fuel).toBe(first);
  });

  test('pays for what a host builtin does', () => {
    const fuel = 1_000_000;
    const policy = host('result := crypto.sha256(input.text)', { fuel });
    const burnt = (length: number): number => {
      const input = bytes({ text: 'x'.repeat(length) });
      policy.evaluate(input);
      return fuel + 8 * input.length - policy.fuel;
    };
    burnt(0);
    // The module burns 24 units to hand a character over; reading and hashing it come on top.
    expect(burnt(20_000) - burnt(0)).toBeGreaterThan(26 * 20_000);
  });

  test('starts afresh after a fault: the memory that was taken is gone', () => {
    const rego =
      'result := count([t | some i in numbers.range(1, input.n); t := concat("", [input.text, format_int(i, 10)])])';
    const policy = host(rego, { fuel: 100_000_000 });
    const before = policy.memoryBytes;
    const text = 'x'.repeat(100_000);
    expect(thrown(() => policy.evaluate(bytes({ n: 1000, text })))).toEqual({
      code: 'POLICY_RUNAWAY',
      message: 'shop/test: the budget of memory is used up',
    });
    expect(policy.memoryBytes).toBe(before);
    expect(policy.evaluate(bytes({ n: 3, text: 'y' }))).toBe(3);
  });

  test.each([
    ['nothing', ''],
    ['half an object', '{"a": 1'],
    ['a word', 'undefined'],
    ['a set', '{1, 2}'],
    ['a lone surrogate', '{"a": "\\ud800"}'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('never evaluates without an input: %s', (_, input) => {
    const policy = host('default result := {"allow": true}\nresult := {"allow": false} if input.a == 1');
    expect(policy.evaluate(bytes({ a: 2 }))).toEqual({ allow: true });
    expect(thrown(() => policy.evaluate(Buffer.from(input))).code).toBe('POLICY_FAULT');
    expect(policy.evaluate(bytes({ a: 1 }))).toEqual({ allow: false });
  });

  test.each<[string, string, string]>([
    ['an undefined result', 'result := 1 if input.x == 1', 'the result is undefined'],
    ['a conflict', 'f := input.a\nf := input.b\nresult := f', 'conflict'],
    ['a failing builtin', 'result := semver.compare(input.a, "1.0.0")', 'semver.compare: operand 1'],
    ['a wrong type for a builtin', 'result := crypto.sha256(input.words)', 'must be string but got array'],
  ])('%s is a fault that names the policy, and the next call works', (_, rego, message) => {
    const policy = host(`${rego}\nelse := "fine" if input.fine`.replace('else :=', 'result :='));
    const bad = { a: 'one', b: 'two', words: [] };
    const failure = thrown(() => policy.evaluate(bytes(bad)));
    expect(failure.code).toBe('POLICY_FAULT');
    expect(failure.message).toContain(message);
    expect(failure.message.startsWith('shop/test: ')).toBe(true);
    expect(policy.evaluate(bytes({ fine: true }))).toBe('fine');
  });
});

describe('a policy host refuses', () => {
  const unmetered = compileWasm({ 'main.rego': 'package rankguard.main\nresult.allow := true\n' });

  test.each<[string, () => unknown, string]>([
    ['a module that is not metered', () => host(unmetered), 'it is not metered'],
    ['no module', () => host(Buffer.from('no module')), 'shop/test: '],
    [
      'a builtin that it does not have',
      () => host('result := http.send({"method": "get", "url": input.url})'),
      'it calls http.send, which the data path does not have',
    ],
    [
      'an entrypoint that is not there',
      () => host('result := 1', { entrypoint: 'rankguard/main/other' }),
      'it has no entrypoint rankguard/main/other',
    ],
    ['data that is not JSON', () => host('result := data.x', { data: '{' }), 'cannot read its input'],
    ['less memory than it needs', () => host('result := 1', { memoryMaxPages: 1 }), 'shop/test: '],
  ])('%s', (_, act, message) => {
    const failure = thrown(act);
    expect(failure.code).toBe('POLICY_FAULT');
    expect(failure.message).toContain(message);
  });
});
