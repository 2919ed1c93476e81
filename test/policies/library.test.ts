import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  createCompiler,
  disagreements,
  type PolicySource,
  policySources,
  readPolicyDirectory,
  synthesise,
} from '@rankguard/compiler';
import type { Facts } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';
import { readYamlFiles } from '../../cli/src/files.ts';
import { rankguard } from '../cli/io.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const library = join(root, 'policies-rego');
const folders = readdirSync(library).filter((name) => name !== 'schema');
const opa = async () => (await run(join(root, 'tools/opa.sh'))).stdout.trim();
const compiler = createCompiler({ opa });

test('the library is formatted, and passes the strict check with the schema of the facts', async () => {
  const policies = folders.map((name) => join(library, name));
  expect((await run(await opa(), ['fmt', '--list', ...policies])).stdout).toBe('');
  const modules = policies.map((folder) => join(folder, 'policy.rego'));
  await run(await opa(), ['check', '--strict', '--schema', join(library, 'schema'), ...modules]);
}, 30_000);

test('the schema is one: a misspelt fact does not pass', async () => {
  const files = [join(import.meta.dirname, 'testdata/misspelt.rego')];
  const checked = run(await opa(), ['check', '--schema', join(library, 'schema'), ...files]);
  await expect(checked).rejects.toMatchObject({
    stderr: expect.stringContaining('undefined ref: input.identity.group'),
  });
}, 30_000);

test('every policy of the library has no warning, tests that reach all of it, and cases', async () => {
  expect((await rankguard(['policy', 'check', library])).stdout).toBe(
    `${folders.length} policies, 0 errors, 0 warnings\n`,
  );
  const { code, stdout } = await rankguard(['policy', 'test', library, '-o', 'json', '--synthetic', '0']);
  expect(code).toBe(0);
  const { policies } = JSON.parse(stdout) as {
    policies: { coverage: number; cases: unknown[]; tests: unknown[] }[];
  };
  expect(policies).toHaveLength(folders.length);
  for (const policy of policies) {
    expect(policy).toMatchObject({ ok: true, coverage: 100 });
    expect(policy.cases.length).toBeGreaterThan(0);
    expect(policy.tests.length).toBeGreaterThan(0);
  }
}, 120_000);

async function everyPolicy(): Promise<readonly PolicySource[]> {
  const { resources } = readResources(await readYamlFiles(join(root, 'examples/support-search/config')));
  const shipped = await Promise.all(folders.map((name) => readPolicyDirectory(join(library, name))));
  return [...policySources(resources), ...shipped];
}

describe('every policy of the library and the example', () => {
  test('says the same in the sidecar as in OPA, and the same of projected as of whole facts', async () => {
    for (const source of await everyPolicy()) {
      const compiled = await compiler.compile(source);
      if (!compiled.ok) throw new Error(`${source.name} does not compile`);
      let calls: readonly Facts[] = [];
      const evaluation = await compiler.evaluate(source, (constants) => {
        calls = synthesise({ count: 250, seed: 41, constants });
        return calls;
      });
      expect(calls).toHaveLength(250);
      expect([source.name, disagreements(compiled.policy, calls, evaluation!.outputs)]).toEqual([
        source.name,
        [],
      ]);
      // A policy that never says anything would agree with everything.
      const said = new Set(evaluation!.outputs.map((output) => JSON.stringify(output)));
      expect([source.name, said.size > 1 || source.name.match(/diversity|attribute-cap/) !== null]).toEqual([
        source.name,
        true,
      ]);
    }
  }, 120_000);
});
