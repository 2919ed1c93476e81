import {
  type CaseOutcome,
  type Compiler,
  createCompiler,
  disagreements,
  type Evaluation,
  faultsOf,
  type PolicySource,
  runCases,
  synthesise,
  type TestReport,
} from '@rankguard/compiler';
import { type CompiledPolicy, type Facts, formatProblem, type Problem } from '@rankguard/contract';
import { EXIT, Exit, type Io, paint, table } from '../io.ts';
import { problemLines } from '../problems.ts';
import { type Check, type Format, failures, junit, type Suite, sarif } from './formats.ts';
import { type Cases, readCasesOf, readSources, readTables } from './sources.ts';

export interface TestOptions {
  readonly output: Format;
  /** A table of cases, or a folder of them, beside those that stand with the policies. */
  readonly cases?: string;
  /** Made-up calls for each policy. */
  readonly synthetic: number;
  readonly seed: number;
  /** Percent; below it the command fails. */
  readonly coverage: number;
}

interface Synthetic {
  readonly calls: number;
  /** Percent of the policy's lines that they reach. */
  readonly coverage: number;
  /** What would refuse calls, or differs from OPA. */
  readonly failures: readonly string[];
}

interface PolicyReport extends TestReport {
  readonly policy: string;
  readonly cases: readonly CaseOutcome[];
  readonly synthetic: Synthetic | null;
}

/** Rego tests, tables of cases and made-up calls of every policy of a folder; ends with 1 when one fails. */
export async function test(io: Io, directory: string, options: TestOptions): Promise<void> {
  const { sources, problems } = await readSources(directory);
  if (problems.length > 0) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  const given = options.cases === undefined ? undefined : await readTables(options.cases, sources);
  const compiler = createCompiler({ opa: io.findOpa });
  const reports: PolicyReport[] = [];
  for (const source of sources) {
    const own = await readCasesOf(directory, source);
    const more = given?.get(source.name) ?? { cases: [], problems: [] };
    const cases = { cases: [...own.cases, ...more.cases], problems: [...own.problems, ...more.problems] };
    reports.push(await testOne(compiler, source, cases, options));
  }
  const suites = reports.map((report) => suiteOf(report, options.coverage));
  const totals = totalsOf(suites);
  io.stdout.write(FORMATS[options.output](io, reports, suites));
  if (totals.failed > 0) throw new Exit(EXIT.found, '');
}

const FORMATS: Readonly<
  Record<Format, (io: Io, reports: readonly PolicyReport[], suites: readonly Suite[]) => string>
> = {
  json: (_, policies, suites) => `${JSON.stringify({ ...totalsOf(suites), policies }, null, 2)}\n`,
  sarif: (_, __, suites) => sarif(failures(suites)),
  junit: (_, __, suites) => junit('rankguard policy test', suites),
  table: showTable,
};

async function testOne(
  compiler: Compiler,
  source: PolicySource,
  { cases, problems }: Cases,
  { synthetic, seed }: TestOptions,
): Promise<PolicyReport> {
  const report = await compiler.test(source);
  const plain = { ...report, policy: source.name, cases: [], synthetic: null };
  const found = [...report.problems, ...problems];
  const compiled = found.length === 0 ? await compiler.compile(source) : null;
  if (compiled === null || !compiled.ok) {
    const all = [...found, ...(compiled?.ok === false ? compiled.problems : [])];
    return { ...plain, ok: false, problems: all };
  }
  const outcomes = runCases(compiled.policy, cases);
  const tried = synthetic > 0 ? await tryCalls(compiler, source, compiled.policy, synthetic, seed) : null;
  const ok = report.ok && outcomes.every((one) => one.ok) && (tried?.failures.length ?? 0) === 0;
  return { ...plain, ok, cases: outcomes, synthetic: tried };
}

