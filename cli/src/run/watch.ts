import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Watcher {
  close(): void;
}

/** Editors write a file in several steps; one look after they are done is enough. */
const SETTLE_MS = 60;
/** Some file systems tell nobody (NFS, some container mounts). */
const LOOK_ANYWAY_MS = 3_000;
/** Beyond this many folders changes are still seen, but later. */
const MOST_FOLDERS = 256;

/**
 * Calls `look` soon after anything in a folder or the folders in it may have changed, never twice at once. `look`
 * decides whether something did.
 */
export function watchDirectory(
  directory: string,
  look: () => Promise<void>,
  { lookAnywayMs = LOOK_ANYWAY_MS }: { readonly lookAnywayMs?: number } = {},
): Watcher {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let again = false;
  let closed = false;

  async function lookNow(): Promise<void> {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    do {
      again = false;
      await follow();
      if (!closed) await look();
    } while (again && !closed);
    looking = false;
  }
  function soon(): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => void lookNow(), SETTLE_MS);
  }
  /** Watches folders that are new and leaves those that are gone. */
  async function follow(): Promise<void> {
    const folders = await foldersIn(directory);
    if (closed) return;
    for (const [folder, watcher] of watchers) {
      if (folders.includes(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) if (!watchers.has(folder)) watchFolder(folder);
  }
  /**
   * One watcher for each folder: a recursive one of Node's watches files, and sees nothing more of a file that was
   * replaced by a rename, as editors, Git and Kubernetes do it.
   */
  function watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, soon);
      watchers.set(folder, watcher);
      // A folder that cannot be watched is still looked at from time to time.
      watcher.on('error', () => watcher.close());
    } catch {
      // Gone already, or no watcher is left.
    }
  }

  watchFolder(directory);
  void follow();
  const anyway = setInterval(() => void lookNow(), lookAnywayMs);
  anyway.unref();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(anyway);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** A folder and the folders in it; nothing is read from hidden ones. */
async function foldersIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const inside = entries
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((folder) => !/(^|\/)\./.test(folder.slice(directory.length + 1)));
  return [directory, ...inside.slice(0, MOST_FOLDERS)];
}
