import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Program {
  readonly name: string;
  /** TypeScript file to run. */
  readonly file: string;
  readonly args: readonly string[];
}

export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Where its output goes. */
  readonly logFile: string;
  /** The URL in its line `{"message":"ready","url":…}`. Rejects when it ends before. */
  readonly url: Promise<string>;
  /** Resolves when the process has ended, with a sentence on how. */
  readonly ended: Promise<string>;
  lastLines(count: number): string;
}

export interface Processes {
  start(program: Program): Running;
  readonly running: readonly Running[];
  /** Asks every process to end and waits; one that does not is killed after five seconds. */
  stop(): Promise<void>;
}

/** Runs the example's programs as child processes with their output in files. */
export function createProcesses(deps: {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}): Processes {
  const children: { child: ChildProcess; running: Running }[] = [];

  function start({ name, file, args }: Program): Running {
    const logFile = join(deps.folder, `${name}.log`);
    const log = createWriteStream(logFile);
    const child = spawn(process.execPath, ['-C', 'source', file, ...args], {
      env: { ...deps.env, NODE_NO_WARNINGS: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.pipe(log, { end: false });
    const lines = createInterface({ input: child.stdout });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`${name} could not be started: ${error.message}`));
      child.once('close', (code, signal) => {
        log.end();
        resolve(`${name} ended with ${signal ?? `exit code ${code}`}`);
      });
    });
    const url = new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => {
        log.write(`${line}\n`);
        const found = /"message":"ready".*?"url":"([^"]+)"/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      void ended.then((how) => reject(new Error(how)));
    });
    // Programs without a ready line are watched by other means.
    url.catch(() => undefined);
    const lastLines = (count: number) =>
      readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
    const running: Running = { name, pid: child.pid ?? -1, logFile, url, ended, lastLines };
    children.push({ child, running });
    return running;
  }

  async function stop(): Promise<void> {
    // The sidecar first: it drains into the others.
    for (const { child, running } of children.reverse()) {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await running.ended;
      clearTimeout(late);
    }
  }

  return {
    start,
    stop,
    get running() {
      return children.map(({ running }) => running);
    },
  };
}

/** A TCP port on loopback that nobody uses right now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export interface WaitOptions {
  readonly what: string;
  readonly seconds: number;
  /** Gives up at once when this resolves. */
  readonly ended?: Promise<string>;
}

/** Asks every 25 ms until the answer is not undefined. */
export async function waitFor<T>(ask: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const deadline = performance.now() + options.seconds * 1000;
  let how: string | undefined;
  void options.ended?.then((sentence) => {
    how = sentence;
  });
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    if (how !== undefined) throw new Error(`${how} while waiting for ${options.what}`);
    if (performance.now() > deadline) throw new Error(`no ${options.what} within ${options.seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
