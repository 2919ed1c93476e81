import { createCompiler } from '@rankguard/compiler';
import type { Problem } from '@rankguard/contract';
import { EXIT, Exit, type Io, paint } from '../io.ts';
import { problemLines } from '../problems.ts';
import { type Format, junit, sarif } from './formats.ts';
import { readSources } from './sources.ts';

interface Checked {
  /** null: what is wrong outside every policy. */
  readonly policy: string | null;
  readonly problems: readonly Problem[];
}

/** Compiles every policy of a folder and prints what is wrong; ends with 1 when there is an error. */
export async function check(io: Io, directory: string, output: Format): Promise<void> {
  const { sources, problems } = await readSources(directory);
  const compiler = createCompiler({ opa: io.findOpa });
  const checked: Checked[] = problems.length > 0 ? [{ policy: null, problems }] : [];
  for (const source of sources) checked.push({ policy: source.name, problems: await compiler.check(source) });
  const found = checked.flatMap((one) => one.problems);
  const errors = found.filter(({ severity }) => severity === 'error').length;
  const policies = sources.map(({ name }) => name);
  io.stdout.write(FORMATS[output](io, { policies, checked, found, errors }));
  if (errors > 0) throw new Exit(EXIT.found, '');
}

interface Outcome {
  readonly policies: readonly string[];
  readonly checked: readonly Checked[];
  readonly found: readonly Problem[];
  readonly errors: number;
}

const FORMATS: Readonly<Record<Format, (io: Io, outcome: Outcome) => string>> = {
  json: (_, { policies, found }) => `${JSON.stringify({ policies, problems: found }, null, 2)}\n`,
  sarif: (_, { found }) => sarif(found),
  junit: (_, { checked }) =>
    junit(
      'rankguard policy check',
      checked.map(({ policy, problems }) => ({
        name: policy ?? 'resources',
        checks: [
          {
            name: 'check',
            file: null,
            line: null,
            outcome: problems.some(({ severity }) => severity === 'error') ? 'fail' : 'pass',
            detail: problemLines(problems).trimEnd(),
            milliseconds: 0,
          },
        ],
      })),
    ),
  table: (io, { policies, found, errors }) => {
    const warnings = found.length - errors;
    const counts = [
      plural(policies.length, 'policy', 'policies'),
      plural(errors, 'error'),
      plural(warnings, 'warning'),
    ];
    return `${problemLines(found)}${paint(io, errors === 0 ? 'green' : 'red', counts.join(', '))}\n`;
  },
};

function plural(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}
