import { CodedError, type CompiledPolicy, type Projection } from '@rankguard/contract';
import { HOST_BUILTIN_RUNNER } from './builtins/index.ts';
import { createPolicyHost, type PolicyHost } from './host.ts';
import { type Decision, mergeAnswers, type Phase, type PolicyAnswer } from './merge.ts';
import { ENTRYPOINT, parseOutput } from './output.ts';
import { createProjector, type Projector, reaches, unionProjection } from './projection.ts';

export { HOST_BUILTIN_RUNNER, HOST_BUILTINS } from './builtins/index.ts';
export {
  createPolicyHost,
  DEFAULT_FUEL,
  DEFAULT_MEMORY_MAX_PAGES,
  type PolicyHost,
  type PolicyHostOptions,
} from './host.ts';
export type { Decision, Phase } from './merge.ts';
export { ENTRYPOINT, type PolicyOutput, parseOutput } from './output.ts';
export { createProjector, project, reaches, unionProjection } from './projection.ts';

export interface PolicySetOptions {
  /** Units of fuel for one evaluation of one policy; see {@link createPolicyHost}. */
  readonly fuel?: number;
  /** Pages of 64 KiB for each policy. */
  readonly memoryMaxPages?: number;
}

export interface PolicySet {
  /** What the policies together can reach: nothing else of the facts is looked at. */
  readonly projection: Projection;
  /**
   * false when no policy can tell the phases apart: the response would get the request's own decision again.
   */
  readonly seesResponse: boolean;
  /** Never throws: a policy's fault is a denial that names it. */
  decide(facts: unknown, phase: Phase): Decision;
  /** Evaluates every policy on these facts until the engine has optimised them; outcomes are dropped. */
  warm(samples: readonly unknown[]): void;
}

/** The facts that differ between the phases of one call. */
const PHASE_FACTS = ['phase', 'response', 'findings', 'usage'];
/** After about 50 evaluations of a module V8 has optimised what is hot in it. */
const WARM_ROUNDS = 50;

interface Member {
  readonly name: string;
  readonly mode: 'enforce' | 'shadow';
  readonly host: PolicyHost;
}

/** Instantiates each policy once. Throws POLICY_FAULT, naming the policy, when a module is unfit. */
export function createPolicySet(
  policies: readonly CompiledPolicy[],
  options: PolicySetOptions = {},
): PolicySet {
  const members = policies.map(({ name, mode, wasm, data }): Member => {
    const bytes = Buffer.from(wasm, 'base64');
    const fixed = { name, wasm: bytes, data, entrypoint: ENTRYPOINT, builtins: HOST_BUILTIN_RUNNER };
    return { name, mode, host: createPolicyHost({ ...fixed, ...options }) };
  });
  const projection = policies.map((policy) => policy.projection).reduce(unionProjection, {});
  const projector = createProjector(projection);
  const decide = (facts: unknown, phase: Phase): Decision => {
    const input = serialise(facts, projector);
    return mergeAnswers(
      members.map((member) => ask(member, input)),
      phase,
    );
  };
  const warm = (samples: readonly unknown[]): void => {
    for (let round = 0; round < WARM_ROUNDS; round += 1) {
      for (const sample of samples) decide(sample, 'request');
    }
  };
  return {
    projection,
    seesResponse: PHASE_FACTS.some((fact) => reaches(projection, [fact])),
    decide,
    warm,
  };
}

type Serialised = { readonly json: Uint8Array } | { readonly fault: unknown };

/** Once for all policies. */
function serialise(facts: unknown, projector: Projector): Serialised {
  try {
    const text = JSON.stringify(projector(facts));
    if (text === undefined) throw new CodedError('POLICY_FAULT', 'the facts are no JSON value');
    return { json: Buffer.from(text) };
  } catch (fault) {
    return { fault };
  }
}

function ask({ name, mode, host }: Member, input: Serialised): PolicyAnswer {
  if ('fault' in input) return { policy: name, mode, said: input };
  try {
    return { policy: name, mode, said: { output: parseOutput(host.evaluate(input.json)) } };
  } catch (fault) {
    return { policy: name, mode, said: { fault } };
  }
}
