import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CaseTable,
  type PolicyCase,
  type PolicySource,
  policySources,
  readCases,
  readPolicyDirectory,
} from '@rankguard/compiler';
import type { Problem } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';
import { isDirectory, readYamlFiles } from '../files.ts';
import { EXIT, Exit } from '../io.ts';
import { problemLines } from '../problems.ts';

export interface Sources {
  readonly sources: readonly PolicySource[];
  readonly problems: readonly Problem[];
}

/**
 * A folder with Rego files is one policy, a folder of such folders is many; otherwise its YAML is read for policies.
 */
export async function readSources(directory: string): Promise<Sources> {
  if (!(await isDirectory(directory))) throw new Exit(EXIT.noInput, `${directory} is not a folder`);
  const folders = await policyFolders(directory);
  if (folders.length > 0) {
    return { sources: await Promise.all(folders.map(readPolicyDirectory)), problems: [] };
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

const isRego = (name: string) => name.endsWith('.rego');
const isCases = (name: string) => /^(.*[_-])?cases\.ya?ml$/.test(name);

/** The folder itself, or those in it, that hold Rego. */
async function policyFolders(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  if (entries.some(({ name }) => isRego(name))) return [directory];
  const inside = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const found = await Promise.all(
    inside.map(async ({ name }) => {
      const path = join(directory, name);
      return (await readdir(path)).some(isRego) ? [path] : [];
    }),
  );
  return found.flat().toSorted();
}

/** The tables of cases (`cases.yaml`, `*_cases.yaml`) of a policy's folder; none for one that stands in YAML. */
export async function readCasesOf(directory: string, source: PolicySource): Promise<Cases> {
  const folders = await policyFolders(directory);
  const folder = folders.find((path) => path === directory || path.endsWith(`/${source.name}`));
  if (folder === undefined) return { cases: [], problems: [] };
  const names = (await readdir(folder)).filter(isCases).toSorted();
  const tables = await Promise.all(names.map((name) => readTable(join(folder, name))));
  return united(tables.map((table) => meantFor(table, [source])));
}

export interface Cases {
  readonly cases: readonly PolicyCase[];
  readonly problems: readonly Problem[];
}

/**
 * Tables beside the policies: a file, or the YAML files of a folder. By the name of the policy that each is meant for; one that
 * names none is meant for the only one there is.
 */
export async function readTables(
  path: string,
  sources: readonly PolicySource[],
): Promise<ReadonlyMap<string, Cases>> {
  const files = (await isDirectory(path)) ? (await readYamlFiles(path)).map(({ file }) => file) : [path];
  const tables = (await Promise.all(files.map(readTable))).map((table) => meantFor(table, sources));
  const lost = tables.filter(({ policy }) => policy === null);
  if (lost.length > 0) throw new Exit(EXIT.data, problemLines(united(lost).problems).trimEnd());
  return new Map(
    sources.map(({ name }) => [name, united(tables.filter(({ policy }) => policy === name))] as const),
  );
}

async function readTable(file: string): Promise<CaseTable> {
  try {
    return readCases(file, await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** With the name of one of these policies, or null and a problem. */
function meantFor(table: CaseTable, sources: readonly PolicySource[]): CaseTable {
  const names = sources.map(({ name }) => name);
  const only = names.length === 1 ? names[0] : undefined;
  const policy = table.policy ?? only;
  if (policy !== undefined && names.includes(policy)) return { ...table, policy };
  const message =
    table.policy === null
      ? `a table names its policy where there are several: ${names.join(', ')}`
      : `there is no policy ${table.policy}; there is ${names.join(', ')}`;
  const problem: Problem = {
    ...{ severity: 'error', code: 'CONFIG_INVALID', message },
    ...{ file: table.file, line: 1, path: null },
  };
  return { ...table, policy: null, problems: [...table.problems, problem] };
}

function united(tables: readonly CaseTable[]): Cases {
  return {
    cases: tables.flatMap(({ cases }) => cases),
    problems: tables.flatMap(({ problems }) => problems),
  };
}
