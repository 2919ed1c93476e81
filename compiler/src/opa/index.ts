import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CodedError, codeOf } from '@rankguard/contract';
import { createQueue } from './queue.ts';

/** The one version of OPA that Rankguard compiles with; tools/opa.sh obtains the same. */
export const OPA_VERSION = '1.22.0';

const LIMITS = {
  wallMs: 10_000,
  concurrency: 2,
  stdoutBytes: 64 * 1024 * 1024,
  stderrBytes: 1024 * 1024,
  /** The Go collector works harder near this; the address-space limit is what cannot be passed. */
  softMemory: '512MiB',
  dataKiB: 768 * 1024,
  fileBlocks: 128 * 1024,
} as const;

export interface OpaResult {
  /** Exit status of the process. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface OpaDirectory {
  /**
   * Runs `opa` with the directory as its working directory.
   *
   * @throws CodedError COMPILER_FAILED when it was killed (time, output, memory) or crashed.
   */
  run(args: readonly string[], options?: { readonly wallMs?: number }): Promise<OpaResult>;
  write(file: string, content: string | Uint8Array): Promise<void>;
  read(file: string): Promise<Uint8Array>;
}

/** A bounded `opa`: private directory, empty environment, time, memory and output limits, two at once. */
export interface Opa {
  /** Lends a private directory, removed afterwards whatever happens. */
  inDirectory<T>(work: (directory: OpaDirectory) => Promise<T>): Promise<T>;
}

/** The path of opa, or how to find it: asked once, when it is first needed. */
export type OpaPath = string | (() => string | Promise<string>);

/**
 * @throws CodedError COMPILER_MISSING from the first use on when `path` is not an OPA of {@link OPA_VERSION}.
 */
export function createOpa(deps: { readonly path: OpaPath; readonly wallMs?: number }): Opa {
  const { wallMs: defaultWallMs = LIMITS.wallMs } = deps;
  const queue = createQueue(LIMITS.concurrency);
  let found: Promise<string> | null = null;

  async function inDirectory<T>(work: (directory: OpaDirectory) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(tmpdir(), 'rankguard-opa-'));
    try {
      const path = await findOpa(directory);
      return await work({
        run: (args, options) => queue(() => runOnce(path, args, directory, options?.wallMs ?? defaultWallMs)),
        write: (file, content) => writeFile(join(directory, file), content, { mode: 0o600 }),
        read: (file) => readFile(join(directory, file)),
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** Asked once; after a failure it is asked again, since somebody may have installed it meanwhile. */
  function findOpa(directory: string): Promise<string> {
    found ??= locate(deps.path, directory, defaultWallMs).catch((error: unknown) => {
      found = null;
      throw error;
    });
    return found;
  }

  return { inDirectory };
}

async function locate(opaPath: OpaPath, directory: string, wallMs: number): Promise<string> {
  const hint = `tools/opa.sh obtains OPA ${OPA_VERSION}, or put it on PATH`;
  const path = resolve(await askFor(opaPath));
  try {
    await access(path, constants.X_OK);
  } catch (cause) {
    throw new CodedError('COMPILER_MISSING', `${path} is not an executable file; ${hint}`, { cause });
  }
  const { stdout, stderr } = await runOnce(path, ['version'], directory, wallMs);
  const version = /^Version: (\S+)$/m.exec(stdout)?.[1];
  if (version === OPA_VERSION) return path;
  const answer = version ? `is OPA ${version}` : `does not answer as OPA does (${firstLine(stderr)})`;
  throw new CodedError('COMPILER_MISSING', `${path} ${answer}; ${hint}`);
}

async function askFor(path: OpaPath): Promise<string> {
  if (typeof path === 'string') return path;
  try {
    return await path();
  } catch (cause) {
    if (codeOf(cause) === 'COMPILER_MISSING') throw cause;
    throw new CodedError('COMPILER_MISSING', `opa cannot be found: ${(cause as Error).message}`, { cause });
  }
}

/**
 * The limits are set by a shell that then becomes opa, so that killing the child kills opa.
 * RLIMIT_DATA and not RLIMIT_AS: the Go runtime reserves gigabytes of addresses that it never uses.
 * A system that lacks a limit goes without it; time and output are bounded everywhere.
 */
const LIMITED = [
  `ulimit -d ${LIMITS.dataKiB}`,
  `ulimit -f ${LIMITS.fileBlocks}`,
  'ulimit -c 0',
  'exec "$@"',
].join(' 2>/dev/null; ');

async function runOnce(
  path: string,
  args: readonly string[],
  directory: string,
  wallMs: number,
): Promise<OpaResult> {
  const child = spawn('/bin/sh', ['-c', LIMITED, 'sh', path, ...args], {
    cwd: directory,
    env: { HOME: directory, TMPDIR: directory, GOMEMLIMIT: LIMITS.softMemory, GOMAXPROCS: '2' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return await collect(child, `opa ${args[0] ?? ''}`, wallMs);
}

function collect(child: ChildProcess, what: string, wallMs: number): Promise<OpaResult> {
  return new Promise((settle, reject) => {
    let killedFor: string | null = null;
    const kill = (why: string) => {
      killedFor ??= why;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => kill(`took longer than ${wallMs} ms`), wallMs);
    const stdout = keep(child.stdout, LIMITS.stdoutBytes, () => kill('wrote too much output'));
    const stderr = keep(child.stderr, LIMITS.stderrBytes, () => kill('wrote too many errors'));
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(new CodedError('COMPILER_FAILED', `${what} could not be started`, { cause }));
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const errors = stderr();
      if (killedFor !== null)
        reject(new CodedError('COMPILER_FAILED', `${what} ${killedFor} and was stopped`));
      else if (signal !== null) reject(new CodedError('COMPILER_FAILED', `${what} was stopped by ${signal}`));
      else if (crashed(errors))
        reject(new CodedError('COMPILER_FAILED', `${what} crashed: ${firstLine(errors)}`));
      else settle({ status: status ?? -1, stdout: stdout(), stderr: errors });
    });
  });
}

/** A Go program that runs out of memory or panics says so and exits with status 2. */
function crashed(stderr: string): boolean {
  return /^(fatal error|panic|runtime): /m.test(stderr);
}

function firstLine(text: string): string {
  return text.trimStart().split('\n', 1)[0] ?? '';
}

function keep(stream: ChildProcess['stdout'], cap: number, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > cap) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
