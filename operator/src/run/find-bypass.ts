import { findBypasses, selects } from '../bypass/index.ts';
import { type Caches, capturesOf, type FindBypass, type PodObject } from '../controllers/index.ts';
import type { Pod } from '../injection/index.ts';
import { type Kube, RESOURCES } from '../kube/index.ts';
import { createRightsReader } from '../rights/index.ts';
import { asService, guarding, inNamespace, type Profiles } from './admission-ports.ts';

/** All pods of a namespace are read, not watched: what runs unguarded beside a connection may be told a little late. */
const FRESH_MS = 60_000;

export function createFindBypass(
  kube: Pick<Kube, 'list'>,
  caches: Profiles & { readonly services: Pick<Caches['services'], 'list'> },
): FindBypass {
  const rightsIn = createRightsReader({ kube });
  const read = new Map<string, { readonly pods: Promise<readonly Pod[]>; readonly at: number }>();

  function podsOf(namespace: string): Promise<readonly Pod[]> {
    const known = read.get(namespace);
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return known.pods;
    const pods = kube.list<PodObject>(RESOURCES.pods, { namespace }).then(({ items }) => items.map(slim));
    read.set(namespace, { pods, at: performance.now() });
    pods.catch(() => read.delete(namespace));
    for (const [key, { at }] of read) if (performance.now() - at >= FRESH_MS) read.delete(key);
    return pods;
  }

  return async (connection, { guarded, unguarded }) => {
    const { namespace = '', name } = connection.metadata;
    const own = guarding(caches, connection);
    const selected = [...guarded, ...unguarded];
    const [pods, rights] = await Promise.all([podsOf(namespace), rightsIn(namespace)]);
    // Those that the connection selects are known as they are now: what was read earlier may have been replaced.
    const others = pods.filter((pod) => !selects(own, pod));
    const found = findBypasses({
      connection: own,
      pods: [...selected.map(slim), ...others],
      services: inNamespace(caches.services.list(), namespace).map(asService),
      networkPolicy: guarded.some((pod) => capturesOf(pod).get(name) === 'port-name'),
      rights,
    });
    return found.map(({ reason, message }) => ({ code: reason, message }));
  };
}

/** Without the fields that managers and the kubelet write: there may be thousands. */
function slim({ metadata, spec, status }: PodObject): Pod {
  const { name, namespace, uid, labels, annotations } = metadata;
  const kept = { name, namespace, uid, labels, annotations };
  const known = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  return {
    metadata: known,
    ...(spec && { spec }),
    ...(status?.phase && { status: { phase: status.phase } }),
  };
}
