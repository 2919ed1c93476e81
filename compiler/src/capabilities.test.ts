import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { HOST_BUILTINS } from '@rankguard/sidecar/policy';
import {
  explainMissingBuiltin,
  NATIVE_BUILTINS,
  readCapabilities,
  SUPPORTED_BUILTINS,
} from './capabilities.ts';
import { builtinsOf } from './module-builtins.ts';
import { createOpa } from './opa/index.ts';
import { readFromTarGz } from './opa/tar.ts';

const obtain = fileURLToPath(new URL('../../tools/opa.sh', import.meta.url));
const opa = createOpa({ path: () => execFileSync('sh', [obtain], { encoding: 'utf8' }).trim() });

interface Declared {
  readonly name: string;
  readonly deprecated?: boolean;
  readonly decl: { readonly args?: readonly unknown[] };
}

test('OPA itself compiles every native builtin into the module and asks the host for the others alone', async () => {
  await opa.inDirectory(async (directory) => {
    const { json, known } = await readCapabilities(directory);
    const { builtins } = JSON.parse(json) as { builtins: readonly Declared[] };
    const callable = builtins.filter(
      ({ name, deprecated }) => !deprecated && !/^(internal|rego)\.|^(eq|assign|print)$/.test(name),
    );
    const rules = callable.map(({ name, decl }) => {
      const args = (decl.args ?? []).map((_, index) => `input.a${index}`);
      return `result contains out if out := ${name}(${args.join(', ')})`;
    });
    await directory.write('all.rego', `package all\n${rules.join('\n')}\n`);
    await directory.write('capabilities.json', json);
    const flags = ['-t', 'wasm', '-e', 'all/result', '--capabilities', 'capabilities.json', '-o', 'b.tar.gz'];
    const { stderr, stdout } = await directory.run(['build', ...flags, 'all.rego']);
    expect(stderr + stdout).toBe('');
    const wasm = await readFromTarGz(await directory.read('b.tar.gz'), 'policy.wasm');
    expect(builtinsOf(wasm)).toEqual([...HOST_BUILTINS].toSorted());
    expect(callable.length).toBeGreaterThan(90);
    expect(SUPPORTED_BUILTINS.filter((name) => !known.has(name))).toEqual([]);
  });
});

test('the capabilities allow no network, no later keyword and nothing else', async () => {
  const { json } = await opa.inDirectory(readCapabilities);
  const { builtins, ...rest } = JSON.parse(json) as { builtins: readonly Declared[] };
  expect(rest).toEqual({
    allow_net: [],
    features: ['keywords_in_refs', 'rego_v1', 'template_strings'],
    future_keywords: [],
  });
  expect(builtins.map(({ name }) => name).filter((name) => !SUPPORTED_BUILTINS.includes(name))).toEqual([]);
  for (const name of [
    'http.send',
    'opa.runtime',
    'net.lookup_ip_addr',
    'rand.intn',
    'trace',
    'time.now_ns',
  ]) {
    expect(builtins.map((builtin) => builtin.name)).not.toContain(name);
  }
});

test('a missing builtin is explained with its relatives, and only if OPA has it', () => {
  const known = new Set(['json.patch', 'uuid.rfc4122']);
  expect(explainMissingBuiltin('json.patch', known)).toContain('json.filter');
  expect(explainMissingBuiltin('uuid.rfc4122', known)).toContain('not in the data path');
  expect(explainMissingBuiltin('json.pach', known)).toBeUndefined();
  expect(new Set(NATIVE_BUILTINS).size).toBe(NATIVE_BUILTINS.length);
});
