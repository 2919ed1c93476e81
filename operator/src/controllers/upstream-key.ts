import { createHash, randomBytes } from 'node:crypto';
import type { SecretRef } from '@rankguard/contract';
import { isConflict, type Kube, RESOURCES } from '../kube/index.ts';
import type { ConnectionObject } from './conflicts.ts';

/** Key inside the Secret. */
const UPSTREAM_KEY = 'key';
/** Servers that answer only to who has their key, by their own settings. vLLM's leaves some routes open. */
const LOCKABLE: readonly string[] = ['tei', 'infinity', 'llama-cpp', 'vllm'];

/** The name says which connection and which key: it never changes its content, so that nobody reads half a change. */
function upstreamKeyName({ metadata }: ConnectionObject): string {
  const digest = createHash('sha256')
    .update(metadata.uid ?? '')
    .digest('hex')
    .slice(0, 8);
  return `rankguard-${metadata.name.slice(0, 40)}-key-${digest}`;
}

/**
 * The key that the operator makes for the app: when its port stays reachable or may, it has no key of its own, and its
 * server knows how to ask for one or is known by its image alone.
 */
export function generatedKeyOf(connection: ConnectionObject): SecretRef | null {
  return needsUpstreamKey(connection) ? { name: upstreamKeyName(connection), key: UPSTREAM_KEY } : null;
}

function needsUpstreamKey({ spec }: ConnectionObject): boolean {
  const { server, upstreamKey, capture } = spec.ingress;
  const mayBeReachable = capture === 'port-name' || capture === 'auto';
  return upstreamKey === undefined && mayBeReachable && (server === undefined || LOCKABLE.includes(server));
}

/**
 * Makes the Secret if it is not there. The operator may create Secrets and read none: one that exists is left as it
 * is. It is immutable. Its connection does not own it: pods that outlive the connection still need it.
 */
export async function ensureUpstreamKey(
  kube: Kube,
  { metadata }: ConnectionObject,
  { name, key }: SecretRef,
): Promise<void> {
  const labels = { 'app.kubernetes.io/managed-by': 'rankguard' };
  const secret = {
    metadata: { namespace: metadata.namespace, name, labels },
    type: 'Opaque',
    immutable: true,
    stringData: { [key]: randomBytes(32).toString('base64url') },
  };
  try {
    await kube.create(RESOURCES.secrets, secret);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/** Whether a Secret is one that {@link ensureUpstreamKey} made for a connection of this name. */
export function isGeneratedKey(connection: string, secret: string): boolean {
  return new RegExp(`^rankguard-${connection.slice(0, 40)}-key-[0-9a-f]{8}$`).test(secret);
}
