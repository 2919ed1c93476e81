const registry = process.env['RANKGUARD_TEST_REGISTRY'] ?? 'localhost';
const tag = process.env['RANKGUARD_TEST_TAG'] ?? 'dev';

/** Images that the cluster has, or pulls when RANKGUARD_TEST_REGISTRY names where from. */
export const IMAGES = {
  registry,
  sidecar: { repository: `${registry}/rankguard-sidecar`, tag },
  operator: { repository: `${registry}/rankguard-operator`, tag },
  example: `${registry}/support-search:${tag}`,
  pullPolicy: process.env['RANKGUARD_TEST_REGISTRY'] === undefined ? 'Never' : 'IfNotPresent',
} as const;

/** Where the operator is installed. */
export const SYSTEM = 'rankguard-system';
export const RELEASE = 'rankguard';
