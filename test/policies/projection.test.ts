import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { completeFacts, createCompiler } from '@rankguard/compiler';
import { createPolicyHost, ENTRYPOINT, HOST_BUILTIN_RUNNER, project } from '@rankguard/sidecar/policy';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../tools/opa.sh');

const REGO = `package rankguard.counts

allow if "readers" in input.identity.groups

deny contains {"code": "LARGE", "message": "Too large."} if input.request.counts.documents > 5000
`;

test('a policy on counts and identity computes the same for 10 and for 1,000 documents', async () => {
  const compiler = createCompiler({ opa: async () => (await run(script)).stdout.trim() });
  const locate = (file: string, line: number) => ({ file, line });
  const source = {
    name: 'counts',
    scope: 'namespace',
    mode: 'enforce',
    data: {},
    tests: {},
    locate,
  } as const;
  const result = await compiler.compile({ ...source, modules: { 'policy.rego': REGO } });
  if (!result.ok) throw new Error('it does not compile');
  const { wasm, data, projection } = result.policy;
  const host = createPolicyHost({
    name: 'counts',
    wasm: Buffer.from(wasm, 'base64'),
    data,
    entrypoint: ENTRYPOINT,
    builtins: HOST_BUILTIN_RUNNER,
  });
  const fuelFor = (count: number) => {
    const { facts } = completeFacts({
      'identity.groups': ['guests', 'readers'],
      'request.documents': Array.from({ length: count }, () => ({ text: 'x'.repeat(600), fields: { a: 1 } })),
      // The same number of digits: only the documents differ.
      'request.counts.documents': 1000,
    });
    const input = Buffer.from(JSON.stringify(project(facts, projection)));
    host.evaluate(input);
    return [input.length, host.fuel];
  };
  expect(fuelFor(1000)).toEqual(fuelFor(10));
}, 30_000);
