import { join } from 'node:path';
import { createBinaryStore, NODE_BINARIES } from './binaries.ts';
import { createKind, dockerAnswers } from './kind.ts';
import { down } from './node/down.ts';
import { importImage, tagImage } from './node/images.ts';
import { layoutOf } from './node/layout.ts';
import { createParts } from './node/parts.ts';
import { up } from './node/up.ts';
import { waitUntil } from './processes.ts';
import { installPackages, reasonAgainstNode } from './requirements.ts';
import { run } from './run.ts';

const root = join(import.meta.dirname, '../..');
const cache = process.env['RANKGUARD_TOOLS_CACHE'] ?? join(root, 'tools/.cache');
const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`);
const store = createBinaryStore({ cache, say });
const layout = layoutOf(process.env['RANKGUARD_CLUSTER'] ?? join(root, 'tools/.cache/cluster-node'));

const kind = createKind(store, layout);
const inDocker = await dockerAnswers();

const commands: Readonly<Record<string, () => Promise<unknown>>> = {
  /** All that a node, or an API server alone, needs; where none can be made it says why, and that is all. */
  async binaries() {
    const reason = await reasonAgainstNode();
    if (reason !== null) return say(reason);
    await installPackages(say);
    await store.obtain(NODE_BINARIES);
  },
  up: () => (inDocker ? kind.up() : up({ layout, store, say })),
  down: () => (inDocker ? kind.down() : down(layout)),
  /** Puts docker-archives into the cluster. */
  load: async () => {
    if (inDocker) return kind.load(process.argv.slice(3));
    const { ctr } = await store.obtain(['ctr']);
    for (const archive of process.argv.slice(3)) await importImage(layout, ctr, archive);
  },
  /** `tag IMAGE NAME`: gives an image that the cluster has a second name. */
  tag: async () => {
    const [image = '', name = ''] = process.argv.slice(3);
    if (inDocker) return kind.tag(image, name);
    const { ctr } = await store.obtain(['ctr']);
    return tagImage({ layout, ctr }, image, name);
  },
  /** Ends the API server and starts it again; done when it answers. */
  'restart-api-server': async () => {
    if (inDocker) await kind.stopApiServer();
    else {
      const parts = createParts(layout);
      await parts.stop('kube-apiserver');
      parts.startAgain('kube-apiserver');
    }
    const { kubectl } = await store.obtain(['kubectl']);
    const asked = ['--kubeconfig', layout.kubeconfig, '--request-timeout=2s', 'get', '--raw', '/readyz'];
    const answers = () =>
      run(kubectl, asked).then(
        () => true,
        () => false,
      );
    await waitUntil('the API server', answers);
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
