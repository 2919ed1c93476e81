import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rankguard } from '../cli/io.ts';
import { startProgram, temporaryFolder } from './process.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  world.write();
});
afterAll(() => world.close());

/** `rankguard run` to its own end, in this process: it ends before anything is bound. */
async function refused(...args: string[]) {
  const { code, stdout, stderr } = await rankguard(['run', ...args]);
  expect(stdout).toBe('');
  return { code, stderr };
}

/** The same in a process of its own. */
async function failed(...args: string[]) {
  const program = startProgram(['run', ...args]);
  const { code } = await program.end;
  expect(program.lines.filter(({ msg }) => msg === 'ready')).toEqual([]);
  return { code, stderr: program.stderr() };
}

const usual = () => ['-f', world.config, '--upstream', world.upstream.url, '--state', world.state];
const ANY = ['--listen', '127.0.0.1:0'];

describe('a port that is taken', () => {
  test.each([
    ['for callers', (port: number) => ['--listen', `127.0.0.1:${port}`]],
    ['for admin', (port: number) => [...ANY, '--admin', `127.0.0.1:${port}`]],
  ])('%s: 69', async (_, args) => {
    const { code, stderr } = await failed(...usual(), ...args(world.upstream.port));
    expect(stderr).toMatch(/^cannot listen: .*EADDRINUSE/);
    expect(code).toBe(69);
  });

  test('an address that is not of this machine: 69', async () => {
    const { code, stderr } = await failed(...usual(), '--listen', '192.0.2.1:8787');
    expect(stderr).toMatch(/^cannot listen: .*EADDRNOTAVAIL/);
    expect(code).toBe(69);
  });
});

test('an invalid configuration: 65, with all problems of all files and their lines', async () => {
  const folder = temporaryFolder();
  const resource = (kind: string, name: string, spec: string) =>
    `apiVersion: rankguard.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: e2e}\nspec:\n${spec}`;
  writeFileSync(
    join(folder.path, 'a.yaml'),
    resource('RerankConnection', 'a', '  ingress: {port: 0}\n  maskign: {}\n'),
  );
  writeFileSync(
    join(folder.path, 'b.yml'),
    resource('MaskingProfile', 'b', '  detectors: [{entities: [EMAIL], with: blur}]\n'),
  );
  const { code, stderr } = await failed('-f', folder.path, '--upstream', world.upstream.url, ...ANY);
  folder.remove();
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(5);
  for (const line of lines) expect(line).toMatch(/^error: .*\/[ab]\.ya?ml:\d+.* \[CONFIG_INVALID\]$/);
  expect(stderr).toMatch(/a\.yaml:6.*maskign/);
  expect(stderr).toMatch(/b\.yml:5.*EMAIL/);
  expect(stderr).toMatch(/b\.yml:5.*redact/);
  expect(code).toBe(65);
});

test('a policy that does not compile: 65, with OPA’s words and the line', async () => {
  const other = await createWorld();
  other.write({ rego: 'package rankguard.e2e\n\nallow if nobody_defined_this\n' });
  const { code, stderr } = await refused('-f', other.config, '--upstream', other.upstream.url, ...ANY);
  await other.close();
  expect(stderr).toMatch(/all\.yaml:\d+.*nobody_defined_this/);
  expect(code).toBe(65);
});

test('a folder that is not there: 66', async () => {
  const path = join(world.config, 'nowhere');
  const { code, stderr } = await refused('-f', path, '--upstream', world.upstream.url, ...ANY);
  expect(stderr).toContain(`${path} cannot be read`);
  expect(code).toBe(66);
});

test('a folder without YAML: 66', async () => {
  const folder = temporaryFolder();
  const { code, stderr } = await refused('-f', folder.path, '--upstream', world.upstream.url, ...ANY);
  folder.remove();
  expect(stderr).toContain('holds no .yaml or .yml file');
  expect(code).toBe(66);
});

test('a state folder that cannot be: 66', async () => {
  const file = join(world.config, 'all.yaml');
  const { code, stderr } = await refused(
    '-f',
    world.config,
    '--upstream',
    world.upstream.url,
    ...ANY,
    '--state',
    file,
  );
  expect(stderr).toContain(`${file} cannot be used`);
  expect(code).toBe(66);
});

test('a connection that is not in the folder: 65', async () => {
  const { code, stderr } = await refused(...usual(), ...ANY, '--connection', 'e2e/other');
  expect(stderr).toMatch(/e2e\/other/);
  expect(code).toBe(65);
});
