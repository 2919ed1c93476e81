import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EXIT, Exit, type Io } from './io.ts';
import { runProgram } from './program.ts';

const run = promisify(execFile);

/** In a checkout the project's own script knows how to get opa; elsewhere it must be given or on PATH. */
async function findOpa(): Promise<string> {
  const given = process.env['RANKGUARD_OPA'];
  if (given !== undefined && given !== '') return given;
  const script = fileURLToPath(new URL('../../tools/opa.sh', import.meta.url));
  if (!existsSync(script)) return 'opa';
  try {
    const { stdout } = await run(script, { env: process.env });
    return stdout.trim();
  } catch (cause) {
    throw new Exit(
      EXIT.unavailable,
      `opa cannot be obtained; set RANKGUARD_OPA to its path\n${String(cause)}`,
      { cause },
    );
  }
}

/** Only the bundle is one file whose digest says everything about the code. */
function buildOf(file: string): string | null {
  if (basename(file) !== 'rankguard.js') return null;
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  findOpa,
  stop: stop.signal,
  build: buildOf(fileURLToPath(import.meta.url)),
  color: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
};
// A closed pipe (`rankguard … | head`) is an end, not a crash.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.software),
);
process.exitCode = await runProgram(process.argv.slice(2), io);
