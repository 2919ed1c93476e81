import { isDeepStrictEqual } from 'node:util';
import type { CompiledPolicy } from '@rankguard/contract';
import { createAsker } from '../trial/index.ts';
import type { PolicyCase } from './read.ts';

export interface CaseOutcome {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly ok: boolean;
  /** What is not as expected; empty when all is. */
  readonly differences: readonly string[];
  readonly milliseconds: number;
}

/** The member that names an item where an expectation is a plain value. */
const NAMED_BY: Readonly<Record<string, string>> = {
  deny: 'code',
  hold: 'tier',
  mask: 'path',
  drop: 'index',
  rank: 'verb',
  limit: 'documents',
};

/** Runs cases against the compiled module, as the data path would ask it. */
export function runCases(policy: CompiledPolicy, cases: readonly PolicyCase[]): readonly CaseOutcome[] {
  const ask = createAsker(policy);
  return cases.map(({ name, file, line, facts, expect }) => {
    const started = performance.now();
    const said = ask(facts);
    const milliseconds = performance.now() - started;
    const output = 'output' in said ? (said.output as unknown as Readonly<Record<string, unknown>>) : null;
    const differences =
      output === null
        ? [`the policy faults: ${'fault' in said ? said.fault : ''}`]
        : Object.entries(expect).flatMap(([member, wanted]) => compare(member, wanted, output[member]));
    return { name, file, line, ok: differences.length === 0, differences, milliseconds };
  });
}

function compare(member: string, wanted: unknown, said: unknown): readonly string[] {
  if (!Array.isArray(wanted)) {
    return wanted === (said ?? false)
      ? []
      : [`${member}: expected ${String(wanted)}, is ${String(said ?? false)}`];
  }
  const left = [...((said ?? []) as readonly unknown[])];
  const missing: unknown[] = [];
  for (const item of wanted) {
    const found = left.findIndex((one) => matches(one, item, NAMED_BY[member] ?? ''));
    if (found === -1) missing.push(item);
    else left.splice(found, 1);
  }
  return [
    ...missing.map((item) => `${member}: expected ${JSON.stringify(item)}, which is not there`),
    ...left.map((item) => `${member}: ${JSON.stringify(item)} is there and was not expected`),
  ];
}

function matches(item: unknown, wanted: unknown, named: string): boolean {
  const members = item as Readonly<Record<string, unknown>>;
  if (typeof wanted !== 'object' || wanted === null) return members[named] === wanted;
  return Object.entries(wanted).every(([name, value]) => isDeepStrictEqual(members[name], value));
}
