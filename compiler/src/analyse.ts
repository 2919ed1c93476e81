import type { Projection } from '@rankguard/contract';
import { isTerm, type Module, type ParsedModule, partsOf, variable, walk } from './ast.ts';
import type { Capabilities } from './capabilities.ts';
import { opaInputSchema } from './facts-shape.ts';
import { warnOfSilence } from './fallible.ts';
import { createNames } from './names.ts';
import type { OpaDirectory } from './opa/index.ts';
import type { PolicySource } from './policy-source.ts';
import {
  addOpaErrors,
  createProblems,
  explainUnknownFact,
  type FileNames,
  type Problems,
  readOpaErrors,
} from './problems.ts';
import { reachableFacts } from './projection/index.ts';
import { type PolicyRules, readRules } from './rules/index.ts';

export interface Analysis {
  readonly problems: Problems;
  /** null when the policy has errors that hide its rules. */
  readonly rules: PolicyRules | null;
  readonly projection: Projection;
  /** The policy's modules as they were written into the directory. */
  readonly files: readonly string[];
  /** Their syntax trees; none when one does not parse. */
  readonly modules: readonly ParsedModule[];
  /** The author's name for each file. */
  readonly names: FileNames;
}

const MAX_ERRORS = '200';

/** Writes the sources into the directory, lets OPA parse and type-check them, and reads what they say. */
export async function analyse(
  source: PolicySource,
  directory: OpaDirectory,
  capabilities: Capabilities,
  include: { readonly tests: boolean },
): Promise<Analysis> {
  const written = await writeSources(source, directory, capabilities);
  const problems = createProblems(source, written.names);
  const checked = include.tests ? [...written.files, ...written.tests] : written.files;
  const [errors, modules] = await Promise.all([
    checkTypes(directory, checked),
    Promise.all(written.files.map((file) => parse(directory, file))),
  ]);
  addOpaErrors(problems, errors, capabilities.known);
  if (!modules.every((module) => module !== null)) {
    return {
      problems,
      rules: null,
      projection: true,
      files: written.files,
      modules: [],
      names: written.names,
    };
  }
  return { ...inspect(source, modules, problems), files: written.files, modules, names: written.names };
}

function inspect(
  source: PolicySource,
  modules: readonly ParsedModule[],
  problems: Problems,
): Omit<Analysis, 'files' | 'modules' | 'names'> {
  const names = createNames(modules);
  const rules = readRules(modules, problems.add);
  const reach = reachableFacts(modules, names);
  for (const { parent, member, location, direct } of reach.unknown) {
    // OPA's type check says most of this, but stops at earlier errors and does not see into helpers.
    const severity = direct ? 'error' : 'warning';
    if (!problems.hasErrorAt(location)) problems.add(severity, location, explainUnknownFact(parent, member));
  }
  warnOfSilence(modules, names, reach, problems.add);
  warnOfMissingData(source, modules, problems);
  return { problems, rules, projection: reach.projection };
}

export interface WrittenSources {
  readonly files: readonly string[];
  readonly tests: readonly string[];
  /** The author's name for each file. */
  readonly names: ReadonlyMap<string, string>;
}

/** Under names of our own: an author's may hold anything, also a way out of the directory. */
export async function writeSources(
  source: PolicySource,
  directory: OpaDirectory,
  capabilities: Capabilities,
): Promise<WrittenSources> {
  const names = new Map<string, string>();
  const write = (texts: Readonly<Record<string, string>>, suffix: string) =>
    Promise.all(
      Object.entries(texts).map(async ([name, text], index) => {
        const file = `${suffix}${index}.rego`;
        names.set(file, name);
        await directory.write(file, text);
        return file;
      }),
    );
  const [files, tests] = await Promise.all([
    write(source.modules, 'module'),
    write(source.tests, 'test'),
    directory.write('capabilities.json', capabilities.json),
    directory.write('input-schema.json', JSON.stringify(opaInputSchema())),
  ]);
  return { files, tests, names };
}

async function checkTypes(directory: OpaDirectory, files: readonly string[]) {
  const flags = ['-f', 'json', '-m', MAX_ERRORS, '-s', 'input-schema.json'];
  const result = await directory.run(['check', ...flags, '--capabilities', 'capabilities.json', ...files]);
  if (result.status === 0) return [];
  // An annotation that names this schema is for `opa check --schema`: here it holds for every policy.
  const errors = readOpaErrors(result.stderr, result.stdout)?.filter(
    ({ message }) => message !== 'undefined schema: schema.input',
  );
  return errors ?? [{ message: result.stderr.trim() || 'opa check failed without a message' }];
}

/** null when it does not parse; `opa check` says why. */
async function parse(directory: OpaDirectory, file: string): Promise<ParsedModule | null> {
  const flags = ['--format', 'json', '--json-include', 'locations,-comments'];
  const { status, stdout } = await directory.run(['parse', ...flags, file]);
  return status === 0 ? { file, ast: JSON.parse(stdout) as Module } : null;
}

/** `data.x` where the policy has no such data: whatever reads it is undefined, without a word from OPA. */
function warnOfMissingData(source: PolicySource, modules: readonly ParsedModule[], problems: Problems): void {
  for (const { ast } of modules) {
    walk([ast.imports, ast.rules], (node) => {
      if (!isTerm(node) || node.type !== 'ref') return true;
      const [head, first] = partsOf(node);
      if (variable(head) !== 'data' || first?.type !== 'string') return true;
      const name = String(first.value);
      if (name === 'rankguard' || Object.hasOwn(source.data, name)) return true;
      const location = node.location ?? head?.location;
      problems.add(
        'warning',
        location,
        `data.${name}: the policy has no data called "${name}"; this is never defined`,
      );
      return true;
    });
  }
}
