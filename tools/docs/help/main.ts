import { PassThrough, Writable } from 'node:stream';
import { EXIT, type Io, runProgram } from '@rankguard/cli';

/**
 * Prints the help of every command as a JSON object by command line. In a process of its own: the width of help
 * follows the terminal, and a process with a pipe has none.
 */
async function helpOf(args: readonly string[]): Promise<string> {
  const chunks: string[] = [];
  const stdout = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const io: Io = {
    stdin: new PassThrough(),
    stdout,
    stderr: stdout,
    findOpa: () => Promise.reject(new Error('help needs no opa')),
    stop: new AbortController().signal,
    build: null,
    color: false,
  };
  const code = await runProgram([...args, '--help'], io);
  if (code !== EXIT.ok) throw new Error(`help of ${args.join(' ')} ended with ${code}`);
  return chunks.join('');
}

async function helpBelow(args: readonly string[], into: Record<string, string>): Promise<void> {
  const text = await helpOf(args);
  into[['rankguard', ...args].join(' ')] = text;
  const [, commands = ''] = /\nCommands:\n((?: {2,}.*\n)+)/.exec(text) ?? [];
  for (const [, name = ''] of commands.matchAll(/^ {2}(\w+)/gm)) {
    if (name !== 'help') await helpBelow([...args, name], into);
  }
}

const pages: Record<string, string> = {};
await helpBelow([], pages);
process.stdout.write(JSON.stringify(pages));
