import { keyIsForAll } from '../injection/index.ts';
import { type Kube, RESOURCES } from '../kube/index.ts';
import type { ConnectionObject } from './conflicts.ts';
import { networkPolicy } from './network-policy.ts';
import { isLocked, type PodsSeen } from './pods.ts';
import { MANAGER } from './status-writer.ts';
import { ensureUpstreamKey, generatedKeyOf } from './upstream-key.ts';

/**
 * Makes what closes the ports of apps that keep theirs: a NetworkPolicy, and the key that they answer to. Gives the name
 * of the key's Secret; null: no pod needs one.
 */
export async function closePorts(
  kube: Kube,
  connection: ConnectionObject,
  { rival, pods }: { readonly rival: ConnectionObject | undefined; readonly pods: PodsSeen },
): Promise<string | null> {
  const { guarded } = pods;
  // An older connection's pods are not this one's to close.
  const policy = rival && guarded.length === 0 ? undefined : networkPolicy(connection, guarded);
  if (policy) await kube.apply(RESOURCES.networkPolicies, policy, { manager: MANAGER });
  const { name } = connection.metadata;
  const key = generatedKeyOf(connection);
  const isWanted = keyIsForAll(connection.spec.ingress) || guarded.some((pod) => isLocked(name, pod));
  if (key === null || !isWanted) return null;
  await ensureUpstreamKey(kube, connection, key);
  return key.name;
}
