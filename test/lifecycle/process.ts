import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from '../support/wait.ts';

const MAIN = join(import.meta.dirname, '../../cli/src/main.ts');
/** Shared with the other suites: a policy is compiled once for as long as it and the compiler stay the same. */
const COMPILED = join(tmpdir(), 'rankguard-test-policies');

/** Compiled code of the program itself: halves the time of a start. */
const CODE = join(tmpdir(), 'rankguard-test-code');

/** A line of the log. */
export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: string;
  readonly msg: string;
}

export interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The `rankguard` program in a process of its own. */
export interface Program {
  readonly lines: readonly LogLine[];
  /** Everything it wrote, to both streams. */
  output(): string;
  stderr(): string;
  /** The next line, from `from` on, that is this one; fails when the process ends before. */
  line(what: string, is: (line: LogLine) => boolean, from?: number): Promise<LogLine>;
  signal(name: 'SIGTERM' | 'SIGINT'): void;
  readonly end: Promise<End>;
  /** Ends it, whatever it does. */
  kill(): Promise<void>;
}

export function startProgram(args: readonly string[]): Program {
  const flags = ['-C', 'source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: CODE },
  });
  const lines: LogLine[] = [];
  const texts: string[] = [];
  const errors: string[] = [];
  let ended: End | undefined;
  createInterface({ input: child.stdout }).on('line', (text) => {
    texts.push(text);
    if (text.startsWith('{')) lines.push(JSON.parse(text) as LogLine);
  });
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const end = new Promise<End>((resolve) => {
    child.once('close', (code, signal) => {
      ended = { code, signal };
      resolve(ended);
    });
  });
  const output = () => `${texts.join('\n')}\n${errors.join('')}`;
  return {
    lines,
    output,
    stderr: () => errors.join(''),
    line(what, is, from = 0) {
      return waitFor(() => {
        const found = lines.slice(from).find(is);
        if (found === undefined && ended !== undefined) throw new Error(`ended before ${what}: ${output()}`);
        return found;
      }, `${what}; the output: ${output()}`);
    },
    signal: (name) => void child.kill(name),
    end,
    async kill() {
      killNow(child);
      await end;
    },
  };
}

function killNow(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
}

/** An empty folder that goes when it is closed. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rankguard-lifecycle-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A folder for `--state` in which the policies of other runs are found. */
export function stateFolder(parent: string): string {
  const state = join(parent, 'state');
  mkdirSync(state, { recursive: true });
  mkdirSync(COMPILED, { recursive: true });
  symlinkSync(COMPILED, join(state, 'policies'));
  return state;
}

export interface RunOptions {
  readonly config: string;
  readonly upstream: string;
  readonly state?: string;
  readonly args?: readonly string[];
}

export interface Run extends Program {
  readonly port: number;
  readonly adminPort: number;
  admin(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** The value of one series, or 0 when it is not there. */
  metric(series: string): Promise<number>;
}

const portOf = (address: unknown) => Number(/:(\d+)$/.exec(String(address))?.[1]);

/** `rankguard run`, ready. */
export async function startRun(options: RunOptions): Promise<Run> {
  const { config, upstream, state, args = [] } = options;
  const program = startProgram([
    ...['run', '-f', config, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--upstream', upstream],
    ...(state === undefined ? [] : ['--state', state]),
    ...args,
  ]);
  const ready = await program
    .line('ready', ({ msg }) => msg === 'ready')
    .catch(async (error: unknown) => {
      await program.kill();
      throw error;
    });
  const adminPort = portOf(ready['admin']);
  async function admin(path: string) {
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`);
    return { status: response.status, text: await response.text() };
  }
  return {
    ...program,
    port: portOf(ready['listen']),
    adminPort,
    admin,
    async metric(series) {
      const { text } = await admin('/metrics');
      const line = text.split('\n').find((one) => one.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
  };
}
