import type { V1ClusterRole, V1RoleBinding } from '@kubernetes/client-node';
import { createFreshReads, type Kube, type KubeObject, RESOURCES } from '../kube/index.ts';
import { type Binding, type Grant, grantsIn, leadsIn, type RoleRules } from './rules.ts';

type RoleObject = KubeObject & Pick<V1ClusterRole, 'rules'>;
type BindingObject = KubeObject & Pick<V1RoleBinding, 'roleRef' | 'subjects'>;

/** Who may get into pods of a namespace; or why that cannot be said. */
export type Rights =
  | { readonly known: true; readonly grants: readonly Grant[] }
  | { readonly known: false; readonly why: string };

interface Rbac {
  readonly roles: readonly RoleRules[];
  readonly bindings: readonly Binding[];
}

/** Reads RBAC of the cluster and of a namespace, each at most once a minute. Never throws. */
export function createRightsReader({
  kube,
  now,
}: {
  readonly kube: Pick<Kube, 'list'>;
  /** milliseconds, monotonic */
  readonly now?: () => number;
}): (namespace: string) => Promise<Rights> {
  // Of a namespace; '' is the whole cluster's. A change of rights costs nothing until somebody asks.
  const rbac = createFreshReads((namespace) => read(kube, namespace), now);

  return async (namespace) => {
    try {
      const [all, here] = await Promise.all([rbac.get(''), rbac.get(namespace)]);
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
