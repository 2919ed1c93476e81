import { findBypasses, selects } from '../bypass/index.ts';
import { type Caches, capturesOf, type FindBypass, type PodObject } from '../controllers/index.ts';
import type { Pod } from '../injection/index.ts';
import { createFreshReads, type Kube, RESOURCES } from '../kube/index.ts';
import { createRightsReader } from '../rights/index.ts';
import { asService, guarding, inNamespace, type Profiles } from './admission-ports.ts';

export function createFindBypass(
  kube: Pick<Kube, 'list'>,
  caches: Profiles & { readonly services: Pick<Caches['services'], 'list'> },
): FindBypass {
  const rightsIn = createRightsReader({ kube });
  // All pods of a namespace are read, not watched: what runs unguarded beside a connection may be told a little late.
  const podsIn = createFreshReads(async (namespace) =>
    (await kube.list<PodObject>(RESOURCES.pods, { namespace })).items.map(slim),
  );

  return async (connection, { guarded, unguarded }) => {
    const { namespace = '', name } = connection.metadata;
    const own = guarding(caches, connection);
    const selected = [...guarded, ...unguarded];
    const [pods, rights] = await Promise.all([podsIn.get(namespace), rightsIn(namespace)]);
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
