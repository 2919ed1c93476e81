import type { V1ClusterRole, V1RoleBinding } from '@kubernetes/client-node';
import { type Kube, type KubeObject, RESOURCES } from '../kube/index.ts';
import { type Binding, type Grant, grantsIn, leadsIn, type RoleRules } from './rules.ts';

type RoleObject = KubeObject & Pick<V1ClusterRole, 'rules'>;
type BindingObject = KubeObject & Pick<V1RoleBinding, 'roleRef' | 'subjects'>;

/** Who may get into pods of a namespace; or why that cannot be said. */
export type Rights =
  | { readonly known: true; readonly grants: readonly Grant[] }
  | { readonly known: false; readonly why: string };

/** Rights are read, not watched: a change of them is told a little late, and costs nothing until somebody asks. */
const FRESH_MS = 60_000;

interface Kept<T> {
  readonly value: Promise<T>;
  readonly at: number;
}
interface Rbac {
  readonly roles: readonly RoleRules[];
  readonly bindings: readonly Binding[];
}

/** Reads RBAC of the cluster and of a namespace, each at most once a minute. Never throws. */
export function createRightsReader({
  kube,
  now = () => performance.now(),
}: {
  readonly kube: Pick<Kube, 'list'>;
  /** milliseconds, monotonic */
  readonly now?: () => number;
}): (namespace: string) => Promise<Rights> {
  const kept = new Map<string, Kept<Rbac>>();

  /** Of a namespace; '' is the whole cluster's. */
  function rbacOf(namespace: string): Promise<Rbac> {
    const known = kept.get(namespace);
    if (known !== undefined && now() - known.at < FRESH_MS) return known.value;
    for (const [key, { at }] of kept) if (now() - at >= FRESH_MS) kept.delete(key);
    const value = read(kube, namespace);
    kept.set(namespace, { value, at: now() });
    value.catch(() => kept.delete(namespace));
    return value;
  }

  return async (namespace) => {
    try {
      const [all, here] = await Promise.all([rbacOf(''), rbacOf(namespace)]);
      const roles = [...all.roles, ...here.roles];
      return { known: true, grants: grantsIn(namespace, roles, [...all.bindings, ...here.bindings]) };
    } catch (error) {
      return { known: false, why: error instanceof Error ? error.message : String(error) };
    }
  };
}

async function read(kube: Pick<Kube, 'list'>, namespace: string): Promise<Rbac> {
  const isCluster = namespace === '';
  const scope = isCluster ? {} : { namespace };
  const [roles, bindings] = await Promise.all([
    kube.list<RoleObject>(isCluster ? RESOURCES.clusterRoles : RESOURCES.roles, scope),
    kube.list<BindingObject>(isCluster ? RESOURCES.clusterRoleBindings : RESOURCES.roleBindings, scope),
  ]);
  return {
    roles: roles.items
      .filter(leadsIn)
      .map(({ metadata: { name }, rules = [] }) => ({ namespace, name, rules })),
    bindings: bindings.items.map(({ metadata: { name }, roleRef, subjects = [] }) => ({
      namespace,
      name,
      roleRef,
      subjects,
    })),
  };
}
