import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildah } from '../../images/builder.ts';
import type { NodeBinaryName } from '../binaries.ts';
import { run } from '../run.ts';
import { type Layout, PAUSE_IMAGE } from './layout.ts';

/** Puts an image archive (docker-archive) into the node; pods use it with `imagePullPolicy: Never`. */
export async function importImage(layout: Layout, ctr: string, archive: string): Promise<void> {
  await run(ctr, ['-a', layout.socket, '-n', 'k8s.io', 'images', 'import', archive]);
}

/** Gives an image of the node a second name. */
export async function tagImage(
  { layout, ctr }: { readonly layout: Layout; readonly ctr: string },
  image: string,
  name: string,
): Promise<void> {
  await run(ctr, ['-a', layout.socket, '-n', 'k8s.io', 'images', 'tag', '--force', image, name]);
}

/** The container that holds a pod's namespaces. */
export async function buildPauseImage(
  layout: Layout,
  programs: Record<NodeBinaryName, string>,
): Promise<void> {
  const folder = mkdtempSync(join(layout.folder, 'pause-'));
  mkdirSync(folder, { recursive: true });
  copyFileSync(programs.pause, join(folder, 'pause'));
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n');
  const archive = join(folder, 'pause.tar');
  await buildah.build({ image: PAUSE_IMAGE, context: folder, file: join(folder, 'Dockerfile') });
  await buildah.save(PAUSE_IMAGE, archive);
  await importImage(layout, programs.ctr, archive);
  rmSync(folder, { recursive: true, force: true });
}
