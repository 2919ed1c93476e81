export type { ClusterMaskingProfile } from './cluster-masking-profile.ts';
export type { ClusterRerankPolicy } from './cluster-rerank-policy.ts';
export { API_VERSION } from './common.ts';
export { type JsonSchema, jsonSchema, structuralSchema } from './export-schema.ts';
export {
  type ClusterKind,
  KIND_NAMES,
  KINDS,
  type Kind,
  type KindDefinition,
  type ResourceByKind,
} from './kinds.ts';
export { type MaskingProfile, PRESETS, type Preset } from './masking-profile.ts';
export { type Settled, settle } from './newer.ts';
export { formatPath, type Path, parsePath } from './paths.ts';
export {
  type ReadResource,
  type ReadResourceOf,
  readObject,
  readResources,
  type SourceFile,
} from './read.ts';
export type { RerankApproval } from './rerank-approval.ts';
export type { RerankConnection } from './rerank-connection.ts';
export type { RerankPolicy } from './rerank-policy.ts';
export type { Secret } from './secret.ts';
export { readSecrets, secretValues } from './secret-values.ts';
export type {
  ApprovalStatus,
  Condition,
  ConnectionStatus,
  PolicyStatus,
  ProfileStatus,
  StatusKind,
  StatusMessage,
} from './status.ts';
export { parseDuration, parseQuantity } from './units.ts';
