import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = import.meta.dirname;
const cache = join(here, '../../../tools/.cache/wire-honesty');

/** An upstream in a process of its own. */
export interface Program {
  readonly url: string;
  close(): Promise<void>;
}

/** A missing tool fails the suite and says what to do; it never makes it pass with fewer columns. */
async function need(
  command: string,
  args: readonly string[],
  what: string,
  options: object = {},
): Promise<void> {
  try {
    await run(command, args as string[], options);
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'ENOENT';
    const why = missing
      ? `${command} is not on PATH`
      : String((cause as { stderr?: unknown }).stderr ?? cause);
    throw new Error(`the wire honesty suite needs ${what}: ${why}`, { cause });
  }
}

/** Standard net/http. Go's own build cache makes every build but the first one quick. */
export async function startGo(encodedDir: string): Promise<Program> {
  await mkdir(cache, { recursive: true });
  const binary = join(cache, 'go-upstream');
  const draft = `${binary}.${process.pid}`;
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' };
  await need('go', ['build', '-buildvcs=false', '-o', draft, '.'], 'Go (https://go.dev/dl)', {
    cwd: join(here, 'go'),
    env,
  });
  await rename(draft, binary);
  return startProgram(binary, [], { ENCODED_DIR: encodedDir });
}

/** uvicorn and what it needs, at the pinned versions with their hashes, in a folder of their own. */
export async function startUvicorn(encodedDir: string): Promise<Program> {
  const requirements = join(here, 'uvicorn/requirements.txt');
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const packages = join(cache, `uvicorn-${digest}`);
  if (!existsSync(packages)) {
    const draft = `${packages}.${process.pid}`;
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
    args.push('--only-binary', ':all:', '--require-hashes', '--target', draft, '-r', requirements);
    await need('python3', args, 'Python 3.10 or later with pip (https://www.python.org)');
    await rename(draft, packages).catch(() => rm(draft, { recursive: true, force: true }));
  }
  const env = { ENCODED_DIR: encodedDir, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
  return startProgram('python3', [join(here, 'uvicorn/main.py')], env);
}

async function startProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Program> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const port = await firstLine(child, command);
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

/** The program says its port when it listens. */
function firstLine(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk;
      if (out.includes('\n')) resolve(Number.parseInt(out, 10));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${errors}`)));
  });
}
