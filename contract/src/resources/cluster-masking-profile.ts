import type { Static } from 'typebox';
import { API_VERSION, choice, clusterMetadata, object } from './common.ts';
import { profileSpec } from './masking-profile.ts';

export const ClusterMaskingProfileSchema = object('Rules for masking personal data, for every namespace.', {
  apiVersion: choice([API_VERSION], 'Version of the API.'),
  kind: choice(['ClusterMaskingProfile'], 'Kind of the resource.'),
  metadata: clusterMetadata,
  spec: profileSpec,
});

export type ClusterMaskingProfile = Static<typeof ClusterMaskingProfileSchema>;
