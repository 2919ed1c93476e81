import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import {
  type Compiler,
  type CompletedFacts,
  createAsker,
  createCompiler,
  type PolicySource,
  type RuleOutcome,
  readFacts,
  type Said,
} from '@rankguard/compiler';
import type { Facts } from '@rankguard/contract';
import { EXIT, Exit, type Io, paint } from '../io.ts';
import { problemLines } from '../problems.ts';
import { readSources } from './sources.ts';

export interface ExplainOptions {
  readonly output: 'table' | 'json';
  /** File of facts, or `-` for standard input. */
  readonly input: string;
}

interface Explanation {
  readonly policy: string;
  readonly said: Said;
  readonly rules: readonly RuleOutcome[];
}

/** Says which rules of each policy fired for one call, where the others stopped, and what came of it. */
export async function explain(io: Io, directory: string, options: ExplainOptions): Promise<void> {
  const { sources, problems } = await readSources(directory);
  if (problems.length > 0) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  const facts = await factsIn(io, options.input);
  const compiler = createCompiler({ opa: io.findOpa });
  const explanations: Explanation[] = [];
  for (const source of sources) explanations.push(await explainOne(compiler, source, facts));
  if (options.output === 'json') {
    io.stdout.write(`${JSON.stringify({ facts, policies: explanations }, null, 2)}\n`);
  } else io.stdout.write(explanations.map((one) => show(io, one)).join('\n'));
}

async function factsIn(io: Io, path: string): Promise<Facts> {
  let read: CompletedFacts;
  try {
    read = readFacts(path === '-' ? await text(io.stdin) : await readFile(path, 'utf8'));
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const { facts, problems } = read;
  if (problems.length > 0) throw new Exit(EXIT.data, problems.map((one) => `${path}: ${one}`).join('\n'));
  return facts;
}

async function explainOne(compiler: Compiler, source: PolicySource, facts: Facts): Promise<Explanation> {
  const compiled = await compiler.compile(source);
  if (!compiled.ok) throw new Exit(EXIT.data, problemLines(compiled.problems).trimEnd());
  const evaluation = await compiler.evaluate(source, () => [facts]);
  return { policy: source.name, said: createAsker(compiled.policy)(facts), rules: evaluation?.rules ?? [] };
}

function show(io: Io, { policy, said, rules }: Explanation): string {
  const lines = [paint(io, 'bold', policy)];
  for (const { name, file, line, fired, reached } of rules) {
    const mark = fired ? paint(io, 'green', 'fired') : paint(io, 'dim', 'not  ');
    const where = fired ? '' : reached === null ? ': no condition held' : `: stopped at line ${reached}`;
    lines.push(`  ${mark}  ${name}  ${file}:${line}${where}`);
  }
  if ('fault' in said) lines.push(`  ${paint(io, 'red', 'fault')}  ${said.fault}`);
  else {
    for (const [member, value] of Object.entries(said.output)) {
      if (Array.isArray(value)) for (const item of value) lines.push(`  ${member}: ${JSON.stringify(item)}`);
      else lines.push(`  ${member}: ${JSON.stringify(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
