import { CodedError, type Problem } from '@rankguard/contract';
import { writeSources } from './analyse.ts';
import type { Location } from './ast.ts';
import type { Capabilities } from './capabilities.ts';
import type { OpaDirectory } from './opa/index.ts';
import type { PolicySource } from './policy-source.ts';
import { addOpaErrors, createProblems, readOpaErrors } from './problems.ts';

const WALL_MS = 60_000;
const ONE_TEST = '5s';

export interface TestOutcome {
  /** Package and rule, e.g. `rankguard.example_test.test_allow`. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly outcome: 'pass' | 'fail' | 'error' | 'skip';
  /** What it printed, and the error where there was one. */
  readonly output: string;
  readonly milliseconds: number;
}
export interface TestReport {
  /** Every test passed or was skipped, and there were no problems. */
  readonly ok: boolean;
  readonly tests: readonly TestOutcome[];
  /** Why tests could not be run. */
  readonly problems: readonly Problem[];
  /** Percent of the policy's expressions that passing tests reach; null without tests, or when one fails. */
  readonly coverage: number | null;
}

interface OpaTest {
  readonly location?: Location;
  readonly package: string;
  readonly name: string;
  readonly fail?: boolean;
  readonly skip?: boolean;
  readonly error?: { readonly message?: string } | string;
  readonly duration: number;
  /** base64 */
  readonly output?: string;
}

/** Runs the policy's tests in OPA itself, with the policy's data and the capabilities of the data path. */
export async function runTests(
  source: PolicySource,
  directory: OpaDirectory,
  capabilities: Capabilities,
): Promise<TestReport> {
  const written = await writeSources(source, directory, capabilities);
  const problems = createProblems(source, written.names);
  if (written.tests.length === 0) return { ok: true, tests: [], problems: [], coverage: null };
  await directory.write('data.json', JSON.stringify(source.data));
  const flags = ['test', '--format', 'json', '--timeout', ONE_TEST, '--capabilities', 'capabilities.json'];
  const files = [...written.files, ...written.tests, 'data.json'];
  const [run, covered] = await Promise.all([
    directory.run([...flags, ...files], { wallMs: WALL_MS }),
    directory.run([...flags, '--coverage', '--coverage-runs', '', ...files], { wallMs: WALL_MS }),
  ]);
  const parsed = readTests(run.stdout);
  if (parsed === null) {
    const errors = readOpaErrors(run.stderr, run.stdout);
    addOpaErrors(problems, errors ?? readTextErrors(run.stderr), capabilities.known);
    return { ok: false, tests: [], problems: problems.all, coverage: null };
  }
  const tests = parsed.map((test) => outcomeOf(test, source, written.names)).toSorted(byPlace);
  const ok = tests.every(({ outcome }) => outcome === 'pass' || outcome === 'skip');
  return { ok, tests, problems: [], coverage: ok ? readCoverage(covered.stdout, written.files) : null };
}

function readTests(stdout: string): readonly OpaTest[] | null {
  try {
    const parsed: unknown = JSON.parse(stdout);
    if (parsed === null) return [];
    return Array.isArray(parsed) ? (parsed as OpaTest[]) : null;
  } catch {
    return null;
  }
}

/** `opa test` prints errors of the sources as text, one a line. */
function readTextErrors(stderr: string) {
  const lines = [
    ...stderr.matchAll(/^(?:.*occurred(?: during loading)?: )?(\w+\.rego):(\d+): (rego_\w+): (.+)$/gm),
  ];
  if (lines.length === 0)
    throw new CodedError('COMPILER_FAILED', `opa test failed: ${stderr.trim().slice(0, 500)}`);
  return lines.map(([, file = '', row, code = '', message = '']) => ({
    code,
    message,
    location: { file, row: Number(row), col: 1 },
  }));
}

function outcomeOf(test: OpaTest, source: PolicySource, names: ReadonlyMap<string, string>): TestOutcome {
  const { file = '', row = 1 } = test.location ?? {};
  const printed = test.output ? Buffer.from(test.output, 'base64').toString('utf8').trimEnd() : '';
  const error = typeof test.error === 'string' ? test.error : test.error?.message;
  const outcome = error !== undefined ? 'error' : test.fail ? 'fail' : test.skip ? 'skip' : 'pass';
  return {
    name: `${test.package.replace(/^data\./, '')}.${test.name}`,
    ...source.locate(names.get(file) ?? file, row),
    outcome,
    output: [printed, error].filter(Boolean).join('\n'),
    milliseconds: test.duration / 1e6,
  };
}

function byPlace(a: TestOutcome, b: TestOutcome): number {
  return a.file.localeCompare(b.file) || a.line - b.line || a.name.localeCompare(b.name);
}

/** Of the policy's own modules; the tests cover themselves. */
function readCoverage(stdout: string, files: readonly string[]): number | null {
  let report: { files?: Record<string, { covered_lines?: number; not_covered_lines?: number }> };
  try {
    report = JSON.parse(stdout) as typeof report;
  } catch {
    return null;
  }
  let covered = 0;
  let all = 0;
  for (const file of files) {
    const { covered_lines = 0, not_covered_lines = 0 } = report.files?.[file] ?? {};
    covered += covered_lines;
    all += covered_lines + not_covered_lines;
  }
  return all === 0 ? null : Math.round((covered / all) * 1000) / 10;
}
