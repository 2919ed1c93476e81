import { chmodSync, cpSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { build } from 'esbuild';
import type { ImageSource } from './images.ts';

/** Packages that are not ESM ask for `require`. */
const REQUIRE =
  "import{createRequire as bundledRequire}from'node:module';const require=bundledRequire(import.meta.url);";

/** Makes what an image holds: each program with all that it imports in one file. */
export async function bundleImage(root: string, { bundle, programs, files }: ImageSource): Promise<void> {
  const folder = join(root, bundle);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(programs).map(([out, entry]) => ({ in: entry, out })),
    outdir: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['source'],
    banner: { js: REQUIRE },
    logLevel: 'warning',
    legalComments: 'none',
    // One character beyond Latin-1 in a comment makes V8 keep the whole source with two bytes a character.
    minifyWhitespace: true,
  });
  for (const [name, source] of Object.entries(files)) {
    const from = isAbsolute(source) ? source : join(root, source);
    cpSync(from, join(folder, name));
    chmodSync(join(folder, name), statSync(from).mode & 0o111 ? 0o755 : 0o644);
  }
}