async function tryCalls(
  compiler: Compiler,
  source: PolicySource,
  policy: CompiledPolicy,
  count: number,
  seed: number,
): Promise<Synthetic> {
  let calls: readonly Facts[] = [];
  const evaluation = await compiler.evaluate(source, (constants) => {
    calls = synthesise({ count, seed, constants });
    return calls;
  });
  const faults = [...faultsOf(policy, calls)].map(([fault, facts]) => `${fault}; with ${shown(facts)}`);
  const differing = disagreements(policy, calls, evaluation?.outputs ?? []).map(
    ({ between, facts, said, other }) =>
      `the data path says ${JSON.stringify(said)}, ${between} ${JSON.stringify(other)}; with ${shown(facts)}`,
  );
  return { calls: calls.length, coverage: coverageOf(evaluation), failures: [...faults, ...differing] };
}

function coverageOf(evaluation: Evaluation | null): number {
  const { covered, uncovered } = evaluation ?? { covered: new Set(), uncovered: new Set() };
  const all = covered.size + uncovered.size;
  return all === 0 ? 0 : Math.round((covered.size / all) * 1000) / 10;
}

function shown(facts: Facts): string {
  return JSON.stringify(facts);
}

function suiteOf(
  { policy, tests, cases, synthetic, problems, coverage }: PolicyReport,
  wanted: number,
): Suite {
  const checks: Check[] = [
    ...problems.map(checkOfProblem),
    ...tests.map(({ output, ...rest }) => ({ ...rest, detail: output })),
    ...cases.map(({ ok, differences, ...rest }): Check => {
      return { ...rest, outcome: ok ? 'pass' : 'fail', detail: differences.join('\n') };
    }),
  ];
  const plain = { file: null, line: null, milliseconds: 0 };
  for (const detail of synthetic?.failures.slice(0, MOST_SHOWN) ?? []) {
    checks.push({ ...plain, name: 'synthetic calls', outcome: 'fail', detail });
  }
  if (coverage !== null && coverage < wanted) {
    const detail = `the tests reach ${coverage} % of the policy; ${wanted} % are wanted`;
    checks.push({ ...plain, name: 'coverage', outcome: 'fail', detail });
  }
  return { name: policy, checks };
}

/** The first calls tell enough: one mistake makes hundreds of them fail. */
const MOST_SHOWN = 3;

function checkOfProblem(problem: Problem): Check {
  const { file, line } = problem;
  return { name: 'compiles', file, line, outcome: 'error', detail: formatProblem(problem), milliseconds: 0 };
}

function totalsOf(suites: readonly Suite[]) {
  const outcomes = suites.flatMap(({ checks }) => checks.map(({ outcome }) => outcome));
  const count = (...wanted: string[]) => outcomes.filter((outcome) => wanted.includes(outcome)).length;
  return { passed: count('pass'), failed: count('fail', 'error'), skipped: count('skip') };
}

function showTable(io: Io, reports: readonly PolicyReport[], suites: readonly Suite[]): string {
  const rows = reports.map(({ policy, ok, tests, cases, synthetic, coverage }) => {
    const passed = tests.filter(({ outcome }) => outcome === 'pass').length;
    const right = cases.filter((one) => one.ok).length;
    return [
      policy,
      ok ? 'ok' : 'FAILED',
      `${passed}/${tests.length}`,
      cases.length === 0 ? '-' : `${right}/${cases.length}`,
      synthetic === null ? '-' : `${synthetic.calls}, ${synthetic.coverage.toFixed(0)} %`,
      coverage === null ? '-' : `${coverage.toFixed(0)} %`,
    ];
  });
  const head = ['POLICY', 'RESULT', 'TESTS', 'CASES', 'SYNTHETIC', 'COVERAGE'];
  const failed = suites
    .flatMap(({ checks }) => checks.filter(isFailed))
    .map((check) => showFailed(io, check));
  const totals = totalsOf(suites);
  const summary = `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`;
  return [
    table([head, ...rows]),
    ...failed,
    `${paint(io, totals.failed === 0 ? 'green' : 'red', summary)}\n`,
  ].join('');
}

function isFailed({ outcome }: Check): boolean {
  return outcome === 'fail' || outcome === 'error';
}

function showFailed(io: Io, { name, file, line, outcome, detail }: Check): string {
  if (name === 'compiles') return `${detail}\n`;
  const place = file === null ? '' : `${file}:${line}: `;
  const indented = detail === '' ? '' : `${detail.trimEnd().replace(/^/gm, '    ')}\n`;
  return `${paint(io, 'red', outcome)}: ${place}${name}\n${indented}`;
}
