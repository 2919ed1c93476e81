import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly modules: Record<string, string>;
    readonly tests?: Record<string, string>;
    readonly data?: Record<string, unknown>;
  };
}

const run = promisify(execFile);
const config = new URL('../config/', import.meta.url);
const obtain = fileURLToPath(new URL('../../../tools/opa.sh', import.meta.url));

const resources = readdirSync(config).map((file) => parse(readFileSync(new URL(file, config), 'utf8')));
const policies = resources.filter((one: { kind: string }) => one.kind === 'RerankPolicy') as Policy[];
const root = mkdtempSync(join(tmpdir(), 'rankguard-example-'));
let opa = '';

beforeAll(async () => {
  opa = (await run('sh', [obtain])).stdout.trim();
  for (const { metadata, spec } of policies) {
    mkdirSync(join(root, metadata.name));
    for (const [name, text] of Object.entries({ ...spec.modules, ...spec.tests })) {
      writeFileSync(join(root, metadata.name, name), text);
    }
    writeFileSync(join(root, metadata.name, 'data.json'), JSON.stringify(spec.data ?? {}));
  }
}, 300_000);
afterAll(() => rmSync(root, { recursive: true }));

test('the connection names every policy of the directory and no other', () => {
  const connection = resources.find((one: { kind: string }) => one.kind === 'RerankConnection');
  const named = connection.spec.policies.map((one: { name: string }) => one.name).sort();
  expect(named).toEqual(policies.map(({ metadata }) => metadata.name).sort());
});

describe.each(policies.map((policy) => [policy.metadata.name, policy] as const))('%s', (name, policy) => {
  const directory = join(root, name);

  test('is formatted and passes the strict check', async () => {
    expect((await run(opa, ['fmt', '--list', directory])).stdout).toBe('');
    await run(opa, ['check', '--strict', directory]);
  });

  test('passes its own tests', async () => {
    expect(Object.keys(policy.spec.tests ?? {})).toHaveLength(1);
    const { stdout } = await run(opa, ['test', '--format', 'json', directory]);
    const results = JSON.parse(stdout) as { fail?: boolean; error?: unknown }[];
    expect(results.length).toBeGreaterThanOrEqual(2);
    expect(results.filter((result) => result.fail || result.error)).toEqual([]);
  });
});
