import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  /** Written to its standard input. */
  readonly input?: string;
  /** Standard error goes to the terminal as it comes, besides. */
  readonly loud?: boolean;
}

/** Runs a program to its end; resolves with its standard output, throws with the end of what it said to standard error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout!.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr!.on('data', (chunk: Buffer) => {
      errors.push(chunk);
      if (options.loud === true) process.stderr.write(chunk);
    });
    child.on('error', (cause) => reject(new Error(`${command} could not be started`, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(output).toString());
      const said = Buffer.concat(errors.length > 0 ? errors : output)
        .toString()
        .trimEnd()
        .slice(-4000);
      reject(new Error(`${command} ${args.join(' ')}: ${signal ?? `exit ${code}`}\n${said}`));
    });
    child.stdin?.end(options.input);
  });
}
