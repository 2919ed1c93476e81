import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.ts';
import type { Layout } from './layout.ts';
import { removeNetwork } from './network.ts';
import { commandLine, createParts } from './parts.ts';

/**
 * Stops the node of this folder and removes what it left: containers, whose shims outlive the runtime, the pods'
 * network namespaces, mounts, the node's own network, and the folder. Does nothing where there is none.
 */
export async function down(layout: Layout): Promise<void> {
  if (!existsSync(layout.mark)) return;
  const parts = createParts(layout);
  for (const name of parts.names()) await parts.stop(name);
  const tasks = join(layout.containerd, 'state/io.containerd.runtime.v2.task/k8s.io');
  const containers = existsSync(tasks) ? readdirSync(tasks).map((id) => join(tasks, id)) : [];
  const namespaces = new Set(containers.flatMap(networkNamespaces));
  for (const container of containers) kill(Number(read(join(container, 'init.pid'))));
  for (const entry of readdirSync('/proc')) {
    const words = commandLine(Number(entry));
    if (words.includes('containerd-shim-runc-v2') && words.includes(`-address ${layout.socket}`))
      kill(Number(entry));
  }
  for (const namespace of namespaces) await run('ip', ['netns', 'del', namespace]).catch(() => {});
  for (const mount of mountsUnder(layout.folder)) await run('umount', ['-l', mount]).catch(() => {});
  await removeNetwork();
  rmSync(layout.folder, { recursive: true, force: true });
}

function networkNamespaces(container: string): string[] {
  const names = read(join(container, 'config.json')).matchAll(/\/netns\/(cni-[0-9a-f-]+)/g);
  return [...names].map(([, name = '']) => name);
}

function mountsUnder(folder: string): string[] {
  const mounted = readFileSync('/proc/mounts', 'utf8').split('\n');
  const paths = mounted.map((line) => line.split(' ')[1] ?? '');
  // The inner ones first.
  return paths.filter((path) => path.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length);
}

function kill(pid: number): void {
  if (!(pid > 1)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone in the meantime.
  }
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
