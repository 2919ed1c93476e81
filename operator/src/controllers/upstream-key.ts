import { createHash, randomBytes } from 'node:crypto';
import { isConflict, type Kube, RESOURCES } from '../kube/index.ts';
import type { ConnectionObject } from './conflicts.ts';

/** Key inside the Secret. */
export const UPSTREAM_KEY = 'key';
/** Servers that answer only to who has their key, by their own settings. vLLM's leaves some routes open. */
const LOCKABLE: readonly string[] = ['tei', 'infinity', 'llama-cpp', 'vllm'];

/** The name says which connection and which key: it never changes its content, so that nobody reads half a change. */
export function upstreamKeyName({ metadata }: ConnectionObject): string {
  const digest = createHash('sha256')
    .update(metadata.uid ?? '')
    .digest('hex')
    .slice(0, 8);
  return `rankguard-${metadata.name.slice(0, 40)}-key-${digest}`;
}

/** Whether the operator makes a key for the app: it has none of its own, and its server knows how to ask for one. */
export function needsUpstreamKey({ spec }: ConnectionObject): boolean {
  const { server, upstreamKey, capture = 'auto' } = spec.ingress;
  const reachable = capture === 'port-name' || capture === 'auto';
  return upstreamKey === undefined && reachable && server !== undefined && LOCKABLE.includes(server);
}

/**
 * Makes the Secret if it is not there. The operator may create Secrets and read none: one that exists is left as
 * it is. It is immutable, and goes with its connection.
 */
export async function ensureUpstreamKey(kube: Kube, connection: ConnectionObject): Promise<string> {
  const { namespace = '', name, uid = '' } = connection.metadata;
  const secret = {
    metadata: {
      namespace,
      name: upstreamKeyName(connection),
      labels: { 'app.kubernetes.io/managed-by': 'rankguard' },
      ownerReferences: [{ apiVersion: 'rankguard.dev/v1alpha1', kind: 'RerankConnection', name, uid }],
    },
    type: 'Opaque',
    immutable: true,
    stringData: { [UPSTREAM_KEY]: randomBytes(32).toString('base64url') },
  };
  try {
    await kube.create(RESOURCES.secrets, secret);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  return secret.metadata.name;
}
