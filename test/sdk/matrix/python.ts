import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const ENVIRONMENT = join(import.meta.dirname, '../../../tools/.cache/sdk-python');
export const PYTHON = join(ENVIRONMENT, 'bin/python');

/** Whether this machine can make environments of Python at all. */
export const hasPython = spawnSync('python3', ['-m', 'venv', '--help']).status === 0;

/** Makes the environment with the clients at the versions of `requirements.txt`, unless it is there already. */
export async function makePythonEnvironment(): Promise<void> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const mark = join(ENVIRONMENT, 'requirements.sha256');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return;
  rmSync(ENVIRONMENT, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', ENVIRONMENT]);
  await run(PYTHON, [
    '-m',
    'pip',
    'install',
    '-q',
    '--no-input',
    '--disable-pip-version-check',
    '-r',
    REQUIREMENTS,
  ]);
  writeFileSync(mark, digest);
}
