import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export interface Outcome {
  readonly code: number;
  /** Standard output and standard error, as a terminal shows them. */
  readonly output: string;
}

/** A reader at a terminal, in a folder that looks like the project and may be written to. */
export interface Shell {
  /** Variables that a script sets are there for the next one. */
  run(script: string): Promise<Outcome>;
  /** Starts a program that goes on, as in a terminal of its own; resolves when it says that it is ready. */
  start(script: string): Promise<void>;
  write(file: string, text: string): void;
  close(): Promise<void>;
}

const HIDDEN = new Set(['.git', 'demo-state']);
/** The project's own programs log it; kubectl says what it forwards. */
const READY = /"(?:message|msg)":"ready"|^Forwarding from /m;
const LONGEST_MS = 20_000;

export function createShell(deps: {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long one block may take; 20 s without it. */
  readonly longestMs?: number;
}): Shell {
  const { root, longestMs = LONGEST_MS } = deps;
  const folder = mkdtempSync(join(tmpdir(), 'rankguard-docs-'));
  const home = join(folder, 'project');
  const state = join(folder, 'variables');
  mkdirSync(home);
  for (const name of readdirSync(root)) {
    if (!HIDDEN.has(name)) symlinkSync(join(root, name), join(home, name));
  }
  writeFileSync(state, '');
  const env = { ...deps.env, PATH: pathOf(folder, root, deps.env['PATH'] ?? ''), NODE_NO_WARNINGS: '1' };
  const running: ChildProcess[] = [];

  function launch(script: string, detached: boolean): ChildProcess {
    const args = ['-c', `exec 2>&1\n${script}`];
    return spawn('bash', args, { cwd: home, env, detached, stdio: ['ignore', 'pipe', 'inherit'] });
  }

  function run(script: string): Promise<Outcome> {
    const child = launch(`set -euo pipefail\n. ${state}\nset -a\n${script}\nexport -p > ${state}`, false);
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
      child.on('error', reject);
      child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? 137, output: Buffer.concat(chunks).toString() });
      });
    });
  }

  function start(script: string): Promise<void> {
    const child = launch(script, true);
    running.push(child);
    return new Promise((resolve, reject) => {
      let output = '';
      const timer = setTimeout(() => reject(new Error(`not ready:\n${output}`)), longestMs);
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (!READY.test(output)) return;
        clearTimeout(timer);
        resolve();
      });
      child.on('close', () => reject(new Error(`it ended before it was ready:\n${output}`)));
    });
  }

  return {
    run,
    start,
    write(file, text) {
      mkdirSync(dirname(join(home, file)), { recursive: true });
      writeFileSync(join(home, file), text);
    },
    async close() {
      // The last started first: what drains needs the others.
      for (const child of running.toReversed()) await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends a program and what it started: it leads a process group of its own. */
function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  process.kill(-child.pid, 'SIGTERM');
  return ended;
}

/** `npx rankguard` runs the sources: it needs no build, and no registry if it should not be there. */
function pathOf(folder: string, root: string, path: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const cli = join(root, 'cli/src/main.ts');
  const script = `#!/bin/sh\n[ "$1" = rankguard ] || exit 127\nshift\nexec node -C source ${cli} "$@"\n`;
  writeFileSync(join(bin, 'npx'), script, { mode: 0o755 });
  return [bin, join(root, 'node_modules/.bin'), path].join(delimiter);
}

/** Whether an output is what a page shows; `…` stands for anything. */
export function matches(output: string, shown: string): boolean {
  const pattern = shown
    .trim()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*');
  return new RegExp(`^${pattern}$`).test(output.trim().replace(/[ \t]+$/gm, ''));
}
