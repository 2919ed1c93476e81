import type { Facts } from '@rankguard/contract';
import { CodedError } from '@rankguard/contract';
import type { Analysis } from '../analyse.ts';
import { branches, type ParsedModule, packageName } from '../ast.ts';
import type { OpaDirectory } from '../opa/index.ts';
import type { PolicySource } from '../policy-source.ts';
import { readOpaErrors } from '../problems.ts';
import type { PolicyRules } from '../rules/index.ts';
import { wrapperModule } from '../wrapper.ts';

/** What OPA itself says about one call. */
export type OpaOutput = { readonly output: unknown } | { readonly fault: string };

/** A rule of a policy, and whether it held for one call at least. */
export interface RuleOutcome {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly fired: boolean;
  /** The last line of its body that was evaluated; null when none was: it could not match from the start. */
  readonly reached: number | null;
}

export interface Evaluation {
  /** For each input, in order. */
  readonly outputs: readonly OpaOutput[];
  readonly rules: readonly RuleOutcome[];
  /** Lines of the policy's own modules, as `file:line`. */
  readonly covered: ReadonlySet<string>;
  readonly uncovered: ReadonlySet<string>;
}

const WALL_MS = 60_000;
const INPUTS = 'rankguard_inputs';

interface Range {
  readonly start: { readonly row: number; readonly col?: number };
  readonly end: { readonly row: number };
}
interface EvalAnswer {
  readonly result?: readonly { readonly expressions: readonly { readonly value: unknown }[] }[];
  readonly coverage?: {
    readonly files?: Readonly<Record<string, { covered?: readonly Range[]; not_covered?: readonly Range[] }>>;
  };
}

/**
 * Evaluates a policy's one entrypoint in OPA's own evaluator, in the directory that it was analysed in: the oracle
 * for what the data path says, and where coverage and the rules that fired come from.
 */
export async function evaluateInOpa(
  source: PolicySource,
  directory: OpaDirectory,
  analysis: Analysis & { readonly rules: PolicyRules },
  inputs: readonly Facts[],
): Promise<Evaluation> {
  await directory.write('main.rego', wrapperModule(analysis.rules));
  const covered = new Map<string, Range[]>();
  const missed = new Map<string, Range[]>();
  const outputs: OpaOutput[] = [];
  const evaluate = async (some: readonly Facts[]): Promise<void> => {
    const answer = await runEval(source, directory, analysis.files, some);
    if ('fault' in answer) {
      // One call that faults hides the others: ask about ever fewer.
      if (some.length <= 1) return void outputs.push(answer);
      const half = Math.ceil(some.length / 2);
      await evaluate(some.slice(0, half));
      return evaluate(some.slice(half));
    }
    const values = answer.result?.[0]?.expressions[0]?.value as readonly unknown[];
    for (const output of values) outputs.push({ output });
    for (const [file, ranges] of Object.entries(answer.coverage?.files ?? {})) {
      covered.set(file, [...(covered.get(file) ?? []), ...(ranges.covered ?? [])]);
      missed.set(file, [...(missed.get(file) ?? []), ...(ranges.not_covered ?? [])]);
    }
  };
  await evaluate(inputs);
  const lines = linesOf(analysis.modules, covered, missed);
  return { outputs, ...lines, rules: rulesOf(source, analysis, covered) };
}

async function runEval(
  source: PolicySource,
  directory: OpaDirectory,
  files: readonly string[],
  inputs: readonly Facts[],
): Promise<EvalAnswer | { readonly fault: string }> {
  await directory.write('data.json', JSON.stringify({ ...source.data, [INPUTS]: inputs }));
  const query = `[output | some facts in data.${INPUTS}; output := data.rankguard.main.result with input as facts]`;
  const flags = ['--format', 'json', '--coverage', '--capabilities', 'capabilities.json'];
  const data = [...files, 'main.rego', 'data.json'].flatMap((file) => ['--data', file]);
  const { status, stdout, stderr } = await directory.run(['eval', ...flags, ...data, query], {
    wallMs: WALL_MS,
  });
  if (status === 0) return JSON.parse(stdout) as EvalAnswer;
  const [error] = readOpaErrors(stdout, stderr) ?? [];
  if (error === undefined)
    throw new CodedError('COMPILER_FAILED', `opa eval failed: ${stderr.trim().slice(0, 500)}`);
  return { fault: error.message ?? 'the evaluation failed' };
}

function linesOf(
  modules: readonly ParsedModule[],
  covered: ReadonlyMap<string, readonly Range[]>,
  missed: ReadonlyMap<string, readonly Range[]>,
): Pick<Evaluation, 'covered' | 'uncovered'> {
  const own = modules.map(({ file }) => file);
  const rows = (ranges: ReadonlyMap<string, readonly Range[]>) =>
    own.flatMap((file) => (ranges.get(file) ?? []).map(({ start }) => `${file}:${start.row}`));
  const reached = new Set(rows(covered));
  return { covered: reached, uncovered: new Set(rows(missed).filter((line) => !reached.has(line))) };
}

function rulesOf(
  source: PolicySource,
  { modules, rules, names }: Analysis & { readonly rules: PolicyRules },
  covered: ReadonlyMap<string, readonly Range[]>,
): readonly RuleOutcome[] {
  return modules
    .filter(({ ast }) => packageName(ast) === rules.package)
    .flatMap(({ file, ast }) => {
      const ranges = covered.get(file) ?? [];
      return (ast.rules ?? []).flatMap(branches).map((rule) => {
        const { row, col } = rule.head.location ?? rule.location ?? { row: 1, col: 1 };
        const rows = rule.body.map((expression) => expression.location?.row ?? row);
        const within = ranges
          .map(({ start }) => start)
          .filter(
            (start) => start.row >= row && start.row <= Math.max(row, ...rows) && !isHead(start, row, col),
          );
        const place = source.locate(names.get(file) ?? file, row);
        const last = within.length === 0 ? null : Math.max(...within.map((start) => start.row));
        return {
          name: String(rule.head.ref[0]?.value ?? rule.head.name ?? ''),
          ...place,
          fired: ranges.some(({ start }) => isHead(start, row, col)),
          reached: last === null ? null : place.line + last - row,
        };
      });
    });
}

function isHead(start: Range['start'], row: number, col: number): boolean {
  return start.row === row && start.col === col;
}
