import type { PolicyStatus, ProfileStatus } from '@rankguard/contract/resources';
import type { InForce } from '../bundles/index.ts';
import { messagesOf, type Planner, type PolicyVerdict } from '../compile/index.ts';
import { type Kube, type KubeObject, keyOf, type Resource, type Store, splitKey } from '../kube/index.ts';
import { conditionsOf, fails, holds, type Statement } from './conditions.ts';
import { writeStatus } from './status-writer.ts';

export interface PolicyDeps {
  readonly kube: Kube;
  readonly planner: Planner;
  /** What is in force, by connection. */
  readonly inForce: () => ReadonlyMap<string, InForce>;
  readonly now: () => number;
}
type Judged = KubeObject & { readonly status?: object };

/** Says of a policy whether it compiles, whether its tests pass, and where it is in force. */
export function createPolicyController(deps: PolicyDeps, resource: Resource, store: Store<KubeObject>) {
  async function reconcile(key: string): Promise<undefined> {
    const policy: Judged | undefined = store.get(key);
    if (policy === undefined) return undefined;
    const verdict = await deps.planner.judgePolicy(policy);
    const { generation = 0 } = policy.metadata;
    const before = policy.status as PolicyStatus | undefined;
    const uses = [...deps.inForce()].flatMap(([connection, { revision, policies }]) => {
      const used = policies.find(({ name }) => name === keyOf(policy));
      return used === undefined ? [] : [{ ...splitKey(connection), revision, digest: used.digest }];
    });
    const statements = [compiled(verdict), testsPassed(verdict), active(verdict, uses)];
    const messages = messagesOf(verdict.problems);
    const [first] = uses;
    const status: PolicyStatus = {
      observedGeneration: generation,
      conditions: conditionsOf(statements, before?.conditions, { generation, now: deps.now() }),
      ...(verdict.digest !== null && { digest: verdict.digest }),
      ...(first && { activeDigest: first.digest }),
      ...(first && {
        connections: uses
          .slice(0, 64)
          .map(({ namespace, name, revision }) => ({ namespace, name, revision })),
      }),
      ...(messages.length > 0 && { messages }),
    };
    await writeStatus(deps.kube, resource, policy, status);
    return undefined;
  }
  return { reconcile };
}

function firstError({ problems }: PolicyVerdict): string {
  const error = problems.find(({ severity }) => severity === 'error');
  const place = [error?.file, error?.line].filter(Boolean).join(':');
  return [place, error?.message].filter(Boolean).join(': ');
}

function compiled(verdict: PolicyVerdict): Statement {
  if (verdict.compiled) return holds('Compiled', 'Compiled', 'the Rego compiles');
  return fails('Compiled', verdict.problems[0]?.code ?? 'POLICY_INVALID', firstError(verdict));
}

function testsPassed(verdict: PolicyVerdict): Statement {
  if (!verdict.compiled)
    return { type: 'TestsPassed', status: 'Unknown', reason: 'NotCompiled', message: '' };
  if (!verdict.testsPassed) return fails('TestsPassed', 'POLICY_TEST_FAILED', firstError(verdict));
  return verdict.tests === 0
    ? holds('TestsPassed', 'NoTests', 'there are no tests')
    : holds('TestsPassed', 'TestsPassed', 'every test passes');
}

function active(verdict: PolicyVerdict, uses: readonly { readonly digest: string }[]): Statement {
  if (uses.length === 0) return fails('Active', 'NotUsed', 'it is in force in no connection');
  const behind = uses.filter(({ digest }) => digest !== verdict.digest).length;
  if (behind > 0)
    return fails('Active', 'OlderActive', `${behind} of ${uses.length} connections run an older one`);
  return holds(
    'Active',
    'Active',
    `in force in ${uses.length === 1 ? 'one connection' : `${uses.length} connections`}`,
  );
}

/** Says of a masking profile whether it can be used. */
export function createProfileController(
  { kube, planner, now }: Omit<PolicyDeps, 'inForce'>,
  resource: Resource,
  store: Store<KubeObject>,
) {
  async function reconcile(key: string): Promise<undefined> {
    const profile: Judged | undefined = store.get(key);
    if (profile === undefined) return undefined;
    const problems = await planner.judgeProfile(profile);
    const [error] = problems.filter(({ severity }) => severity === 'error');
    const { generation = 0 } = profile.metadata;
    const statement = error
      ? fails('Ready', error.code, [error.path, error.message].filter(Boolean).join(': '))
      : holds('Ready', 'Valid', 'it can be used');
    const before = (profile.status as ProfileStatus | undefined)?.conditions;
    const messages = messagesOf(problems);
    const status: ProfileStatus = {
      observedGeneration: generation,
      conditions: conditionsOf([statement], before, { generation, now: now() }),
      ...(messages.length > 0 && { messages }),
    };
    await writeStatus(kube, resource, profile, status);
    return undefined;
  }
  return { reconcile };
}
