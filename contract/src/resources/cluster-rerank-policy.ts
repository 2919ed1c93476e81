import type { Static } from 'typebox';
import { API_VERSION, choice, clusterMetadata, object } from './common.ts';
import { policyCheck, policyMembers, selector } from './rerank-policy.ts';

export const ClusterRerankPolicySchema = object(
  'Rules in Rego for every connection that it selects, whether the connection names it or not.',
  {
    apiVersion: choice([API_VERSION], 'Version of the API.'),
    kind: choice(['ClusterRerankPolicy'], 'Kind of the resource.'),
    metadata: clusterMetadata,
    spec: object(
      'What the policy says, and about which connections.',
      {
        ...policyMembers,
        connectionSelector: selector(
          'Connections that the policy applies to; every one without it.',
          'a connection',
        ),
        namespaceSelector: selector(
          'Namespaces that the policy applies to; every one without it.',
          'a namespace',
        ),
      },
      { check: policyCheck },
    ),
  },
);

export type ClusterRerankPolicy = Static<typeof ClusterRerankPolicySchema>;
