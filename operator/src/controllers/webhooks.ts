import { isDeepStrictEqual } from 'node:util';
import type { Happening } from '../events/index.ts';
import {
  type Kube,
  type KubeObject,
  RESOURCES,
  type ReflectorLog,
  type Resource,
  statusOf,
} from '../kube/index.ts';
import type { Caches } from './caches.ts';
import type { ConnectionObject } from './conflicts.ts';
import { regarding } from './connection-events.ts';
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
  readonly recorder: { record(happening: Happening): void };
  readonly log: ReflectorLog;
}

const KINDS: Readonly<Record<string, Resource>> = {
  MutatingWebhookConfiguration: RESOURCES.mutatingWebhooks,
  ValidatingWebhookConfiguration: RESOURCES.validatingWebhooks,
};
/** Somebody may edit a configuration in a way that a watch of metadata does not show as ours. */
const AGAIN_MS = 120_000;

/** Keeps the API server asking about every pod that a connection selects, and about no other. */
export function createWebhookController(deps: WebhookDeps) {
  const { kube, caches, webhooksOf, namespaceOf } = deps;
  const keep = createKeeper(deps);

  async function reconcile(namespace: string): Promise<number | undefined> {
    const connections = caches.connections.list().filter(({ metadata }) => metadata.namespace === namespace);
    // Pods of a connection that is gone are guarded until they are replaced; new ones come as they are.
    const wanted =
      connections.length === 0 && namespace !== EVERY_NAMESPACE
        ? []
        : await webhooksOf(namespace, connections);
    for (const object of wanted) {
      const resource = KINDS[object.kind];
      if (resource !== undefined) await keep(resource, object, connections);
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

interface Written {
  readonly webhooks: unknown;
  readonly uid: string | undefined;
  readonly generation: number | undefined;
}

/** Writes configurations, and says so when somebody else has changed one since. */
function createKeeper({ kube, recorder, log }: WebhookDeps) {
  const written = new Map<string, Written>();

  async function write(resource: Resource, object: KubeObject): Promise<KubeObject> {
    let found: KubeObject;
    try {
      found = await kube.apply(resource, object, { manager: MANAGER });
    } catch (error) {
      // What somebody added makes no sense beside our own fields, such as a URL beside the Service.
      if (statusOf(error) !== INVALID) throw error;
      found = await kube.get(resource, object.metadata);
    }
    // Server-side apply leaves what others added: a matchCondition that never holds would keep us from being asked.
    if (isDeepStrictEqual(webhooksIn(found), webhooksIn(object))) return found;
    const { uid, resourceVersion } = found.metadata;
    const metadata = { ...object.metadata, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
    return await kube.replace(resource, { ...object, metadata });
  }

  return async function keep(
    resource: Resource,
    object: KubeObject & { readonly kind: string },
    connections: readonly ConnectionObject[],
  ): Promise<void> {
    const { name } = object.metadata;
    const id = `${object.kind} ${name}`;
    const before = written.get(id);
    const { metadata } = await write(resource, object);
    const now = { webhooks: webhooksIn(object), uid: metadata.uid, generation: metadata.generation };
    written.set(id, now);
    if (before === undefined || !isDeepStrictEqual(before.webhooks, now.webhooks)) return;
    if (before.uid === now.uid && before.generation === now.generation) return;
    const what = before.uid === now.uid ? 'was changed' : 'was removed';
    const note = `${id} ${what} by somebody else, and is as it was again`;
    log('warn', 'webhook configuration put back', { configuration: id, was: what });
    for (const connection of connections) {
      const about = { regarding: regarding(connection), type: 'Warning', reason: 'WebhookChanged' } as const;
      recorder.record({ ...about, action: 'Restore', note });
    }
  };
}

/** 422 Unprocessable Content: the API server's validation. */
const INVALID = 422;

function webhooksIn(object: KubeObject): unknown {
  return (object as { readonly webhooks?: unknown }).webhooks;
}
