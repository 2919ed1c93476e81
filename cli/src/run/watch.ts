import { type FSWatcher, watch } from 'node:fs';

export interface Watcher {
  close(): void;
}

/** Editors write a file in several steps; one look after they are done is enough. */
const SETTLE_MS = 60;
/** Some file systems tell nobody (NFS, some container mounts). */
const LOOK_ANYWAY_MS = 3_000;

/**
 * Calls `look` soon after anything in a folder may have changed, never twice at once. `look` decides whether
 * something did.
 */
export function watchDirectory(directory: string, look: () => Promise<void>): Watcher {
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
      await look();
    } while (again && !closed);
    looking = false;
  }
  function soon(): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => void lookNow(), SETTLE_MS);
  }

  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(directory, { recursive: true, persistent: false }, soon);
    // A folder that cannot be watched is still looked at from time to time.
    watcher.on('error', () => watcher?.close());
  } catch {
    watcher = undefined;
  }
  const anyway = setInterval(() => void lookNow(), LOOK_ANYWAY_MS);
  anyway.unref();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(anyway);
      watcher?.close();
    },
  };
}
