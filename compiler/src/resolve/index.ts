import type { Problem, ResolvedConnection, ResolvedMasking } from '@rankguard/contract';
import type { ReadResource } from '@rankguard/contract/resources';
import type { PolicySource } from '../policy-source.ts';
import { resolveConnection } from './connection.ts';
import { maskingOf } from './masking.ts';
import { type ClusterFacts, resolvePolicies } from './policies.ts';
import { createReport, idOf, ofKind, type ReadConnection } from './report.ts';
import { createSecretCheck, UNREAD_SECRETS } from './secrets.ts';

export { DEFAULT_MASKING, type MaskingResolution, resolveMasking } from './masking.ts';
export { type ClusterFacts, policySources } from './policies.ts';

export type Resolution =
  | {
      readonly ok: true;
      readonly connection: ResolvedConnection;
      readonly masking: ResolvedMasking;
      readonly policies: readonly PolicySource[];
      /** Warnings: what is valid, and perhaps not what was meant. */
      readonly notices: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Picks the one connection among the resources (or the one that `options.connection` names as `namespace/name`)
 * and finds everything that it refers to. Pure. Whatever this version does not do is a problem of code
 * CONFIG_UNSUPPORTED at its line; only what has no meaning here (selector, ports, capture, approvals, failure, the
 * sidecar's own container) is passed over. `cluster` says that there is one: its ServiceAccounts may call, its
 * namespaces have labels, and Secrets are named only, because nobody but the sidecar may read them.
 */
export function resolve(
  resources: readonly ReadResource[],
  options: { readonly connection?: string | undefined; readonly cluster?: ClusterFacts } = {},
): Resolution {
  const picked = pick(ofKind(resources, 'RerankConnection'), options.connection);
  if ('message' in picked) return { ok: false, problems: [picked] };
  const { cluster } = options;
  const report = createReport(cluster && '');
  const secrets = cluster ? UNREAD_SECRETS : createSecretCheck(resources, picked.namespace, report);
  const connection = resolveConnection(picked, { report, secrets, cluster: cluster !== undefined });
  const masking = maskingOf(picked, resources, { report, secrets });
  const policies = resolvePolicies(picked, resources, { report, cluster });
  const { problems, notices } = report;
  return problems.length > 0
    ? { ok: false, problems: [...problems, ...notices] }
    : { ok: true, connection, masking, policies, notices };
}

function pick(connections: readonly ReadConnection[], wanted: string | undefined): ReadConnection | Problem {
  const names = connections
    .map((one) => `${idOf(one)} (${one.file}:${one.line('metadata.name')})`)
    .join(', ');
  if (wanted !== undefined) {
    const found = connections.find((one) => idOf(one) === wanted);
    if (found !== undefined) return found;
    if (connections.length > 0)
      return nowhere(`no RerankConnection ${wanted} in the files; there are ${names}`);
  }
  const [first, second] = connections;
  if (first === undefined) return nowhere('no RerankConnection in the files');
  if (second === undefined) return first;
  return nowhere(`several RerankConnections: ${names}; say which one as namespace/name`);
}

function nowhere(message: string): Problem {
  return { severity: 'error', code: 'CONFIG_INVALID', message, file: null, line: null, path: null };
}
