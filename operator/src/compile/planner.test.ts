import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createCompiler } from '@rankguard/compiler';
import type { KubeObject } from '../kube/index.ts';
import { createPlanner, createStoredReader, messagesOf, type PlanInput } from './index.ts';

const run = promisify(execFile);
const opa = async () => (await run(join(import.meta.dirname, '../../../tools/opa.sh'))).stdout.trim();
const planner = createPlanner({
  compiler: createCompiler({ opa }),
  readStored: createStoredReader(async () => undefined),
});

const apiVersion = 'rankguard.dev/v1alpha1';
const ALLOW = 'package rankguard.readers\n\nallow if "readers" in input.identity.groups\n';
const SLOW = 30_000;

const policy = (name: string, modules: Record<string, string>, tests: Record<string, string> = {}) =>
  ({
    apiVersion,
    kind: 'RerankPolicy',
    metadata: { name, namespace: 'shop', uid: 'u', resourceVersion: '7', managedFields: [] },
    spec: { mode: 'enforce', modules, tests },
    status: { conditions: [] },
  }) as KubeObject;

function input(policies: readonly KubeObject[], names = ['readers']): PlanInput {
  const connection = {
    apiVersion,
    kind: 'RerankConnection',
    metadata: { name: 'search', namespace: 'shop', generation: 3 },
    spec: {
      selector: { matchLabels: { app: 'reranker' } },
      ingress: { port: 8080, dialects: ['tei'], upstreamKey: { secretKeyRef: { name: 'k', key: 'key' } } },
      identity: { serviceAccounts: { audiences: ['rerank'] } },
      policies: names.map((name) => ({ name })),
    },
  } as KubeObject;
  const none = {
    clusterPolicies: [],
    profiles: [],
    clusterProfiles: [],
    namespaceLabels: {},
    generatedKey: null,
  };
  return { connection, policies, ...none };
}
const planned = async (...args: Parameters<typeof input>) => await planner.plan(input(...args));

describe('a plan', () => {
  test(
    'is the same bundle for the same resources, whatever the API server adds to them',
    async () => {
      const [one, two] = await Promise.all([
        planned([policy('readers', { 'a.rego': ALLOW })]),
        planned([
          { ...policy('readers', { 'a.rego': ALLOW }), status: { digest: 'x' } } as KubeObject,
          policy('unused', { 'a.rego': 'not rego' }),
        ]),
      ]);
      expect(one).toMatchObject({
        ok: true,
        bundle: { connection: { serviceAccountAudiences: ['rerank'] } },
      });
      expect(two).toEqual(one);
    },
    SLOW,
  );

  test(
    'a mistake is told with the line of its module',
    async () => {
      const broken = 'package rankguard.readers\n\nallow if input.identity.grups == []\n';
      const plan = await planned([policy('readers', { 'a.rego': broken })]);
      expect(plan).toMatchObject({
        ok: false,
        problems: [{ code: 'POLICY_INVALID', file: 'shop/readers/a.rego', line: 3 }],
      });
    },
    SLOW,
  );

  test(
    'a failing test holds the policy back, and says which',
    async () => {
      const tests = { 'a_test.rego': 'package rankguard.readers_test\n\ntest_nobody if false\n' };
      const plan = await planned([policy('readers', { 'a.rego': ALLOW }, tests)]);
      expect(plan).toMatchObject({
        ok: false,
        problems: [{ code: 'POLICY_TEST_FAILED', file: 'shop/readers/a_test.rego', line: 3 }],
      });
      const verdict = await planner.judgePolicy(policy('readers', { 'a.rego': ALLOW }, tests));
      expect(verdict).toMatchObject({ compiled: true, testsPassed: false, tests: 1 });
    },
    SLOW,
  );

  test('what is not there is told by its field', async () => {
    const plan = await planned([], ['missing']);
    expect(plan).toMatchObject({
      ok: false,
      problems: [{ message: 'no RerankPolicy shop/missing', path: 'spec.policies[0].name', line: null }],
    });
  });
});

test('messages fit into a status: errors first, none too long', () => {
  const problem = { code: 'POLICY_INVALID', file: null, line: null, path: null } as const;
  const problems = [
    ...Array.from({ length: 40 }, () => ({ ...problem, severity: 'warning' as const, message: 'w' })),
    { ...problem, severity: 'error' as const, message: 'e'.repeat(5000) },
  ];
  const messages = messagesOf(problems);
  expect(messages).toHaveLength(32);
  expect(messages[0]).toEqual({ severity: 'error', code: 'POLICY_INVALID', message: 'e'.repeat(1000) });
});
