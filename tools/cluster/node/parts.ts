import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from './layout.ts';
import { INSIDE } from './network.ts';

/** The programs of a node: they outlive the command that starts them, so what runs is kept in files. */
export interface Parts {
  /** Starts a program in the node's network; its output goes to `log/NAME.log`. */
  start(name: string, command: string, args: readonly string[]): void;
  /** Ends a program and waits until it is gone; SIGKILL after `graceMs`. */
  stop(name: string, graceMs?: number): Promise<void>;
  /** Starts a program again that `start` once started. */
  startAgain(name: string): void;
  isRunning(name: string): boolean;
  log(name: string): string;
  /** All that were started, the latest first. */
  names(): string[];
}

/** The container runtime looks for its shim, runc and iptables by name. */
const PATH_OF_THE_SYSTEM = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface Started {
  readonly pid: number;
  readonly order: number;
  readonly words: readonly string[];
}

export function createParts(layout: Layout): Parts {
  const path = `${layout.bin}:${PATH_OF_THE_SYSTEM}`;
  const file = (name: string) => join(layout.parts, `${name}.json`);
  const logOf = (name: string) => join(layout.logs, `${name}.log`);
  const read = (name: string) => JSON.parse(readFileSync(file(name), 'utf8')) as Started;

  const names = (): string[] => {
    mkdirSync(layout.parts, { recursive: true });
    return readdirSync(layout.parts)
      .map((entry) => entry.replace(/\.json$/, ''))
      .sort((a, b) => read(b).order - read(a).order);
  };
  const launch = (name: string, words: readonly string[], order: number): void => {
    for (const folder of [layout.parts, layout.logs]) mkdirSync(folder, { recursive: true });
    const [command = '', ...args] = INSIDE;
    const output = openSync(logOf(name), 'a');
    // nsenter and env become the program, so that this is its process id.
    const child = spawn(command, [...args, 'env', `PATH=${path}`, ...words], {
      detached: true,
      stdio: ['ignore', output, output],
    });
    child.unref();
    writeFileSync(file(name), JSON.stringify({ pid: child.pid, order, words }));
  };
  const isRunning = (name: string): boolean => {
    const { pid, words } = read(name);
    return commandLine(pid) === words.join(' ');
  };

  return {
    names,
    isRunning,
    log: logOf,
    start(name, command, args) {
      launch(name, [command, ...args], names().length);
    },
    startAgain(name) {
      const { words, order } = read(name);
      launch(name, words, order);
    },
    async stop(name, graceMs = 5_000) {
      const { pid } = read(name);
      const deadline = performance.now() + graceMs;
      let signal: NodeJS.Signals = 'SIGTERM';
      while (isRunning(name)) {
        process.kill(pid, signal);
        if (performance.now() > deadline) signal = 'SIGKILL';
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

/** Words of a process with spaces between; empty when it is gone. A number of a process may have been given anew. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trimEnd();
  } catch {
    return '';
  }
}
