import type { StatusKind } from '@rankguard/contract/resources';

/** apiextensions.k8s.io/v1 CustomResourceColumnDefinition. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority?: number;
}

const text = (name: string, jsonPath: string, description: string): Column => ({
  name,
  type: 'string',
  jsonPath,
  description,
});
const number = (name: string, jsonPath: string, description: string): Column => ({
  name,
  type: 'integer',
  jsonPath,
  description,
});
const wide = (column: Column): Column => ({ ...column, priority: 1 });
const condition = (name: string, type: string, description: string) =>
  text(name, `.status.conditions[?(@.type=="${type}")].status`, description);
const AGE: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'How long ago it was created.',
};

const policy: readonly Column[] = [
  text('Mode', '.spec.mode', 'enforce or shadow.'),
  condition('Compiled', 'Compiled', 'Whether the Rego compiles.'),
  condition('Tests', 'TestsPassed', 'Whether the tests pass.'),
  condition('Active', 'Active', 'Whether it is in force in a connection.'),
  wide(text('Digest', '.status.activeDigest', 'What is in force.')),
  AGE,
];
const profile: readonly Column[] = [
  condition('Ready', 'Ready', 'Whether it can be used.'),
  wide(text('Message', '.status.conditions[?(@.type=="Ready")].message', 'Why not.')),
  AGE,
];

/** What `kubectl get` shows of each kind. */
export const COLUMNS: Readonly<Record<StatusKind, readonly Column[]>> = {
  RerankConnection: [
    condition('Ready', 'Ready', 'Whether every selected pod is guarded by the active revision.'),
    number('Guarded', '.status.pods.guarded', 'Pods with the sidecar.'),
    number('Unguarded', '.status.pods.unguarded', 'Selected pods without it.'),
    number('Revision', '.status.activeRevision', 'The active revision.'),
    condition('Bypass', 'BypassPossible', 'Whether a way round the sidecar is known.'),
    wide(text('Port', '.spec.ingress.port', 'The guarded port.')),
    wide(text('Capture', '.spec.ingress.capture', 'How the sidecar gets in front of the app.')),
    wide(text('Message', '.status.conditions[?(@.type=="Ready")].message', 'Why it is not ready.')),
    AGE,
  ],
  RerankPolicy: policy,
  ClusterRerankPolicy: policy,
  MaskingProfile: profile,
  ClusterMaskingProfile: profile,
  RerankApproval: [
    text('Connection', '.spec.connection.name', 'The connection that the call came through.'),
    text('Tier', '.spec.tier', 'How risky the call is.'),
    text('Requester', '.spec.requester.subject', 'Who made the call.'),
    text('Verdict', '.spec.decision.verdict', 'What was decided; empty: nothing yet.'),
    wide(text('By', '.spec.decision.by', 'Who decided.')),
    text('Expires', '.spec.expires', 'When the request lapses.'),
    AGE,
  ],
};

/** Fields for `--field-selector`. */
export const SELECTABLE: Readonly<Record<StatusKind, readonly string[]>> = {
  RerankConnection: ['.spec.ingress.capture', '.spec.ingress.server', '.spec.masking.profile'],
  RerankPolicy: ['.spec.mode'],
  ClusterRerankPolicy: ['.spec.mode'],
  MaskingProfile: [],
  ClusterMaskingProfile: [],
  RerankApproval: ['.spec.connection.name', '.spec.tier', '.spec.decision.verdict'],
};
