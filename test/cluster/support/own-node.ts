import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { layoutOf } from '../../../tools/cluster/node/layout.ts';

/** The folder of the node that `make cluster` made, when KUBECONFIG is its own; null on anybody else's cluster. */
const layout = layoutOf(dirname(process.env['KUBECONFIG'] ?? ''));

/**
 * The private key (PEM) with which the cluster signs ServiceAccount tokens; null where it is out of reach, as on
 * every cluster but our own.
 */
export function accountKey(): string | null {
  if (!existsSync(layout.mark)) return null;
  return readFileSync(join(layout.pki, 'sa.key'), 'utf8');
}
