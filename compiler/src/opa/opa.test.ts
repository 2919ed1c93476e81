import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createOpa, OPA_VERSION, type OpaResult } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'rankguard-opa-test-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A stand-in for opa that misbehaves as it is told to. */
function standIn(name: string, version: string = OPA_VERSION): string {
  const path = join(root, name);
  const script = `#!/bin/sh
case $1 in
  version) echo 'Version: ${version}' ;;
  env) env ;;
  limit) ulimit -d ;;
  sleep) exec sleep 60 ;;
  flood) exec yes ;;
  crash) echo 'fatal error: runtime: out of memory' >&2; exit 2 ;;
  kill) kill -9 $$ ;;
  refuse) echo 'no' >&2; exit 1 ;;
  overlap)
    : >${root}/running.$$; : >${root}/started.$$
    until [ $(ls ${root} | grep -c started) -ge 2 ]; do sleep 0.05; done
    ls ${root} | grep -c running; sleep 0.1; rm ${root}/running.$$ ;;
esac
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

const opa = createOpa({ path: standIn('opa') });
const run = (what: string, wallMs?: number): Promise<OpaResult> =>
  opa.inDirectory((directory) => directory.run([what], wallMs === undefined ? {} : { wallMs }));

describe('a child process in bounds', () => {
  test('sees nothing of our environment', async () => {
    const { stdout } = await run('env');
    const names = stdout.split('\n').map((line) => line.split('=', 1)[0]);
    expect(names).not.toContain('npm_config_cache');
    const known = ['HOME', 'TMPDIR', 'GOMEMLIMIT', 'GOMAXPROCS', 'PWD', 'OLDPWD', 'PATH', 'SHLVL', '_', ''];
    expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });

  test('has a memory limit where the system has one', async () => {
    const { stdout } = await run('limit');
    expect(stdout.trim()).toBe(process.platform === 'linux' ? String(768 * 1024) : stdout.trim());
  });

  test.each([
    ['sleep', 'opa sleep took longer than 300 ms and was stopped', 300],
    ['flood', 'opa flood wrote too much output and was stopped', 20_000],
    ['crash', 'opa crash crashed: fatal error: runtime: out of memory', 20_000],
    ['kill', 'opa kill was stopped by SIGKILL', 20_000],
  ])('%s is a fault', async (what, message, wallMs) => {
    await expect(run(what, wallMs)).rejects.toMatchObject({ code: 'COMPILER_FAILED', message });
  });

  test('an error that it reports itself is a result', async () => {
    expect(await run('refuse')).toEqual({ status: 1, stdout: '', stderr: 'no\n' });
  });

  test('never more than two run at once', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => run('overlap')));
    const counts = results.map(({ stdout }) => Number(stdout));
    expect(Math.max(...counts)).toBe(2);
  });

  test('its directory is private and goes away, also after a fault', async () => {
    let home = '';
    const work = opa.inDirectory(async (directory) => {
      await directory.write('policy.rego', 'package a');
      home = (await directory.run(['env'])).stdout.match(/^HOME=(.*)$/m)?.[1] ?? '';
      expect(readdirSync(home)).toEqual(['policy.rego']);
      throw new Error('the work failed');
    });
    await expect(work).rejects.toThrow('the work failed');
    expect(existsSync(home)).toBe(false);
  });
});

describe('the pinned version', () => {
  const using = (path: Parameters<typeof createOpa>[0]['path']) =>
    createOpa({ path }).inDirectory((directory) => directory.run(['refuse']));

  test.each([
    ['an older one', () => standIn('old', '1.4.2'), /is OPA 1\.4\.2; tools\/opa\.sh obtains OPA/],
    ['something else', () => '/bin/true', /does not answer as OPA does/],
    ['nothing', () => join(root, 'absent'), /is not an executable file/],
    [
      'a search that fails',
      () => {
        throw new Error('no network');
      },
      /opa cannot be found: no network/,
    ],
  ])('%s is refused', async (_, path, message) => {
    await expect(using(path)).rejects.toMatchObject({ code: 'COMPILER_MISSING' });
    await expect(using(path)).rejects.toThrow(message);
  });

  test('is looked for again after it was missing', async () => {
    const path = join(root, 'late');
    const late = createOpa({ path });
    const ask = () => late.inDirectory((directory) => directory.run(['refuse']));
    await expect(ask()).rejects.toMatchObject({ code: 'COMPILER_MISSING' });
    standIn('late');
    expect((await ask()).status).toBe(1);
  });
});
