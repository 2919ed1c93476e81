import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../../tools/cluster/run.ts';

const folder = dirname(process.env['KUBECONFIG'] ?? '');
const tools = join(import.meta.dirname, '../../../tools/cluster/main.ts');

/** Why this suite may not touch the node behind the API server, or null: only what `make cluster` made is ours. */
export const notOurs: string | null = existsSync(join(folder, '.rankguard-cluster'))
  ? null
  : 'KUBECONFIG is not of a cluster that make cluster made: its API server and images are not ours to touch';

/** Runs a command of `tools/cluster` on the cluster under test. */
export function cluster(...words: readonly string[]): Promise<string> {
  const node = [process.execPath, '-C', 'source', tools, ...words];
  return run('env', [`RANKGUARD_CLUSTER=${folder}`, ...node]);
}
