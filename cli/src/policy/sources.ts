import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
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
export async function readCasesOf(
  directory: string,
  source: PolicySource,
): Promise<{ readonly cases: readonly PolicyCase[]; readonly problems: readonly Problem[] }> {
  const folders = await policyFolders(directory);
  const folder = folders.find((path) => path === directory || path.endsWith(`/${source.name}`));
  if (folder === undefined) return { cases: [], problems: [] };
  const files = (await readdir(folder)).filter(isCases).toSorted();
  const read = await Promise.all(
    files.map(async (name) => readCases(join(folder, name), await readFile(join(folder, name), 'utf8'))),
  );
  return { cases: read.flatMap(({ cases }) => cases), problems: read.flatMap(({ problems }) => problems) };
}
