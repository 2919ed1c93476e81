import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle, Problem } from '@rankguard/contract';

export interface Kept {
  readonly bundle: Bundle;
  readonly warnings: readonly Problem[];
}

/** The last bundle that was made of a folder, so that a restart with the same files compiles and parses nothing. */
export interface KeptBundle {
  /** What was made of files with this digest by this very build, or undefined. Without secrets: those are never kept. */
  read(digest: string): Promise<Kept | undefined>;
  /** A failure to write is no failure: the next start is slower. */
  write(digest: string, kept: Kept): Promise<void>;
}

const FILE = 'bundle.json';

/**
 * `build` identifies the code that makes bundles: another version may make another one of the same files. null
 * (code that runs from its sources) and a missing directory keep nothing.
 */
export function createKeptBundle(directory: string | undefined, build: string | null): KeptBundle {
  if (directory === undefined || build === null) {
    return { read: async () => undefined, write: async () => {} };
  }
  const path = join(directory, FILE);
  return {
    async read(digest) {
      try {
        const text = await readFile(path, 'utf8');
        const end = text.indexOf('\n');
        const body = text.slice(end + 1);
        // A crash may have cut the file short.
        if (text.slice(0, end) !== checksum(body)) return undefined;
        const saved = JSON.parse(body) as Kept & { readonly build: string; readonly digest: string };
        return saved.build === build && saved.digest === digest ? saved : undefined;
      } catch {
        return undefined;
      }
    },
    async write(digest, { bundle, warnings }) {
      const body = JSON.stringify({ build, digest, bundle, warnings });
      try {
        await writeFile(`${path}.new`, `${checksum(body)}\n${body}`, { mode: 0o600 });
        await rename(`${path}.new`, path);
      } catch {
        // Nothing is lost but time.
      }
    },
  };
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
