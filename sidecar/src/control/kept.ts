import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Kept {
  readonly etag: string | null;
  /** As it came; it is verified again whenever it is read. */
  readonly signed: unknown;
}

/** The last good bundle of a connection, on a tmpfs that outlives the container. */
export interface KeptBundles {
  /** Undefined when there is none that can be read. */
  read(connection: string): Promise<Kept | undefined>;
  /** Rejects when it cannot be written: a restart without the operator would then deny. */
  write(connection: string, kept: Kept): Promise<void>;
}

export function createKeptBundles(directory: string): KeptBundles {
  // Names of Kubernetes are names of files, but for `.` and `..` alone, which they cannot be.
  const pathOf = (connection: string) => join(directory, `${connection}.bundle.json`);
  return {
    async read(connection) {
      try {
        return JSON.parse(await readFile(pathOf(connection), 'utf8')) as Kept;
      } catch {
        return undefined;
      }
    },
    async write(connection, kept) {
      const path = pathOf(connection);
      await writeFile(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
  };
}
