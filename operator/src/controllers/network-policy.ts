import { LABELS, MOST_CONNECTIONS, PORTS } from '@rankguard/contract/pod';
import type { KubeObject } from '../kube/index.ts';
import type { ConnectionObject } from './conflicts.ts';
import { capturesOf, openPorts, type PodObject } from './pods.ts';

/** What a sidecar may bind, whichever of the pod's connections this is. */
const SIDECAR_PORTS: readonly number[] = [
  PORTS.admin,
  PORTS.probe,
  ...Array.from({ length: MOST_CONNECTIONS }, (_, index) => PORTS.listener + index),
];

export const networkPolicyName = (connection: string) => `rankguard-${connection}`;

/**
 * With capture `port-name` the app still listens on its own port number. The policy admits, from anywhere, every
 * declared port of the guarded pods but that one (by number: not every network plugin knows names of init
 * containers). Before there are pods it admits what the sidecar binds and what the connection declares. Undefined when
 * the connection does not ask for `port-name` and no pod of it is captured so.
 */
export function networkPolicy(
  connection: ConnectionObject,
  guarded: readonly PodObject[],
): KubeObject | undefined {
  const { name, namespace = '' } = connection.metadata;
  const captured = guarded.filter((pod) => capturesOf(pod).get(name) === 'port-name');
  const { ingress, selector } = connection.spec;
  if (captured.length === 0 && ingress.capture !== 'port-name') return undefined;
  const ofPods = captured.length === 0 ? SIDECAR_PORTS : captured.flatMap((pod) => openPorts(name, pod));
  const declared = (ingress.otherPorts ?? []).map(({ port }) => port);
  const ports = [...new Set([...ofPods, ...declared])].toSorted((a, b) => a - b);
  const { matchLabels } = selector;
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
