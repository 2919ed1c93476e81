import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { type ExitCode, type Io, runProgram } from '@rankguard/cli';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../tools/opa.sh');

export interface Ran {
  readonly code: ExitCode;
  readonly stdout: string;
  /** Standard output as it was written. */
  readonly bytes: Buffer;
  readonly stderr: string;
}

export interface World extends Partial<Pick<Io, 'color' | 'findOpa'>> {
  readonly stdin?: string | Buffer | readonly (string | Buffer)[];
}

function sink(): { readonly stream: Writable; readonly chunks: Buffer[] } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, chunks };
}

/** Runs a command line of `rankguard` to its end, on streams. */
export async function rankguard(args: readonly string[], world: World = {}): Promise<Ran> {
  const { stdin = '', color = false } = world;
  const stdout = sink();
  const stderr = sink();
  const code = await runProgram(args, {
    stdin: Readable.from(Array.isArray(stdin) ? stdin : [stdin], { objectMode: false }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    findOpa: world.findOpa ?? (async () => (await run(script)).stdout.trim()),
    stop: new AbortController().signal,
    color,
    build: null,
  });
  const bytes = Buffer.concat(stdout.chunks);
  return { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(stderr.chunks).toString() };
}

/** A folder with these files, for as long as `use` takes. */
export async function withFolder<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rankguard-cli-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function resource(kind: string, name: string, spec: object): string {
  const apiVersion = 'rankguard.dev/v1alpha1';
  return `${JSON.stringify({ apiVersion, kind, metadata: { name, namespace: 'shop' }, spec }, null, 2)}\n---\n`;
}

export function secret(name: string, stringData: Readonly<Record<string, string>>): string {
  const metadata = { name, namespace: 'shop' };
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, stringData })}\n---\n`;
}
