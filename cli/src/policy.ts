import { readdir } from 'node:fs/promises';
import {
  type Compiler,
  createCompiler,
  type PolicySource,
  policySources,
  readPolicyDirectory,
  type TestReport,
} from '@rankguard/compiler';
import { formatProblem, type Problem } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';
import { Command, Option } from 'commander';
import { isDirectory, readYamlFiles } from './files.ts';
import { EXIT, Exit, type Io, paint, table } from './io.ts';
import { problemLines } from './problems.ts';

type Format = 'table' | 'json';

const CHECK_EXAMPLES = `
DIR is a folder of YAML resources (every RerankPolicy and ClusterRerankPolicy in it is checked), or a folder of
Rego: *.rego, *_test.rego and data.json or data.yaml make one policy.

Examples:
  $ rankguard policy check ./config
  $ rankguard policy check ./policies/ranking --output json`;

const TEST_EXAMPLES = `
Examples:
  $ rankguard policy test ./config
  $ rankguard policy test ./policies/ranking --output json`;

export function policyCommand(io: Io): Command {
  const output = () =>
    new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table');
  const command = new Command('policy').description('Check and test policies before they are used.');
  command
    .command('check')
    .description("Compile policies and say all that is wrong, with OPA's own messages.")
    .argument('<dir>', 'folder of YAML resources or of Rego')
    .addOption(output())
    .addHelpText('after', CHECK_EXAMPLES)
    .action((directory: string, options: { output: Format }) => check(io, directory, options.output));
  command
    .command('test')
    .description("Run the policies' Rego tests.")
    .argument('<dir>', 'folder of YAML resources or of Rego')
    .addOption(output())
    .addHelpText('after', TEST_EXAMPLES)
    .action((directory: string, options: { output: Format }) => test(io, directory, options.output));
  return command;
}

async function check(io: Io, directory: string, output: Format): Promise<void> {
  const { sources, problems } = await readSources(directory);
  const compiler = createCompiler({ opa: io.findOpa });
  const found = [...problems];
  for (const source of sources) found.push(...(await compiler.check(source)));
  const errors = found.filter(({ severity }) => severity === 'error').length;
  if (output === 'json') {
    io.stdout.write(
      `${JSON.stringify({ policies: sources.map(({ name }) => name), problems: found }, null, 2)}\n`,
    );
  } else {
    io.stdout.write(problemLines(found));
    const warnings = found.length - errors;
    const counts = [
      plural(sources.length, 'policy', 'policies'),
      plural(errors, 'error'),
      plural(warnings, 'warning'),
    ];
    io.stdout.write(`${paint(io, errors === 0 ? 'green' : 'red', counts.join(', '))}\n`);
  }
  if (errors > 0) throw new Exit(EXIT.found, '');
}

function plural(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

async function test(io: Io, directory: string, output: Format): Promise<void> {
  const { sources, problems } = await readSources(directory);
  if (problems.length > 0) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  const compiler = createCompiler({ opa: io.findOpa });
  const reports = await runAll(compiler, sources);
  const tests = reports.flatMap(({ report }) => report.tests);
  const count = (...outcomes: string[]) => tests.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const broken = reports.flatMap(({ report }) => report.problems);
  const totals = {
    passed: count('pass'),
    failed: count('fail', 'error') + broken.length,
    skipped: count('skip'),
  };
  if (output === 'json') {
    io.stdout.write(`${JSON.stringify({ ...totals, policies: reports.map(jsonReport) }, null, 2)}\n`);
  } else {
    writeTable(io, reports);
    const summary = `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`;
    io.stdout.write(`${paint(io, totals.failed === 0 ? 'green' : 'red', summary)}\n`);
  }
  if (totals.failed > 0) throw new Exit(EXIT.found, '');
}

interface PolicyReport {
  readonly source: PolicySource;
  readonly report: TestReport;
}

async function runAll(compiler: Compiler, sources: readonly PolicySource[]): Promise<PolicyReport[]> {
  const reports: PolicyReport[] = [];
  for (const source of sources) reports.push({ source, report: await compiler.test(source) });
  return reports;
}

function jsonReport({ source, report }: PolicyReport) {
  return { policy: source.name, ...report };
}

function writeTable(io: Io, reports: readonly PolicyReport[]): void {
  const rows = reports.map(({ source, report }) => {
    const passed = report.tests.filter(({ outcome }) => outcome === 'pass').length;
    const coverage = report.coverage === null ? '-' : `${report.coverage.toFixed(0)} %`;
    return [source.name, report.ok ? 'ok' : 'FAILED', `${passed}/${report.tests.length}`, coverage];
  });
  io.stdout.write(table([['POLICY', 'RESULT', 'TESTS', 'COVERAGE'], ...rows]));
  for (const { report } of reports) {
    for (const problem of report.problems) io.stdout.write(`${formatProblem(problem)}\n`);
    for (const { outcome, name, file, line, output } of report.tests) {
      if (outcome === 'pass' || outcome === 'skip') continue;
      io.stdout.write(`${paint(io, 'red', outcome)}: ${file}:${line}: ${name}\n`);
      if (output !== '') io.stdout.write(`${output.trimEnd().replace(/^/gm, '    ')}\n`);
    }
  }
}

/** A folder with Rego files is one policy; otherwise its YAML is read for policies. */
async function readSources(
  directory: string,
): Promise<{ readonly sources: readonly PolicySource[]; readonly problems: readonly Problem[] }> {
  if (!(await isDirectory(directory))) throw new Exit(EXIT.noInput, `${directory} is not a folder`);
  const names = await readdir(directory);
  if (names.some((name) => name.endsWith('.rego'))) {
    return { sources: [await readPolicyDirectory(directory)], problems: [] };
  }
  const { resources, problems } = readResources(await readYamlFiles(directory));
  const sources = policySources(resources);
  if (sources.length === 0 && problems.length === 0) {
    throw new Exit(
      EXIT.noInput,
      `${directory} holds no RerankPolicy, no ClusterRerankPolicy and no .rego file`,
    );
  }
  return { sources, problems };
}
