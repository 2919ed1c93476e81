import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { codeOf } from '@rankguard/contract';
import {
  createStreamMasker,
  type MaskNote,
  maskBody,
  STREAM_KINDS,
  type StreamKind,
  type TextFinding,
} from '@rankguard/sidecar/masking';
import { Argument, Command, Option } from 'commander';
import { EXIT, Exit, type Io } from '../io.ts';
import { findingOf, maskBatch } from './batch.ts';
import { withCoding } from './coding.ts';
import { createEngine, type Engine } from './engine.ts';
import { evalCommand } from './eval.ts';
import { readProfile } from './profile.ts';

const EXAMPLES = `
Examples:
  $ echo '{"text": "write to jane@example.com"}' | rankguard mask
  {"text": "write to <EMAIL_ADDRESS>"}

  $ rankguard mask --profile profile.yaml < body.json > masked.json
  $ rankguard mask --text < mail.txt
  $ curl -N … | rankguard mask --stream openai-chat
  $ rankguard mask --batch < cases.jsonl > masked.jsonl`;

interface MaskOptions {
  readonly profile?: string;
  readonly text: boolean;
  readonly stats: boolean;
  readonly explain: boolean;
  readonly batch: boolean;
  readonly stream?: StreamKind;
}

export function maskCommand(io: Io): Command {
  return new Command('mask')
    .description(
      'Mask files, or standard input, to standard output, as the sidecar masks an answer: JSON, JSON Lines, forms, multipart, event streams, plain text.',
    )
    .addArgument(new Argument('[files...]', 'what to mask; standard input when there is none'))
    .option('--profile <file>', 'YAML with one MaskingProfile (and the Secret of its tokenKey)')
    .option('--text', 'the input is plain text, whatever it looks like', false)
    .addOption(new Option('--stream <kind>', 'mask a stream as it comes').choices(STREAM_KINDS))
    .option('--batch', 'the input is cases, one JSON object a line', false)
    .option('--explain', 'say on standard error what was masked, where and why; never the value', false)
    .option('--stats', 'say on standard error how many values were masked', false)
    .addHelpText('after', EXAMPLES)
    .addCommand(evalCommand(io))
    .action((files: readonly string[], options: MaskOptions) => mask(io, files, options));
}

async function mask(io: Io, files: readonly string[], options: MaskOptions): Promise<void> {
  if (options.batch && files.length > 0) throw new Exit(EXIT.usage, '--batch reads standard input');
  if (options.batch) {
    return maskBatch(io.stdin, (line) => io.stdout.write(line), options.profile);
  }
  const profile = await readProfile(options.profile);
  const engine = createEngine(profile);
  if (profile.masking.fields.some(({ facts }) => facts.length > 0)) {
    io.stderr.write('note: rules by `facts` find nothing here: only a call has a query and documents\n');
  }
  try {
    if (options.stream !== undefined) await maskStream(io, engine, options.stream);
    else await maskInputs(io, files, engine, options.text);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const rest =
      options.stream === undefined
        ? 'Nothing was written. For plain text use --text.'
        : 'The stream ends here; what was held back was not written.';
    throw new Exit(EXIT.data, `${code}: ${(error as Error).message}\n${rest}`, { cause: error });
  }
  report(io, engine.taken(), options);
}

async function maskInputs(io: Io, files: readonly string[], engine: Engine, text: boolean): Promise<void> {
  const { masker, createReader } = engine;
  const inputs = files.length === 0 ? [await buffer(io.stdin)] : await Promise.all(files.map(read));
  const contentType = text ? 'text/plain' : null;
  const mask = (plain: Buffer) => maskBody(plain, { masker, createReader, contentType }).body;
  const masked = inputs.map((input) => (text ? mask(input) : withCoding(input, mask)));
  for (const body of masked) io.stdout.write(body);
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function maskStream(io: Io, { masker, createReader, add }: Engine, kind: StreamKind): Promise<void> {
  const note = (finding: TextFinding, path: string) => add({ ...finding, path });
  const stream = createStreamMasker({ masker, createReader, kind, note });
  for await (const chunk of io.stdin as AsyncIterable<Buffer>) io.stdout.write(stream.push(chunk));
  io.stdout.write(stream.end());
}

function report(io: Io, notes: readonly MaskNote[], { explain, stats }: MaskOptions): void {
  for (const note of explain ? notes : []) io.stderr.write(`${JSON.stringify(findingOf(note))}\n`);
  if (!stats) return;
  const counts: Record<string, number> = {};
  for (const { label } of notes) counts[label] = (counts[label] ?? 0) + 1;
  io.stderr.write(`${JSON.stringify(counts)}\n`);
}
