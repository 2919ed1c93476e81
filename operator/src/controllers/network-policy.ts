import { LABELS } from '@rankguard/contract/pod';
import type { KubeObject } from '../kube/index.ts';
import type { ConnectionObject } from './conflicts.ts';
import { capturesOf, openPorts, type PodObject } from './pods.ts';

export const networkPolicyName = (connection: string) => `rankguard-${connection}`;

/**
 * With capture `port-name` the app still listens on its own port number. The policy admits, from anywhere, every
 * declared port of the guarded pods but that one (by number: not every network plugin knows names of init
 * containers). Undefined when no pod of the connection is captured so.
 */
export function networkPolicy(
  connection: ConnectionObject,
  guarded: readonly PodObject[],
): KubeObject | undefined {
  const { name, namespace = '' } = connection.metadata;
  const captured = guarded.filter((pod) => capturesOf(pod).get(name) === 'port-name');
  if (captured.length === 0) return undefined;
  const ports = [...new Set(captured.flatMap((pod) => openPorts(name, pod)))].toSorted((a, b) => a - b);
  const { matchLabels } = connection.spec.selector;
  const policy = {
    metadata: {
      name: networkPolicyName(name),
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'rankguard' },
    },
    spec: {
      podSelector: { matchLabels: { ...matchLabels, [LABELS.injected]: 'true' } },
      policyTypes: ['Ingress'],
      ingress: [{ ports: ports.map((port) => ({ protocol: 'TCP', port })) }],
    },
  };
  return policy;
}
