import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';

/** A part of the cluster that runs: its output is in `log`. */
export interface Part {
  readonly name: string;
  readonly log: string;
  readonly child: ChildProcess;
  /** Asks it to end, insists after `graceMs`; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

export function startPart(name: string, log: string, command: string, args: readonly string[]): Part {
  const output = openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, output] });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    name,
    log,
    child,
    async stop(graceMs = 5_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      // An API server that has lost its etcd does not end by itself.
      const insist = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(insist);
    },
  };
}

/** Asks `ready` until it says yes; throws with the end of the part's log when the part ends or time is up. */
export async function waitUntil(
  what: string,
  ready: () => Promise<boolean>,
  { parts = [], timeoutMs = 60_000 }: { readonly parts?: readonly Part[]; readonly timeoutMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ready())) {
    const dead = parts.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
    if (dead !== undefined)
      throw new Error(`${dead.name} ended while waiting for ${what}\n${tail(dead.log)}`);
    if (performance.now() > deadline) {
      throw new Error(
        `${what}: not within ${timeoutMs / 1000} s\n${parts.map(({ log }) => tail(log)).join('\n')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
}
