import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { OPA_VERSION } from './index.ts';

const script = fileURLToPath(new URL('../../../tools/opa.sh', import.meta.url));
const run = promisify(execFile);
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rankguard-obtain-'));
  mkdirSync(join(root, 'bin'));
});
afterEach(() => rmSync(root, { recursive: true }));

function program(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}
/** A go that takes a moment, counts how often it is asked, and installs an opa of this version. */
function goThatInstalls(version: string): void {
  const install = `#!/bin/sh\\necho "Version: ${version}"\\n`;
  const body = `echo asked >>${root}/asked; sleep 0.3; printf '${install}' >"$GOBIN/opa"; chmod +x "$GOBIN/opa"`;
  program(join(root, 'bin/go'), body);
}
/** Without curl and wget there is no way out to a release. */
const NO_DOWNLOAD = ['curl', 'wget'];

async function obtain(): Promise<{ path: string; progress: string }> {
  for (const name of NO_DOWNLOAD) program(join(root, 'bin', name), 'exit 7');
  const env = { PATH: `${join(root, 'bin')}:/usr/bin:/bin`, RANKGUARD_TOOLS_CACHE: join(root, 'cache') };
  const { stdout, stderr } = await run('sh', [script], { env });
  return { path: stdout.trim(), progress: stderr };
}

test('takes the opa on PATH when it is the pinned version', async () => {
  program(join(root, 'bin/opa'), `echo 'Version: ${OPA_VERSION}'`);
  expect(await obtain()).toEqual({ path: join(root, 'bin/opa'), progress: '' });
});

test('passes over another version on PATH, builds once for two callers, and keeps it', async () => {
  program(join(root, 'bin/opa'), "echo 'Version: 1.0.0'");
  goThatInstalls(OPA_VERSION);
  const cached = join(root, 'cache', `opa-${OPA_VERSION}`, 'opa');
  const both = await Promise.all([obtain(), obtain()]);
  expect(both.map(({ path }) => path)).toEqual([cached, cached]);
  expect((await obtain()).path).toBe(cached);
  expect(readFileSync(join(root, 'asked'), 'utf8')).toBe('asked\n');
});

test('says what to do when nothing works, and leaves nothing half done', async () => {
  goThatInstalls('9.9.9');
  await expect(obtain()).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/install Go/),
  });
  goThatInstalls(OPA_VERSION);
  expect((await obtain()).path).toContain('cache');
});
