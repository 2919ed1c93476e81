import type { Static } from 'typebox';
import { choice, dnsName, list, object, optional, text, whole } from './common.ts';

/** What the operator writes into `status`. People read it; nothing in the data path depends on it. */

const RFC3339 = { max: 40 };
const generation = (description: string) => whole(description, { min: 0, max: Number.MAX_SAFE_INTEGER });
/** 0: nothing yet. */
const revision = (description: string) => whole(description, { min: 0, max: Number.MAX_SAFE_INTEGER });
const digest = (description: string) => text(description, { min: 0, max: 64 });
const podCount = (description: string) => whole(description, { min: 0, max: 1_000_000 });

/** A condition as Kubernetes' API conventions define it (metav1.Condition). */
const condition = object('One aspect of the state.', {
  type: text('What the condition is about, e.g. Ready.', { max: 316 }),
  status: choice(['True', 'False', 'Unknown'], 'Whether it holds.'),
  observedGeneration: optional(generation('The metadata.generation that the condition is about.')),
  lastTransitionTime: text('When `status` last changed (RFC 3339).', RFC3339),
  reason: text('Why, as one word for programs.', { max: 1024 }),
  message: text('Why, as a sentence for people.', { min: 0, max: 32768 }),
});
const conditions = optional(
  list(condition, 'The state, one entry for each aspect.', { max: 16, unique: 'type' }),
);

const message = object('Something that is wrong, or that deserves attention.', {
  severity: choice(['error', 'warning'], 'error: it stops the change. warning: it does not.'),
  code: text('A code of the reason catalogue.', { max: 64 }),
  message: text('What is wrong, and how to mend it.', { min: 0, max: 4096 }),
  file: optional(text('The resource, module or test that it stands in.', { max: 512 })),
  line: optional(whole('Line of `file`, from 1.', { min: 1, max: 100_000_000 })),
  path: optional(text('Field of the resource.', { max: 1024 })),
});
const messages = optional(
  list(message, 'What is wrong with the current spec, at most 32 of it.', { max: 32 }),
);
const observedGeneration = optional(generation('The metadata.generation that was last judged.'));

const pods = object('The pods that the connection selects.', {
  guarded: podCount('Pods that run the sidecar.'),
  unguarded: podCount('Pods that do not: they are older than the connection, or came past admission.'),
  unguardedNames: optional(
    list(text('Name of a pod.'), 'Names of unguarded pods, at most 32 of them.', { max: 32 }),
  ),
  revisions: optional(
    list(
      object('Pods that run one revision.', {
        revision: revision('The revision that their sidecars confirmed.'),
        pods: podCount('How many pods.'),
      }),
      'Guarded pods by the revision that is in force in them.',
      { max: 16 },
    ),
  ),
});

const injection = object('What the operator injects now, or injected before an upgrade that is under way.', {
  images: optional(
    list(text('An image.', { max: 1024 }), 'Images of the sidecar that admission accepts.', {
      max: 8,
      unique: true,
    }),
  ),
  keys: optional(
    list(text('A public key.', { max: 128 }), 'Root keys (Ed25519, base64url) that admission accepts.', {
      max: 8,
      unique: true,
    }),
  ),
});

const policyInForce = object('A policy of the active revision.', {
  name: text('`namespace/name`, or `name` for a ClusterRerankPolicy.', { max: 320 }),
  mode: text('enforce or shadow.', { max: 16 }),
  digest: digest('sha256 of its sources, data and compiler.'),
});

export const ConnectionStatusSchema = object('What the operator found and did.', {
  observedGeneration,
  conditions,
  activeRevision: optional(revision('The revision that sidecars are to run.')),
  activeDigest: optional(digest("sha256 of the active revision's content.")),
  pendingRevision: optional(revision('A revision that is being prepared or waits for approval.')),
  policies: optional(list(policyInForce, 'Policies of the active revision.', { max: 256 })),
  pods: optional(pods),
  injection: optional(injection),
  capture: optional(text('How the sidecar gets in front of the app, where `auto` was asked.', { max: 32 })),
  upstreamKeySecret: optional(dnsName('The Secret that the operator made for the app and the sidecar.')),
  messages,
});

const connectionUse = object('A connection that the policy judges.', {
  namespace: text('Namespace of the connection.', { max: 63 }),
  name: text('Name of the connection.'),
  revision: revision('Revision of the connection that holds the policy.'),
});

export const PolicyStatusSchema = object('What the compiler found, and where the policy is in force.', {
  observedGeneration,
  conditions,
  digest: optional(digest('sha256 of sources, data and compiler of what compiled last.')),
  activeDigest: optional(digest('sha256 of what is in force.')),
  connections: optional(list(connectionUse, 'Connections that it is in force in, at most 64.', { max: 64 })),
  messages,
});

export const ProfileStatusSchema = object('What the operator found.', {
  observedGeneration,
  conditions,
  messages,
});

export const ApprovalStatusSchema = object('What the operator did with the decision.', {
  observedGeneration,
  conditions,
});

export type Condition = Static<typeof condition>;
export type StatusMessage = Static<typeof message>;
export type ConnectionStatus = Static<typeof ConnectionStatusSchema>;
export type PolicyStatus = Static<typeof PolicyStatusSchema>;
export type ProfileStatus = Static<typeof ProfileStatusSchema>;
export type ApprovalStatus = Static<typeof ApprovalStatusSchema>;

/** Status of each kind that has one. */
export const STATUS_SCHEMAS = {
  RerankConnection: ConnectionStatusSchema,
  RerankPolicy: PolicyStatusSchema,
  ClusterRerankPolicy: PolicyStatusSchema,
  MaskingProfile: ProfileStatusSchema,
  ClusterMaskingProfile: ProfileStatusSchema,
  RerankApproval: ApprovalStatusSchema,
} as const;
export type StatusKind = keyof typeof STATUS_SCHEMAS;
