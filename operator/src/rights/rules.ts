import type { V1ClusterRole, V1PolicyRule, V1RoleBinding } from '@kubernetes/client-node';

/** How somebody gets past a sidecar with nothing but rights of the API. */
export const WAYS_IN = ['exec', 'port-forward', 'proxy'] as const;
/**
 * `exec`: a process in the pod, on whose loopback the app listens. `port-forward`: a connection that ends on that
 * loopback. `proxy`: a call of the API server to a port of the pod's address.
 */
export type WayIn = (typeof WAYS_IN)[number];

/** Rules of a Role or ClusterRole, and where a binding gives them to whom: as much of RBAC as is read. */
export interface RoleRules {
  /** Empty: a ClusterRole. */
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly Pick<V1PolicyRule, 'apiGroups' | 'resources' | 'resourceNames' | 'verbs'>[];
}
export interface Binding {
  /** Empty: a ClusterRoleBinding. */
  readonly namespace: string;
  readonly name: string;
  readonly roleRef: Pick<V1RoleBinding['roleRef'], 'kind' | 'name'>;
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** One subject, by one binding. */
export interface Grant {
  /** e.g. `Group devs`, `ServiceAccount ci/deployer` */
  readonly subject: string;
  /** e.g. `RoleBinding devs` */
  readonly by: string;
  readonly ways: readonly WayIn[];
  /** Names of pods; null: every pod of the namespace. */
  readonly pods: readonly string[] | null;
}

/**
 * Who may get into pods of a namespace, by RBAC (kubernetes.io/docs/reference/access-authn-authz/rbac). Left out are
 * cluster admins, i.e. who may do everything everywhere, and the control plane itself. What somebody could first give
 * themselves (`escalate`, `bind`, `impersonate`) and other authorizers than RBAC are not followed.
 */
export function grantsIn(
  namespace: string,
  roles: readonly RoleRules[],
  bindings: readonly Binding[],
): Grant[] {
  const known = new Map(roles.map((role) => [`${role.namespace}/${role.name}`, role]));
  return bindings
    .filter((binding) => binding.namespace === '' || binding.namespace === namespace)
    .flatMap((binding) => {
      const { kind, name } = binding.roleRef;
      const role = known.get(`${kind === 'Role' ? binding.namespace : ''}/${name}`);
      if (role === undefined) return [];
      const isClusterWide = binding.namespace === '';
      if (isClusterWide && role.rules.some(isEverything)) return [];
      const found = entriesOf(role, isClusterWide);
      if (found.length === 0) return [];
      const by = `${isClusterWide ? 'ClusterRoleBinding' : 'RoleBinding'} ${binding.name}`;
      return binding.subjects
        .filter((one) => isOutside(one, binding))
        .flatMap((one) => found.map((entry) => ({ subject: subjectOf(one), by, ...entry })));
    });
}

/** Grants of a role, those for all pods as one. */
function entriesOf({ rules }: RoleRules, isClusterWide: boolean): Pick<Grant, 'ways' | 'pods'>[] {
  const all = new Set<WayIn>();
  const named: Pick<Grant, 'ways' | 'pods'>[] = [];
  for (const rule of rules) {
    const ways = WAYS_IN.filter((way) => allows(rule, way, isClusterWide));
    const names = rule.resourceNames ?? [];
    if (names.length === 0) for (const way of ways) all.add(way);
    else if (ways.length > 0) named.push({ ways, pods: names });
  }
  const everywhere = all.size === 0 ? [] : [{ ways: WAYS_IN.filter((way) => all.has(way)), pods: null }];
  return [...everywhere, ...named];
}

/** A WebSocket comes as GET: servers before 1.35 ask for `get` on the subresource, later ones for `create` as well. */
const OPENING = ['create', 'get', '*'];
const SUBRESOURCES: Readonly<Record<WayIn, readonly string[]>> = {
  exec: ['pods/exec', '*/exec'],
  'port-forward': ['pods/portforward', '*/portforward'],
  proxy: ['pods/proxy', '*/proxy'],
};
/** The kubelet's own API runs commands in pods of its node. */
const KUBELET = ['nodes/proxy', '*/proxy'];

type Rule = RoleRules['rules'][number];

function allows(
  { apiGroups = [], resources = [], resourceNames = [], verbs }: Rule,
  way: WayIn,
  isClusterWide: boolean,
) {
  const isCore = apiGroups.some((group) => group === '' || group === '*');
  if (!isCore || !verbs.some((verb) => OPENING.includes(verb))) return false;
  const has = (names: readonly string[]) => resources.some((name) => name === '*' || names.includes(name));
  // Names are then those of nodes.
  const byKubelet = way === 'exec' && isClusterWide && resourceNames.length === 0 && has(KUBELET);
  return byKubelet || has(SUBRESOURCES[way]);
}

function isEverything({ apiGroups = [], resources = [], resourceNames = [], verbs }: Rule): boolean {
  return [apiGroups, resources, verbs].every((list) => list.includes('*')) && resourceNames.length === 0;
}

/** Names that begin with `system:` are the cluster's own parts, but for those that stand for everybody. */
const EVERYBODY = /^system:(authenticated|unauthenticated|anonymous|serviceaccounts?(:.*)?)$/;

function isOutside({ kind, namespace, name }: Binding['subjects'][number], by: Binding): boolean {
  if (kind === 'ServiceAccount')
    return namespace !== 'kube-system' || !by.name.startsWith('system:controller:');
  return !name.startsWith('system:') || EVERYBODY.test(name);
}

function subjectOf({ kind, namespace, name }: Binding['subjects'][number]): string {
  return kind === 'ServiceAccount' ? `ServiceAccount ${namespace ?? ''}/${name}` : `${kind} ${name}`;
}

/** What a role needs to be looked at for: thousands of others are not kept. */
export function leadsIn(role: Pick<V1ClusterRole, 'rules'>): boolean {
  return (role.rules ?? []).some((rule) => WAYS_IN.some((way) => allows(rule, way, true)));
}
