import { upstreamKeyOf } from './key-lock.ts';
import type { GuardingConnection } from './types.ts';

/**
 * Names of the Secrets that the sidecar of these connections reads, with those of keys that this pod is locked with,
 * sorted; they are mounted into it alone.
 */
export function secretsOf(connections: readonly GuardingConnection[], keys: readonly string[]): string[] {
  const names = connections.flatMap((connection) => [
    ...namedSecrets(connection.spec),
    ...connection.secrets,
    ...(upstreamKeyOf(connection) === null ? [] : [upstreamKeyOf(connection)!.name]),
  ]);
  return [...new Set([...names, ...keys])].sort();
}

/** Secrets that the connection itself names: its author must be allowed to read each. */
export function namedSecrets({ ingress, egress, tls }: GuardingConnection['spec']): string[] {
  const names = [
    ingress.upstreamKey?.secretKeyRef.name,
    tls?.listener?.secretName,
    ...egress.map(({ credential }) => credential?.secretKeyRef.name),
  ];
  return names.filter((name) => name !== undefined);
}
