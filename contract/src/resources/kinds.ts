import type { TSchema } from 'typebox';
import { type ClusterMaskingProfile, ClusterMaskingProfileSchema } from './cluster-masking-profile.ts';
import { type ClusterRerankPolicy, ClusterRerankPolicySchema } from './cluster-rerank-policy.ts';
import { API_VERSION } from './common.ts';
import { type MaskingProfile, MaskingProfileSchema } from './masking-profile.ts';
import { type RerankApproval, RerankApprovalSchema } from './rerank-approval.ts';
import { type RerankConnection, RerankConnectionSchema } from './rerank-connection.ts';
import { type RerankPolicy, RerankPolicySchema } from './rerank-policy.ts';
import { type Secret, SecretSchema } from './secret.ts';

/** The resource of each kind, defaults applied. */
export interface ResourceByKind {
  readonly RerankConnection: RerankConnection;
  readonly RerankPolicy: RerankPolicy;
  readonly ClusterRerankPolicy: ClusterRerankPolicy;
  readonly MaskingProfile: MaskingProfile;
  readonly ClusterMaskingProfile: ClusterMaskingProfile;
  readonly RerankApproval: RerankApproval;
  readonly Secret: Secret;
}
export type Kind = keyof ResourceByKind;
export type ClusterKind = 'ClusterRerankPolicy' | 'ClusterMaskingProfile';

export interface KindDefinition {
  readonly apiVersion: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly plural: string;
  readonly shortName: string | null;
  readonly schema: TSchema;
}

const own = (
  scope: KindDefinition['scope'],
  plural: string,
  shortName: string,
  schema: TSchema,
): KindDefinition => ({ apiVersion: API_VERSION, scope, plural, shortName, schema });

export const KINDS: Readonly<Record<Kind, KindDefinition>> = {
  RerankConnection: own('Namespaced', 'rerankconnections', 'rrc', RerankConnectionSchema),
  RerankPolicy: own('Namespaced', 'rerankpolicies', 'rrp', RerankPolicySchema),
  ClusterRerankPolicy: own('Cluster', 'clusterrerankpolicies', 'crrp', ClusterRerankPolicySchema),
  MaskingProfile: own('Namespaced', 'maskingprofiles', 'rmp', MaskingProfileSchema),
  ClusterMaskingProfile: own('Cluster', 'clustermaskingprofiles', 'crmp', ClusterMaskingProfileSchema),
  RerankApproval: own('Namespaced', 'rerankapprovals', 'rra', RerankApprovalSchema),
  Secret: { apiVersion: 'v1', scope: 'Namespaced', plural: 'secrets', shortName: null, schema: SecretSchema },
};

export const KIND_NAMES = Object.keys(KINDS) as Kind[];
