import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The kubelet swaps the link `..data` of each mounted Secret within a minute or so of its change. */
const EVERY_MS = 5_000;

/** Calls `changed` after the Secrets that are mounted below a folder have changed. */
export function watchSecrets(
  directory: string,
  changed: () => void,
  everyMs = EVERY_MS,
): { readonly close: () => void } {
  let seen: string | undefined;
  async function look(): Promise<void> {
    const now = await versionOf(directory);
    if (seen !== undefined && now !== seen) changed();
    seen = now;
  }
  void look();
  const timer = setInterval(() => void look(), everyMs);
  return { close: () => clearInterval(timer) };
}

async function versionOf(directory: string): Promise<string> {
  const names = await readdir(directory).catch(() => []);
  const versions = await Promise.all(
    names.sort().map(async (name) => {
      const folder = join(directory, name);
      const link = await readlink(join(folder, '..data')).catch(async () =>
        String((await stat(folder)).mtimeMs),
      );
      return `${name}=${link}`;
    }),
  );
  return versions.join('\n');
}
