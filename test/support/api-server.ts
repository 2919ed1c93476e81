import { join } from 'node:path';
import { hasApiServer } from '../../tools/cluster/api-server.ts';
import { type BinaryStore, createBinaryStore } from '../../tools/cluster/binaries.ts';

/** The programs that `make cluster` obtains, in this checkout or where RANKGUARD_TOOLS_CACHE says. */
export const clusterPrograms: BinaryStore = createBinaryStore({
  cache: process.env['RANKGUARD_TOOLS_CACHE'] ?? join(import.meta.dirname, '../../tools/.cache'),
  say: (line) => process.stderr.write(`${line}\n`),
});

/** Why a suite that needs a real API server cannot run here, or null. `make cluster-programs` obtains what lacks. */
export const noApiServer: string | null = hasApiServer(clusterPrograms)
  ? null
  : 'etcd and kube-apiserver are not there; `make cluster-programs` builds them';
