import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, Exit } from '../io.ts';

/** What outlives a restart: the last revision, so that revisions stay monotonic. */
export interface State {
  /** The revision for a bundle with this digest of its files: the last one again when nothing changed. */
  next(digest: string): number;
  /** Why the last revision is not known though there was one; null: it is known, or there was none. */
  readonly damaged: string | null;
  /** Remembers what was activated. */
  activated(digest: string, revision: number): Promise<void>;
}

interface Saved {
  readonly revision: number;
  readonly digest: string;
}

/** What there was to read, and why that was nothing good. */
interface Found {
  readonly saved: Saved | undefined;
  readonly damaged: string | null;
}

const NOTHING: Found = { saved: undefined, damaged: null };
const FILE = 'revision.json';

/**
 * Throws Exit when there cannot be such a folder. Where a revision was kept and cannot be read, the next one is the time in
 * unix seconds: further than any count has come, so that revisions never go back. `now` is in unix milliseconds.
 */
export async function openState(directory: string | undefined, now: () => number): Promise<State> {
  if (directory !== undefined) await makeFolder(directory);
  const { saved, damaged } = directory === undefined ? NOTHING : await readSaved(join(directory, FILE));
  let last = saved;
  const first = damaged === null ? 1 : Math.floor(now() / 1000);
  return {
    damaged,
    next(digest) {
      if (last === undefined) return first;
      return last.digest === digest ? last.revision : last.revision + 1;
    },
    async activated(digest, revision) {
      last = { digest, revision };
      if (directory === undefined) return;
      const path = join(directory, FILE);
      // On the disk before the rename is: a power cut leaves the old file or the new one.
      await writeFile(`${path}.new`, JSON.stringify(last), { flush: true });
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

async function readSaved(path: string): Promise<Found> {
  try {
    const saved = parse(await readFile(path, 'utf8'));
    return saved === undefined ? { saved, damaged: `${path} is damaged` } : { saved, damaged: null };
  } catch (error) {
    const { code } = error as { code?: string };
    return code === 'ENOENT' ? NOTHING : { saved: undefined, damaged: `${path} cannot be read (${code})` };
  }
}

function parse(text: string): Saved | undefined {
  try {
    const { revision = 0, digest } = JSON.parse(text) as Partial<Saved>;
    const isWhole = Number.isSafeInteger(revision) && revision > 0 && typeof digest === 'string';
    return isWhole ? { revision, digest } : undefined;
  } catch {
    return undefined;
  }
}
