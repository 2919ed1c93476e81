import { join } from 'node:path';
import { BINARY_NAMES, createBinaryStore } from './binaries.ts';
import { down } from './node/down.ts';
import { importImage } from './node/images.ts';
import { layoutOf } from './node/layout.ts';
import { up } from './node/up.ts';

const root = join(import.meta.dirname, '../..');
const cache = process.env['RANKGUARD_TOOLS_CACHE'] ?? join(root, 'tools/.cache');
const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`);
const store = createBinaryStore({ cache, say });
const layout = layoutOf(process.env['RANKGUARD_CLUSTER'] ?? join(root, 'tools/.cache/cluster-node'));

const commands: Readonly<Record<string, () => Promise<unknown>>> = {
  binaries: () => store.obtain(BINARY_NAMES),
  up: () => up({ layout, store, say }),
  down: () => down(layout),
  /** Puts docker-archives into the node. */
  load: async () => {
    const { ctr } = await store.obtain(['ctr']);
    for (const archive of process.argv.slice(3)) await importImage(layout, ctr, archive);
  },
};
const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  say(`name one of ${Object.keys(commands).join(', ')}`);
  process.exitCode = 64;
} else {
  await command().catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
