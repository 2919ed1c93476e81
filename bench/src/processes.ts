import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

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
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const waiting: { key: string; resolve: (line: Record<string, unknown>) => void }[] = [];
  const seen: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
    if (!text.startsWith('{') || text.includes('"msg":"call"')) return;
    const line = JSON.parse(text) as Record<string, unknown>;
    seen.push(line);
    for (const { key, resolve } of waiting) if (key in line) resolve(line);
  });
  return {
    child,
    pid: child.pid ?? 0,
    line(key) {
      const found = seen.find((line) => key in line);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve, reject) => {
        waiting.push({ key, resolve });
        child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)));
      });
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
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
