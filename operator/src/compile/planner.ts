import {
  buildBundle,
  type CompileResult,
  type Compiler,
  type PolicySource,
  policySources,
  resolve,
  resolveMasking,
} from '@rankguard/compiler';
import type { Bundle, Problem, SecretRef } from '@rankguard/contract';
import type { ReadResource } from '@rankguard/contract/resources';
import { type KubeObject, keyOf } from '../kube/index.ts';
import type { ReadStored, StoredResource } from './stored.ts';

/** Everything that a connection's bundle is made of, as the API server gives it. */
export interface PlanInput {
  readonly connection: KubeObject;
  /** RerankPolicies of its namespace. */
  readonly policies: readonly KubeObject[];
  readonly clusterPolicies: readonly KubeObject[];
  /** MaskingProfiles of its namespace. */
  readonly profiles: readonly KubeObject[];
  readonly clusterProfiles: readonly KubeObject[];
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** The key that only pods have which injection locked with it; null: there is none. */
  readonly generatedKey: SecretRef | null;
}

/** What sidecars of a connection are to run, or why there is nothing new for them. */
export type Plan =
  | { readonly ok: true; readonly bundle: Omit<Bundle, 'revision'>; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What is to be said of one policy, whoever uses it. */
export interface PolicyVerdict {
  readonly digest: string | null;
  readonly compiled: boolean;
  readonly testsPassed: boolean;
  readonly tests: number;
  readonly problems: readonly Problem[];
}

/** Resources to bundles. Nothing here is remembered but what the compiler keeps. */
export interface Planner {
  plan(input: PlanInput): Promise<Plan>;
  judgePolicy(policy: KubeObject): Promise<PolicyVerdict>;
  judgeProfile(profile: KubeObject): Promise<readonly Problem[]>;
}

/** Compiles in bounded child processes; a policy's tests must pass before it becomes part of a bundle. */
export function createPlanner({
  compiler,
  readStored,
  judged = () => undefined,
}: {
  readonly compiler: Compiler;
  readonly readStored: ReadStored;
  /** Called for every policy that is judged; `failed`: the compiler did, not the policy. */
  readonly judged?: (result: 'ok' | 'refused' | 'failed') => void;
}): Planner {
  const read: Read = (object) => readStored(object, `${object.kind} ${keyOf(object)}`);
  async function judgePolicy(policy: KubeObject): Promise<PolicyVerdict> {
    const { resource, problems } = await read(policy);
    const [source] = resource === undefined ? [] : policySources([resource]);
    if (source === undefined) return refused(problems);
    const compiled = await compiler.compile(placed(source));
    if (!compiled.ok) return refused(compiled.problems);
    return tested(source, compiled, await compiler.release(placed(source)));
  }

  return {
    async plan(input) {
      const { resources, problems: unread } = await readAll(input, read);
      if (unread.length > 0) return { ok: false, problems: unread };
      const { namespaceLabels } = input;
      const connection = keyOf(input.connection);
      const resolved = resolve(resources, { connection, cluster: { namespaceLabels } });
      if (!resolved.ok) return { ok: false, problems: withoutLineZero(resolved.problems) };
      const released = await Promise.all(resolved.policies.map((one) => compiler.release(placed(one))));
      const problems = released.flatMap((result) => (result.ok ? [] : result.problems));
      if (problems.length > 0) return { ok: false, problems };
      const policies = released.flatMap((result) => (result.ok ? [result.policy] : []));
      const { masking } = resolved;
      const { generatedKey } = input;
      const parts = { ...resolved.connection, ...(generatedKey && { generatedKey }) };
      const bundle = buildBundle({ connection: parts, masking, policies, revision: 0, expires: null });
      const { revision: _, ...content } = bundle;
      const warnings = released.flatMap((result) => (result.ok ? result.warnings : []));
      return { ok: true, bundle: content, warnings: withoutLineZero([...resolved.notices, ...warnings]) };
    },
    async judgePolicy(policy) {
      const verdict = await judgePolicy(policy);
      judged(resultOf(verdict));
      return verdict;
    },
    async judgeProfile(profile) {
      const { resource, problems } = await read(profile);
      if (resource?.kind !== 'MaskingProfile' && resource?.kind !== 'ClusterMaskingProfile') return problems;
      const resolution = resolveMasking(resource, [resource], { secrets: 'unread' });
      return resolution.ok ? [] : withoutLineZero(resolution.problems);
    },
  };
}

type Read = (object: KubeObject) => Promise<StoredResource>;

async function readAll(
  { connection, policies, clusterPolicies, profiles, clusterProfiles }: PlanInput,
  read: Read,
) {
  const own = await read(connection);
  const used = namesOf(own.resource);
  const others = [
    ...policies.filter(({ metadata }) => used.policies.has(metadata.name)),
    ...clusterPolicies,
    ...[...profiles, ...clusterProfiles].filter(({ metadata }) => metadata.name === used.profile),
  ];
  const all = [own, ...(await Promise.all(others.map(read)))];
  return {
    resources: all.flatMap(({ resource }) => (resource === undefined ? [] : [resource])),
    problems: all.flatMap(({ problems }) => problems),
  };
}

/** A broken policy that the connection does not use must not hold up its changes. */
function namesOf(connection: ReadResource | undefined) {
  if (connection?.kind !== 'RerankConnection') return { policies: new Set<string>(), profile: undefined };
  const { policies, masking } = connection.object.spec;
  return { policies: new Set(policies.map(({ name }) => name)), profile: masking.profile };
}

/** In a cluster a module is a member of its policy: `shop/ranking/ranking.rego`, with its own lines. */
function placed(source: PolicySource): PolicySource {
  return { ...source, locate: (file, line) => ({ file: `${source.name}/${file}`, line }) };
}

const withoutLineZero = (problems: readonly Problem[]): Problem[] =>
  problems.map((problem) => ({ ...problem, line: problem.line || null }));

const COMPILER_FAULTS = ['COMPILER_FAILED', 'COMPILER_MISSING'];

function resultOf({ compiled, testsPassed, problems }: PolicyVerdict): 'ok' | 'refused' | 'failed' {
  if (problems.some(({ code }) => COMPILER_FAULTS.includes(code))) return 'failed';
  return compiled && testsPassed ? 'ok' : 'refused';
}

const refused = (problems: readonly Problem[]): PolicyVerdict => ({
  digest: null,
  compiled: false,
  testsPassed: false,
  tests: 0,
  problems,
});

function tested(
  source: PolicySource,
  compiled: Extract<CompileResult, { ok: true }>,
  released: CompileResult,
): PolicyVerdict {
  return {
    digest: compiled.policy.digest,
    compiled: true,
    testsPassed: released.ok,
    tests: Object.keys(source.tests).length,
    problems: released.ok ? compiled.warnings : released.problems,
  };
}
