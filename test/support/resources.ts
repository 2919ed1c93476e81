export interface PolicyOptions {
  readonly name: string;
  readonly rego: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly mode?: 'enforce' | 'shadow';
}

export interface ConnectionOptions {
  /** null: no issuer, so nobody can be identified. */
  readonly issuer: string | null;
  readonly dialects?: readonly string[];
  readonly limits?: Readonly<Record<string, string | number>>;
  readonly order?: 'score-then-mask' | 'mask-then-score';
  readonly anonymous?: 'deny' | 'allow';
  /** More members of the connection's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** The one policy's Rego; see {@link POLICY}. */
  readonly rego?: string;
  /** Policies beside that one. */
  readonly more?: readonly PolicyOptions[];
  /** The upstream's own key; null: the connection has none. */
  readonly upstreamKey?: string | null;
}

export const AUDIENCE = 'rerank';
export const GROUP = 'readers';

/**
 * Members of `readers` may do anything, except for queries that begin with "forbidden", whose refusal quotes the
 * query as careless policies do.
 */
export const POLICY = `package rankguard.e2e

allow if "${GROUP}" in input.identity.groups

deny contains {"code": "QUERY_FORBIDDEN", "message": message} if {
	startswith(input.request.query, "forbidden")
	message := concat("", ["Nobody may ask: ", input.request.query])
}
`;

/** The resources of a guarded reranker as YAML: JSON is YAML, and nothing has to be indented. */
export function resourcesYaml(options: ConnectionOptions): string {
  const {
    issuer,
    dialects = ['tei', 'cohere-v1', 'cohere-v2'],
    limits = {},
    rego = POLICY,
    more = [],
  } = options;
  const apiVersion = 'rankguard.dev/v1alpha1';
  const metadata = (name: string) => ({ name, namespace: 'e2e' });
  const issuers = issuer === null ? [] : [{ issuer, audiences: [AUDIENCE] }];
  const resources = [
    {
      apiVersion,
      kind: 'RerankConnection',
      metadata: metadata('search'),
      spec: {
        selector: { matchLabels: { app: 'reranker' } },
        ingress: {
          port: 8080,
          dialects,
          ...(options.upstreamKey === null
            ? {}
            : { upstreamKey: { secretKeyRef: { name: 'upstream', key: 'key' } } }),
        },
        identity: { issuers, anonymous: options.anonymous ?? 'deny' },
        policies: ['e2e', ...more.map(({ name }) => name)].map((name) => ({ name })),
        masking: { profile: 'pii', order: options.order ?? 'mask-then-score' },
        limits: { timeoutSeconds: 20, ...limits },
        ...options.spec,
      },
    },
    {
      apiVersion,
      kind: 'MaskingProfile',
      metadata: metadata('pii'),
      spec: { detectors: [{ entities: ['EMAIL_ADDRESS', 'US_SSN', 'CREDIT_CARD'], with: 'redact' }] },
    },
    {
      apiVersion,
      kind: 'RerankPolicy',
      metadata: metadata('e2e'),
      spec: { mode: 'enforce', modules: { 'e2e.rego': rego } },
    },
    ...more.map(({ name, rego: module, data = {}, mode = 'enforce' }) => ({
      apiVersion,
      kind: 'RerankPolicy',
      metadata: metadata(name),
      spec: { mode, modules: { [`${name}.rego`]: module }, data },
    })),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('upstream'),
      stringData: { key: options.upstreamKey ?? UPSTREAM_KEY },
    },
  ];
  return resources.map((resource) => JSON.stringify(resource)).join('\n---\n');
}

export const UPSTREAM_KEY = 'the-upstream-own-key';
