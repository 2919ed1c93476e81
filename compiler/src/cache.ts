import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './digest.ts';

/** Compiled results by digest. A file that is broken or was changed counts as absent. */
export interface Cache {
  read(digest: string): Promise<string | undefined>;
  /** Readers see the old file or the new one, never half of it. */
  write(digest: string, text: string): Promise<void>;
}

export function createCache(directory: string | undefined): Cache {
  if (directory === undefined) return { read: async () => undefined, write: async () => {} };

  const fileOf = (digest: string) => join(directory, `${digest}.json`);

  async function read(digest: string): Promise<string | undefined> {
    let file: string;
    try {
      file = await readFile(fileOf(digest), 'utf8');
    } catch {
      return undefined;
    }
    const end = file.indexOf('\n');
    const text = file.slice(end + 1);
    return end > 0 && file.slice(0, end) === sealOf(digest, text) ? text : undefined;
  }

  async function write(digest: string, text: string): Promise<void> {
    await mkdir(directory as string, { recursive: true, mode: 0o700 });
    const draft = `${fileOf(digest)}.${randomUUID()}`;
    try {
      await writeFile(draft, `${sealOf(digest, text)}\n${text}`, { mode: 0o600 });
      await rename(draft, fileOf(digest));
    } finally {
      await rm(draft, { force: true });
    }
  }

  return { read, write };
}

/** Bound to the digest, so that one entry cannot stand in for another. */
function sealOf(digest: string, text: string): string {
  return sha256(`${digest}\n${text}`);
}
