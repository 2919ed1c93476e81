import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CodedError } from '@rankguard/contract';
import { parse } from 'yaml';
import type { PolicySource } from './policy-source.ts';

/**
 * A policy from a plain folder: `*.rego` are its modules, `*_test.rego` its tests, `data.json` or `data.yaml` its
 * data; nothing below it is read. It is an enforcing policy with the folder's name.
 *
 * @throws CodedError CONFIG_INVALID when the folder or its data cannot be read.
 */
export async function readPolicyDirectory(directory: string): Promise<PolicySource> {
  const files = await listFiles(directory);
  const modules: Record<string, string> = {};
  const tests: Record<string, string> = {};
  for (const file of files.filter((name) => name.endsWith('.rego'))) {
    const text = await readText(join(directory, file));
    (file.endsWith('_test.rego') ? tests : modules)[file] = text;
  }
  return {
    name: basename(resolve(directory)),
    scope: 'namespace',
    mode: 'enforce',
    modules,
    tests,
    data: await readData(directory, files),
    locate: (file, line) => ({ file: file in modules || file in tests ? join(directory, file) : file, line }),
  };
}

async function listFiles(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', `${directory} is not a folder that can be read`, { cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', `${path} cannot be read`, { cause });
  }
}

async function readData(
  directory: string,
  files: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const present = ['data.json', 'data.yaml', 'data.yml'].filter((name) => files.includes(name));
  const [file, second] = present;
  if (file === undefined) return {};
  const path = join(directory, file);
  if (second !== undefined) throw new CodedError('CONFIG_INVALID', `${path} and ${second}: keep one of them`);
  const text = await readText(path);
  let data: unknown;
  try {
    data = file === 'data.json' ? JSON.parse(text) : parse(text);
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', `${path}: ${(cause as Error).message}`, { cause });
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new CodedError('CONFIG_INVALID', `${path}: the data of a policy are one object`);
  }
  return data as Record<string, unknown>;
}
