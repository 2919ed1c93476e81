import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface Process {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The first line of standard output that is JSON and has `key`. */
  line(key: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const hasTaskset = spawnSync('taskset', ['-V']).status === 0;

/** Starts a Node process, on one core when the machine can pin. */
export function startNode(
  args: readonly string[],
  options: { readonly core: number | null; readonly env?: Record<string, string> },
): Process {
  const node = [process.execPath, ...args];
  const command =
    options.core !== null && hasTaskset ? ['taskset', '-c', String(options.core), ...node] : node;
  // To a file: a pipe that this busy process reads late would hold the sidecar up.
  const output = join(mkdtempSync(join(tmpdir(), 'rankguard-bench-log-')), 'stdout');
  const descriptor = openSync(output, 'w');
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', descriptor, 'inherit'],
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  closeSync(descriptor);

  function find(key: string): Record<string, unknown> | undefined {
    for (const text of readFileSync(output, 'utf8').split('\n').slice(0, -1)) {
      if (!text.startsWith('{')) continue;
      const line = JSON.parse(text) as Record<string, unknown>;
      if (key in line) return line;
    }
    return undefined;
  }
  return {
    child,
    pid: child.pid ?? 0,
    async line(key) {
      for (;;) {
        const found = find(key);
        if (found !== undefined) return found;
        if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended with ${child.exitCode}`);
        await setTimeout(2);
      }
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(dirname(output), { recursive: true });
    },
  };
}

export interface Usage {
  /** Time on a CPU of all threads, milliseconds. */
  readonly cpuMs: number;
  /** Resident set, MiB. */
  readonly rssMiB: number;
}

/** What a process has used so far, from /proc (Linux only; zeros elsewhere). */
export function usageOf(pid: number): Usage {
  try {
    let nanoseconds = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
    return { cpuMs: nanoseconds / 1e6, rssMiB: Number(rss) / 1024 };
  } catch {
    return { cpuMs: 0, rssMiB: 0 };
  }
}
