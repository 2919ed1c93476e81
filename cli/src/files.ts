import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceFile } from '@rankguard/contract/resources';
import { EXIT, Exit } from './io.ts';

const MOST_FILES = 1_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** The YAML files of a folder and the folders in it, in order of their names; hidden ones are left out. */
export async function readYamlFiles(directory: string): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  let bytes = 0;
  for (const name of await listFiles(directory)) {
    const text = await readFile(join(directory, name), 'utf8');
    bytes += text.length;
    files.push({ file: join(directory, name), text });
    if (files.length > MOST_FILES || bytes > MOST_BYTES) {
      throw new Exit(
        EXIT.noInput,
        `${directory} holds more than ${MOST_FILES} files or ${MOST_BYTES} bytes of YAML`,
      );
    }
  }
  if (files.length === 0) throw new Exit(EXIT.noInput, `${directory} holds no .yaml or .yml file`);
  return files;
}

async function listFiles(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive: true });
    return entries.filter((name) => /\.ya?ml$/.test(name) && !/(^|\/)\./.test(name)).sort();
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${directory} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

export function digestOfFiles(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of files) hash.update(`${file}\0${text.length}\0${text}\0`);
  return hash.digest('hex');
}

export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
