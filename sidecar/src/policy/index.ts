import { CodedError, type CompiledPolicy, type Projection } from '@rankguard/contract';
import { HOST_BUILTIN_RUNNER } from './builtins/index.ts';
import { createPolicyHost, type PolicyHost } from './host.ts';
import { type Decision, mergeAnswers, type Phase, type PolicyAnswer } from './merge.ts';
import { ENTRYPOINT, type PolicyOutput, parseOutput } from './output.ts';
import { reaches, unionProjection } from './projection.ts';
import { createWriter, type Writer } from './writer.ts';

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
  /** false when no policy can tell the phases apart. */
  readonly seesResponse: boolean;
  /** Whether rank verbs of an enforcing policy may bring up results beyond the caller's top_n. */
  readonly mixesResults: boolean;
  /**
   * Never throws: a policy's fault is a denial that names it. In the response phase only the policies that can
   * tell the phases apart are asked; the others said in the request phase what they have to say.
   */
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
  /** Place of its projector: policies that reach the same facts share one serialisation. */
  readonly view: number;
  readonly seesResponse: boolean;
  /** What it said about small inputs, by their text. */
  readonly kept: Map<string, PolicyOutput>;
}

/** Instantiates each policy once. Throws POLICY_FAULT, naming the policy, when a module is unfit. */
export function createPolicySet(
  policies: readonly CompiledPolicy[],
  options: PolicySetOptions = {},
): PolicySet {
  const views = [...new Set(policies.map(({ projection }) => JSON.stringify(projection)))];
  const writers = views.map((view) => createWriter(JSON.parse(view) as Projection));
  const members = policies.map(({ name, mode, wasm, data, projection }): Member => {
    const bytes = Buffer.from(wasm, 'base64');
    const fixed = { name, wasm: bytes, data, entrypoint: ENTRYPOINT, builtins: HOST_BUILTIN_RUNNER };
    const host = createPolicyHost({ ...fixed, ...options });
    const view = views.indexOf(JSON.stringify(projection));
    return { name, mode, host, view, seesResponse: seesResponse(projection), kept: new Map() };
  });
  const responders = members.filter((member) => member.seesResponse);
  const decide = (facts: unknown, phase: Phase): Decision => {
    const inputs: (Serialised | undefined)[] = [];
    const answers = (phase === 'response' ? responders : members).map((member) => {
      inputs[member.view] ??= serialise(facts, writers[member.view] as Writer);
      return ask(member, inputs[member.view] as Serialised);
    });
    return mergeAnswers(answers, phase);
  };
  const warm = (samples: readonly unknown[]): void => {
    for (let round = 0; round < WARM_ROUNDS; round += 1) {
      // Kept answers would spare the module the work that is to be optimised.
      for (const { kept } of members) kept.clear();
      for (const sample of samples) decide(sample, 'request');
    }
  };
  return {
    projection: policies
      .flatMap(({ projection, rankBy }) => [projection, ...rankBy.map(groupProjection)])
      .reduce(unionProjection, {}),
    seesResponse: responders.length > 0,
    mixesResults: policies.some(({ mode, mixesResults }) => mode === 'enforce' && mixesResults),
    decide,
    warm,
  };
}

function seesResponse(projection: Projection): boolean {
  return PHASE_FACTS.some((fact) => reaches(projection, [fact]));
}

/** What must be read of each candidate so that a rank verb can group by this attribute. */
function groupProjection(by: string): Projection {
  const member = by.split('.').reduceRight<Projection>((inner, name) => ({ [name]: inner }), true);
  return { request: { documents: { '*': member } } };
}

/** Facts as text for one view of them. */
type Serialised = { readonly text: string } | { readonly fault: unknown };

function serialise(facts: unknown, write: Writer): Serialised {
  try {
    if (facts === undefined) throw new CodedError('POLICY_FAULT', 'the facts are no JSON value');
    return { text: write(facts) };
  } catch (fault) {
    return { fault };
  }
}

/**
 * A policy is a pure function of its facts: no builtin of the data path reads a clock, a random source or the
 * network. What it said about few facts (who asks for what) is kept for the next call with the same ones.
 */
const LONGEST_KEPT = 512;
const MOST_KEPT = 256;

function ask({ name, mode, host, kept }: Member, input: Serialised): PolicyAnswer {
  if ('fault' in input) return { policy: name, mode, said: input };
  const known = kept.get(input.text);
  if (known !== undefined) return { policy: name, mode, said: { output: known } };
  try {
    const output = parseOutput(host.evaluate(Buffer.from(input.text)));
    if (input.text.length <= LONGEST_KEPT) {
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(input.text, output);
    }
    return { policy: name, mode, said: { output } };
  } catch (fault) {
    return { policy: name, mode, said: { fault } };
  }
}
