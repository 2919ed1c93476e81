import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { EXIT, Exit, type Io } from '../io.ts';
import { createEngine } from './engine.ts';
import { readProfile } from './profile.ts';
import { type Case, type Labelled, type Score, scoreCases } from './scoring.ts';

const HELP = `
FILE has a JSON object a line: {"text": …, "spans": [[start, end, "ENTITY"], …]}. Offsets count UTF-16 units, half
open. A line may name one "entity" instead, whose spans are [start, end]; without spans it must not be found.
A value counts as masked when 95 % of its letters and digits are covered, by whatever detector.

Examples:
  $ rankguard mask eval cases.jsonl
  $ rankguard mask eval --json cases.jsonl > figures.json`;

interface EvalOptions {
  readonly profile?: string;
  readonly json: boolean;
}

export function evalCommand(io: Io): Command {
  return new Command('eval')
    .description('Score the detectors on a labelled set: recall by entity, over-masking, latency.')
    .argument('<file>', 'labelled texts, one JSON object a line')
    .option('--profile <file>', 'YAML with one MaskingProfile; without it every detector looks')
    .option('--json', 'print figures as JSON', false)
    .addHelpText('after', HELP)
    .action((file: string, options: EvalOptions) => evaluate(io, file, options));
}

async function evaluate(io: Io, file: string, options: EvalOptions): Promise<void> {
  const { masker } = createEngine(await readProfile(options.profile));
  const cases = readCases(file, await read(file));
  const score = scoreCases(
    cases,
    (text) => masker.find(text),
    () => performance.now(),
  );
  io.stdout.write(options.json ? `${JSON.stringify(score)}\n` : tableOf(score));
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function readCases(file: string, text: string): Case[] {
  const cases: Case[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const problem = (message: string) => new Exit(EXIT.data, `${file}:${at + 1}: ${message}`);
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw problem('no JSON');
    }
    const read = caseOf(value);
    if (read === undefined) throw problem('expected {"text": …, "spans": [[start, end, "ENTITY"], …]}');
    cases.push(read);
  }
  return cases;
}

function caseOf(value: unknown): Case | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { text, spans = [], entity } = value as Readonly<Record<string, unknown>>;
  if (typeof text !== 'string' || !Array.isArray(spans)) return undefined;
  const labelled: Labelled[] = [];
  for (const span of spans as readonly unknown[]) {
    if (!Array.isArray(span)) return undefined;
    const [start, end, label = entity] = span as readonly unknown[];
    if (typeof start !== 'number' || typeof end !== 'number' || typeof label !== 'string') return undefined;
    if (!(start >= 0 && start < end && end <= text.length)) return undefined;
    labelled.push({ start, end, label });
  }
  return { text, spans: labelled, only: typeof entity === 'string' ? entity : null };
}

function tableOf({ entities, benign, latency }: Score): string {
  const share = (part: number, all: number) => (all === 0 ? '-' : (part / all).toFixed(3));
  const rows = entities.map(({ entity, values, masked, absent, kept }) => [
    entity,
    String(values),
    share(masked, values),
    absent === 0 ? '-' : `${kept}/${absent}`,
  ]);
  const header = ['ENTITY', 'VALUES', 'RECALL', 'KEPT'];
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]!.length)));
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  );
  return `${[
    ...lines,
    '',
    `benign letters and digits masked: ${benign.masked} of ${benign.all} (${(100 * (benign.masked / Math.max(1, benign.all))).toFixed(2)} %)`,
    `latency: p50 ${latency.p50.toFixed(3)} ms, p99 ${latency.p99.toFixed(3)} ms a text; ${latency.megabytesPerSecond.toFixed(1)} MB/s`,
  ].join('\n')}\n`;
}
