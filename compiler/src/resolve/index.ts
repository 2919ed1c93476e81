import type { Problem, ResolvedConnection, ResolvedMasking } from '@rankguard/contract';
import type { ReadResource } from '@rankguard/contract/resources';
import type { PolicySource } from '../policy-source.ts';
import { resolveConnection } from './connection.ts';
import { maskingOf } from './masking.ts';
import { resolvePolicies } from './policies.ts';
import { createReport, idOf, ofKind, type ReadConnection } from './report.ts';
import { createSecretCheck } from './secrets.ts';

export { DEFAULT_MASKING, type MaskingResolution, resolveMasking } from './masking.ts';
export { policySources } from './policies.ts';

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
 * CONFIG_UNSUPPORTED at its line. `cluster` says that ServiceAccounts of a cluster may call; only what has no meaning without a cluster (selector, ports, capture, approvals,
 * failure, the sidecar's own container) is passed over.
 */
export function resolve(
  resources: readonly ReadResource[],
  options: { readonly connection?: string | undefined; readonly cluster?: boolean } = {},
): Resolution {
  const picked = pick(ofKind(resources, 'RerankConnection'), options.connection);
  if ('message' in picked) return { ok: false, problems: [picked] };
  const report = createReport();
  const secrets = createSecretCheck(resources, picked.namespace, report);
  const connection = resolveConnection(picked, { report, secrets, cluster: options.cluster ?? false });
  const masking = maskingOf(picked, resources, { report, secrets });
  const policies = resolvePolicies(picked, resources, report);
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
