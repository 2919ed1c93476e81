import type { Kube, KubeObject, Resource } from '../kube/index.ts';
import { RESOURCES } from '../kube/index.ts';
import type { Caches } from './caches.ts';
import type { ConnectionObject } from './conflicts.ts';
import { MANAGER } from './status-writer.ts';

/** In place of a namespace: the configuration that judges our own kinds, which is always wanted. */
export const EVERY_NAMESPACE = '*';

/**
 * The webhook configurations of a namespace with these connections: a MutatingWebhookConfiguration and a
 * ValidatingWebhookConfiguration. With no connection none is wanted.
 */
export type WebhooksOf = (
  namespace: string,
  connections: readonly ConnectionObject[],
) => Promise<readonly (KubeObject & { readonly kind: string })[]>;

export interface WebhookDeps {
  readonly kube: Kube;
  readonly caches: Caches;
  readonly webhooksOf: WebhooksOf;
  /** The namespaces that webhook configurations of this operator are for, by the configuration's name. */
  readonly namespaceOf: (configuration: KubeObject) => string | undefined;
}

const KINDS: Readonly<Record<string, Resource>> = {
  MutatingWebhookConfiguration: RESOURCES.mutatingWebhooks,
  ValidatingWebhookConfiguration: RESOURCES.validatingWebhooks,
};
/** Somebody may edit a configuration in a way that a watch of metadata does not show as ours. */
const AGAIN_MS = 120_000;

/** Keeps the API server asking about every pod that a connection selects, and about no other. */
export function createWebhookController({ kube, caches, webhooksOf, namespaceOf }: WebhookDeps) {
  async function reconcile(namespace: string): Promise<number | undefined> {
    const connections = caches.connections.list().filter(({ metadata }) => metadata.namespace === namespace);
    // Pods of a connection that is gone are guarded until they are replaced; new ones come as they are.
    const wanted =
      connections.length === 0 && namespace !== EVERY_NAMESPACE
        ? []
        : await webhooksOf(namespace, connections);
    for (const object of wanted) {
      const resource = KINDS[object.kind];
      if (resource !== undefined) await kube.apply(resource, object, { manager: MANAGER });
    }
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    for (const [cache, resource] of [
      [caches.mutatingWebhooks, RESOURCES.mutatingWebhooks],
      [caches.validatingWebhooks, RESOURCES.validatingWebhooks],
    ] as const) {
      const stale = cache
        .list()
        .filter((one) => namespaceOf(one) === namespace && !names.has(one.metadata.name));
      for (const { metadata } of stale) await kube.remove(resource, { name: metadata.name });
    }
    return wanted.length > 0 ? AGAIN_MS : undefined;
  }
  return { reconcile };
}
