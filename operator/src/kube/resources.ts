import { KINDS, type StatusKind } from '@rankguard/contract/resources';
import { core, type Resource } from './types.ts';

function own(kind: StatusKind): Resource {
  const { apiVersion, plural, scope } = KINDS[kind];
  const [group = '', version = ''] = apiVersion.split('/');
  return { group, version, plural, kind, namespaced: scope === 'Namespaced' };
}

const grouped = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

/** Every kind that the operator touches. */
export const RESOURCES = {
  connections: own('RerankConnection'),
  policies: own('RerankPolicy'),
  clusterPolicies: own('ClusterRerankPolicy'),
  profiles: own('MaskingProfile'),
  clusterProfiles: own('ClusterMaskingProfile'),
  approvals: own('RerankApproval'),
  pods: core('pods', 'Pod'),
  services: core('services', 'Service'),
  secrets: core('secrets', 'Secret'),
  configMaps: core('configmaps', 'ConfigMap'),
  namespaces: core('namespaces', 'Namespace', false),
  leases: grouped('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  events: grouped('events.k8s.io', 'v1', 'events', 'Event'),
  networkPolicies: grouped('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  mutatingWebhooks: grouped(
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
    false,
  ),
  validatingWebhooks: grouped(
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    false,
  ),
  definitions: grouped(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ),
  clusterRoles: grouped('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false),
  clusterRoleBindings: grouped(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterrolebindings',
    'ClusterRoleBinding',
    false,
  ),
  roles: grouped('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
  roleBindings: grouped('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  tokenReviews: grouped('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview', false),
  accessReviews: grouped('authorization.k8s.io', 'v1', 'subjectaccessreviews', 'SubjectAccessReview', false),
} as const satisfies Record<string, Resource>;
