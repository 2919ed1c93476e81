import { Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from '../io.ts';
import { type BenchOptions, bench } from './bench.ts';
import { check } from './check.ts';
import { create } from './create.ts';
import { type ExplainOptions, explain } from './explain.ts';
import { FORMATS, type Format } from './formats.ts';
import { type TestOptions, test } from './test.ts';

const FOLDER = 'folder of YAML resources or of Rego';

const NEW_EXAMPLES = `
Examples:
  $ rankguard policy new ./policies/ledger-access
  $ rankguard policy test ./policies/ledger-access`;

const CHECK_EXAMPLES = `
DIR is a folder of YAML resources (every RerankPolicy and ClusterRerankPolicy in it is checked), or a folder of
Rego: *.rego, *_test.rego and data.json or data.yaml make one policy. A folder of such folders is many policies.

Examples:
  $ rankguard policy check ./config
  $ rankguard policy check ./policies/ranking --output json
  $ rankguard policy check ./policies --output sarif > policies.sarif`;

const TEST_EXAMPLES = `
Three kinds of tests: Rego tests, in OPA itself; tables of cases (cases.yaml, *_cases.yaml in a folder of Rego, and
what --cases names), in the module that the sidecar runs; and synthetic calls, which no policy may fault on and
about which the module and OPA must agree.

Examples:
  $ rankguard policy test ./config --cases ./config-tests
  $ rankguard policy test ./policies/ranking --output json
  $ rankguard policy test ./policies --coverage 90 --output junit > policies.xml`;

const BENCH_EXAMPLES = `
Examples:
  $ rankguard policy bench ./policies
  $ rankguard policy bench ./config --documents 1000 --budget 2000`;

const EXPLAIN_EXAMPLES = `
The input is JSON or YAML: whole facts, a record with a member facts, or the few facts that matter.

Examples:
  $ rankguard policy explain ./policies/ranking --input call.json
  $ echo '{"identity.groups": ["guests"]}' | rankguard policy explain ./policies/ranking`;

/** `rankguard policy`: what happens to a policy before it is put in force. */
export function policyCommand(io: Io): Command {
  const command = new Command('policy').description('Write, check, test, measure and explain policies.');
  command
    .command('new')
    .description('Write a policy to begin with: rules, data, tests and a table of cases.')
    .argument('<dir>', 'folder to write to, new or empty')
    .addHelpText('after', NEW_EXAMPLES)
    .action((directory: string) => create(io, directory));
  command
    .command('check')
    .description("Compile policies and say all that is wrong, with OPA's own messages.")
    .argument('<dir>', FOLDER)
    .addOption(output(FORMATS))
    .addHelpText('after', CHECK_EXAMPLES)
    .action((directory: string, options: { output: Format }) => check(io, directory, options.output));
  command
    .command('test')
    .description("Run the policies' tests.")
    .argument('<dir>', FOLDER)
    .addOption(output(FORMATS))
    .option('--cases <path>', 'table of cases, or folder of them, for policies in YAML')
    .option('--synthetic <calls>', 'made-up calls for each policy; 0: none', whole, 100)
    .option('--seed <number>', 'other made-up calls', whole, 1)
    .option('--coverage <percent>', 'least share of a policy that its Rego tests must reach', whole, 0)
    .addHelpText('after', TEST_EXAMPLES)
    .action((directory: string, options: TestOptions) => test(io, directory, options));
  command
    .command('bench')
    .description('Measure what one decision of each policy costs, and fail over a budget.')
    .argument('<dir>', FOLDER)
    .addOption(output(FORMATS))
    .option('--documents <number>', 'candidates of each call', whole, 100)
    .option('--calls <number>', 'calls that are measured', whole, 2000)
    .option('--seed <number>', 'other made-up calls', whole, 1)
    .option('--budget <µs>', 'most that the median decision may take, in microseconds', whole, 1000)
    .addHelpText('after', BENCH_EXAMPLES)
    .action((directory: string, options: BenchOptions) => bench(io, directory, options));
  command
    .command('explain')
    .description('Say which rules fire for one call, and where the others stop.')
    .argument('<dir>', FOLDER)
    .addOption(output(['table', 'json']))
    .option('-i, --input <file>', 'facts of the call; -: standard input', '-')
    .addHelpText('after', EXPLAIN_EXAMPLES)
    .action((directory: string, options: ExplainOptions) => explain(io, directory, options));
  return command;
}

function output(choices: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print it').choices([...choices]).default('table');
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is wanted');
  return Number(text);
}
