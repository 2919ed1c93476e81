import type { Strategy } from '../verdict/index.ts';
import type { Entity } from './entities.ts';

export { ENTITIES, type Entity } from './entities.ts';

/** Wire formats. `auto` stands for all others: each call is recognised by its route and the shape of its body. */
export const DIALECT_NAMES = [
  'tei',
  'cohere-v1',
  'cohere-v2',
  'vllm',
  'infinity',
  'llama-cpp',
  'jina',
  'voyage',
  'mixedbread',
  'pinecone',
  'together',
  'nim',
  'elasticsearch',
  'openvino',
  'kserve',
  'azure-cohere',
  'vertex',
  'sagemaker',
  'bedrock',
  'auto',
] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/**
 * Which parts of the facts a policy can reach: `true` is all of a value, an object names its members,
 * and the member `*` stands for every element of an array. `{}` keeps a container's shape and nothing in it.
 */
export type Projection = true | { readonly [member: string]: Projection };

export interface SecretRef {
  readonly name: string;
  readonly key: string;
}

export interface IssuerConfig {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Where facts come from in the token: nested claims are written with dots, e.g. `realm_access.roles`. */
  readonly claims: Readonly<Record<string, string>>;
  /** PEM certificates to trust when fetching from the issuer, in place of the system's. */
  readonly caBundle: string | null;
  /** Members of the issuer's JWK Set, where they come with the bundle; else they are fetched from the issuer. */
  readonly keys?: readonly Readonly<Record<string, unknown>>[];
}

export type DatasetSource =
  | { readonly from: 'fixed'; readonly value: string }
  | { readonly from: 'header' | 'body' | 'token'; readonly name: string };

export interface Limits {
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Bytes held for all calls together. */
  readonly bufferedBytes: number;
  readonly documents: number;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
}

/** A RerankConnection with every default filled in and every reference but the Secrets resolved. */
export interface ResolvedConnection {
  readonly namespace: string;
  readonly name: string;
  readonly dialects: readonly DialectName[];
  readonly issuers: readonly IssuerConfig[];
  /** Audiences of ServiceAccount tokens of the cluster that are taken; empty: none is. */
  readonly serviceAccountAudiences: readonly string[];
  readonly anonymous: 'deny' | 'allow';
  /** null: any model. */
  readonly models: readonly { readonly name: string; readonly version: string | null }[] | null;
  readonly dataset: DatasetSource | null;
  readonly upstreamKey: SecretRef | null;
  /** The key that the operator makes where an app keeps its port. Only pods that injection locked with it have it. */
  readonly generatedKey?: SecretRef;
  /** Name of a kubernetes.io/tls Secret, or null for plain HTTP. */
  readonly listenerTls: string | null;
  /** PEM certificates to trust when calling the upstream, in place of the system's. */
  readonly upstreamCa: string | null;
  readonly limits: Limits;
  /** Ports of the app that are declared and not guarded. */
  readonly otherPorts: readonly number[];
  /** How long the last good bundle serves when the control plane is gone. */
  readonly staleAfterSeconds: number;
  /** Whether answers say in the header field Rankguard-Ranking what was done to their results. */
  readonly rankingHeader: boolean;
}

/** When a rule applies; always, where nothing is said. */
export interface RuleScope {
  /** What goes to the upstream, or what comes from it. */
  readonly direction?: 'request' | 'response';
  /** Only for callers in one of these groups. */
  readonly groups?: readonly string[];
  /** Not for callers in one of these groups. */
  readonly exceptGroups?: readonly string[];
}

/** What is done to a value, and when. */
export interface MaskRule extends RuleScope {
  readonly with: Strategy;
  /** How many characters `partial` keeps; 4 when absent. */
  readonly keepLast?: number;
}

export interface FieldRule extends MaskRule {
  /** Member names, `*` is a wildcard; compared without case and punctuation. */
  readonly names: readonly string[];
  /** JSONPath (RFC 9535) on a body; child, index, wildcard and descendant segments. */
  readonly paths: readonly string[];
  /** Paths of the facts, whatever the dialect: `query`, `documents[*].fields.email`. */
  readonly facts: readonly string[];
  /** Only strings and numbers go, also those in a container; its shape, booleans and null stay. */
  readonly values?: boolean;
}

export interface DetectorRule extends MaskRule {
  readonly entities: readonly Entity[];
}

export interface PatternRule extends MaskRule {
  readonly name: string;
  /** RE2 syntax. */
  readonly pattern: string;
}

export interface ResolvedMasking {
  /** `mask-then-score` also masks query and documents on their way to the upstream. */
  readonly order: 'score-then-mask' | 'mask-then-score';
  readonly fields: readonly FieldRule[];
  readonly detectors: readonly DetectorRule[];
  readonly patterns?: readonly PatternRule[];
  /** Key of `token` and `surrogate`; null when no rule uses it. */
  readonly tokenKey: SecretRef | null;
  /** Tokens of different domains cannot be joined. */
  readonly tokenDomain?: string;
  /** Least score of a finding, 0 to 1, where it is not the detectors' own. */
  readonly thresholds?: Readonly<Partial<Record<Entity, number>>>;
  /** Values that are no finding. */
  readonly allow?: readonly string[];
  /** Values that always are. */
  readonly deny?: readonly { readonly value: string; readonly entity: Entity }[];
  /** With order mask-then-score, callers get back what they sent where the answer has its token or surrogate. */
  readonly restore?: boolean;
  /** With order score-then-mask: the share of calls, 0 to 100, that are scored masked as well; none when absent. */
  readonly displacementPercent?: number;
  /** What is done about a part of a body that cannot be read; `refuse` when absent. */
  readonly unreadable?: 'refuse' | 'drop';
}

export interface CompiledPolicy {
  /** `namespace/name`, or `name` for a ClusterRerankPolicy. */
  readonly name: string;
  readonly scope: 'namespace' | 'cluster';
  readonly mode: 'enforce' | 'shadow';
  /** sha256 of sources, data and compiler, lower-case hex. */
  readonly digest: string;
  /** The metered WebAssembly module, base64. */
  readonly wasm: string;
  /** The policy's own data documents, as JSON text. */
  readonly data: string;
  /** Builtins that the host must supply. */
  readonly builtins: readonly string[];
  /** Reason codes that the policy can give. */
  readonly codes: readonly string[];
  readonly projection: Projection;
  /** Attributes that its rank verbs group by, e.g. `fields.publisher`; read of each candidate although no rule reaches them. */
  readonly rankBy: readonly string[];
  /** Whether its rank verbs may bring up results that the caller's top_n would cut off; all are asked for then. */
  readonly mixesResults: boolean;
}

/** What a sidecar runs. */
export interface Bundle {
  readonly format: 1;
  /** Monotonic per connection. */
  readonly revision: number;
  /** sha256 of everything below, lower-case hex. */
  readonly digest: string;
  /** unix seconds; null: never (only without a control plane). */
  readonly expires: number | null;
  readonly connection: ResolvedConnection;
  readonly policies: readonly CompiledPolicy[];
  readonly masking: ResolvedMasking;
}
