import { API_VERSION, type ConnectionStatus } from '@rankguard/contract/resources';
import type { InForce } from '../bundles/index.ts';
import type { Happening, Regarding } from '../events/index.ts';
import type { KubeObject } from '../kube/index.ts';

/** A resource of ours as an Event names it. */
export function regarding({ kind = '', metadata }: KubeObject): Regarding {
  const { namespace = 'default', name, uid = '' } = metadata;
  return { apiVersion: API_VERSION, kind, namespace, name, uid };
}

/** A revision has come into force. */
export function activation(connection: KubeObject, { revision, policies }: InForce): Happening {
  const names = policies.map(({ name }) => name).join(', ') || 'no policy';
  return {
    regarding: regarding(connection),
    type: 'Normal',
    reason: 'PolicyActive',
    action: 'Activate',
    note: `revision ${revision} is in force: ${names}`,
  };
}

/** What has become bad since the status was last written, each once: not again while it stays as it is. */
export function troubles(
  connection: KubeObject,
  before: ConnectionStatus | undefined,
  after: ConnectionStatus,
): readonly Happening[] {
  const all = after.conditions ?? [];
  return all.flatMap(({ type, status, reason, message }) => {
    // Ready only sums up the others, and a revision on its way is no trouble.
    if (type === 'Ready' || reason === 'Pending') return [];
    if (status !== (type === 'PolicyActive' ? 'False' : 'True')) return [];
    const known = before?.conditions?.find((one) => one.type === type);
    if (known?.status === status && known.message === message) return [];
    const action = type === 'PolicyActive' ? 'Refuse' : 'Report';
    return [{ regarding: regarding(connection), type: 'Warning', reason, action, note: message }];
  });
}
