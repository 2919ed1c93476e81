import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { BinaryStore } from './binaries.ts';
import type { Layout } from './node/layout.ts';
import { run } from './run.ts';

const NAME = 'rankguard';

/** Whether a Docker daemon answers: then `kind` is the ordinary way. */
export function dockerAnswers(): Promise<boolean> {
  return run('docker', ['version', '--format', '{{.Server.Version}}']).then(
    () => true,
    () => false,
  );
}

/** A cluster in Docker, in place of a node of our own: the same folder holds its kubeconfig. */
export interface KindCluster {
  up(): Promise<void>;
  load(archives: readonly string[]): Promise<void>;
  /** Gives an image that the node has a second name. */
  tag(image: string, name: string): Promise<void>;
  /** Ends the API server; the kubelet starts it again. */
  stopApiServer(): Promise<void>;
  /** Does nothing where there is none. */
  down(): Promise<void>;
}

export function createKind(store: BinaryStore, layout: Layout): KindCluster {
  const kind = async (...args: string[]) => {
    const { kind: program } = await store.obtain(['kind', 'kubectl', 'helm']);
    await run(program, [...args, '--name', NAME], { loud: true });
  };
  const onNode = (...command: string[]) => run('docker', ['exec', `${NAME}-control-plane`, ...command]);
  return {
    async up() {
      await this.down();
      mkdirSync(layout.folder, { recursive: true });
      writeFileSync(layout.mark, '');
      await kind('create', 'cluster', '--kubeconfig', layout.kubeconfig, '--wait', '180s');
    },
    async load(archives) {
      for (const archive of archives) await kind('load', 'image-archive', archive);
    },
    async tag(image, name) {
      await onNode('ctr', '-n', 'k8s.io', 'images', 'tag', '--force', image, name);
    },
    async stopApiServer() {
      await onNode('pkill', 'kube-apiserver');
    },
    async down() {
      if (!existsSync(layout.mark)) return;
      await kind('delete', 'cluster', '--kubeconfig', layout.kubeconfig);
      rmSync(layout.folder, { recursive: true, force: true });
    },
  };
}
