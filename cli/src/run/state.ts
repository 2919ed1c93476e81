import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, Exit } from '../io.ts';

/** What outlives a restart: the last revision, so that revisions stay monotonic. */
export interface State {
  /** The revision for a bundle with this digest of its files: the last one again when nothing changed. */
  next(digest: string): number;
  /** Remembers what was activated. */
  activated(digest: string, revision: number): Promise<void>;
}

interface Saved {
  readonly revision: number;
  readonly digest: string;
}

const FILE = 'revision.json';

/** Throws Exit when there cannot be such a folder. */
export async function openState(directory: string | undefined): Promise<State> {
  if (directory !== undefined) await makeFolder(directory);
  let last = directory === undefined ? undefined : await readSaved(join(directory, FILE));
  return {
    next: (digest) => (last === undefined ? 1 : last.digest === digest ? last.revision : last.revision + 1),
    async activated(digest, revision) {
      last = { digest, revision };
      if (directory === undefined) return;
      const path = join(directory, FILE);
      await writeFile(`${path}.new`, JSON.stringify(last));
      await rename(`${path}.new`, path);
    },
  };
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${directory} cannot be used for state: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function readSaved(path: string): Promise<Saved | undefined> {
  try {
    const saved = JSON.parse(await readFile(path, 'utf8')) as Partial<Saved>;
    if (Number.isSafeInteger(saved.revision) && typeof saved.digest === 'string') return saved as Saved;
  } catch {
    // No state yet, or a file that a crash cut short: revisions start again.
  }
  return undefined;
}
