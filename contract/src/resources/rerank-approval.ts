import type { Static } from 'typebox';
import {
  API_VERSION,
  choice,
  dnsLabel,
  IMMUTABLE,
  namedRef,
  namespacedMetadata,
  object,
  optional,
  text,
} from './common.ts';

const TIME = {
  max: 40,
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})$',
  hint: 'a time like 2026-09-18T10:00:00Z',
};

const spec = object('What is asked, and what was decided.', {
  connection: namedRef('connection', 'The connection that the call came through.'),
  tier: dnsLabel('How risky the call is: who may decide depends on it.', { rules: [IMMUTABLE] }),
  requester: object(
    'Who made the call.',
    {
      subject: text('Subject of the access token.', { max: 512 }),
      issuer: text('Issuer of the access token.', { max: 1024 }),
    },
    { rules: [IMMUTABLE] },
  ),
  digest: text('Digest of the call: the decision is about this call and no other.', {
    max: 64,
    pattern: '^[0-9a-f]{64}$',
    hint: 'a sha256 in lower-case hex',
    rules: [IMMUTABLE],
  }),
  excerpt: text('What is asked, masked.', { min: 0, max: 4096, rules: [IMMUTABLE] }),
  reason: text('Why a policy holds the call.', { max: 1024, rules: [IMMUTABLE] }),
  expires: text('When the request lapses (RFC 3339).', { ...TIME, rules: [IMMUTABLE] }),
  decision: optional(
    object(
      'Set once, by a second person.',
      {
        verdict: choice(['Approved', 'Denied'], 'What was decided.'),
        by: text('The Kubernetes user who decided.', { max: 512 }),
        reason: text('Why it was decided so.', { max: 1024 }),
        time: text('When it was decided (RFC 3339).', TIME),
      },
      { rules: [IMMUTABLE] },
    ),
  ),
});

export const RerankApprovalSchema = object(
  "Somebody's request that a second person decides. Created by the operator.",
  {
    apiVersion: choice([API_VERSION], 'Version of the API.'),
    kind: choice(['RerankApproval'], 'Kind of the resource.'),
    metadata: namespacedMetadata,
    spec,
  },
);

export type RerankApproval = Static<typeof RerankApprovalSchema>;
