import { isDeepStrictEqual } from 'node:util';
import type { CompiledPolicy, Facts } from '@rankguard/contract';
import {
  createPolicyHost,
  createProjector,
  ENTRYPOINT,
  HOST_BUILTIN_RUNNER,
  type PolicyOutput,
  parseOutput,
} from '@rankguard/sidecar/policy';
import type { OpaOutput } from './evaluate.ts';

export { type CompletedFacts, completeFacts, readFacts } from './complete.ts';
export type { Constants } from './constants.ts';
export type { Evaluation, OpaOutput, RuleOutcome } from './evaluate.ts';
export { type SyntheticOptions, synthesise } from './synthetic.ts';

/** What a policy says about one call, or why it could say nothing. */
export type Said = { readonly output: PolicyOutput } | { readonly fault: string };

/** Asks a compiled policy as the data path does: metered, and shown only what it can reach unless `whole`. */
export function createAsker(policy: CompiledPolicy, options: { readonly whole?: boolean } = {}) {
  const host = createPolicyHost({
    name: policy.name,
    wasm: Buffer.from(policy.wasm, 'base64'),
    data: policy.data,
    entrypoint: ENTRYPOINT,
    builtins: HOST_BUILTIN_RUNNER,
  });
  const project = createProjector(options.whole === true ? true : policy.projection);
  return (facts: Facts): Said =>
    saying(() => parseOutput(host.evaluate(Buffer.from(JSON.stringify(project(facts))))));
}

/** What OPA said, read as strictly as the data path reads a module's result. */
export function readOpa(answer: OpaOutput): Said {
  return 'fault' in answer ? answer : saying(() => parseOutput(answer.output));
}

function saying(act: () => PolicyOutput): Said {
  try {
    return { output: act() };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/** A call about which the data path and OPA, or what was projected and the whole, do not say the same. */
export interface Disagreement {
  readonly facts: Facts;
  readonly between: 'opa' | 'whole facts';
  readonly said: Said;
  readonly other: Said;
}

/**
 * Compares the data path with OPA, and projected facts with whole ones, on every call. Where a builtin fails, the
 * data path refuses the call and OPA leaves the expression undefined: a fault of the data path is no disagreement.
 */
export function disagreements(
  policy: CompiledPolicy,
  calls: readonly Facts[],
  opa: readonly OpaOutput[],
): readonly Disagreement[] {
  const ask = createAsker(policy);
  const askWhole = createAsker(policy, { whole: true });
  return calls.flatMap((facts, at) => {
    const said = ask(facts);
    const others = [
      ['opa', readOpa(opa[at] as OpaOutput)],
      ['whole facts', askWhole(facts)],
    ] as const;
    return others
      .filter(([between, other]) => !agree(said, other, between))
      .map(([between, other]) => ({ facts, between, said, other }));
  });
}

function agree(said: Said, other: Said, between: Disagreement['between']): boolean {
  if ('fault' in said) return between === 'opa' || 'fault' in other;
  return 'output' in other && isDeepStrictEqual(said.output, other.output);
}

/** Calls that would be refused because the policy cannot be evaluated on them, each message once. */
export function faultsOf(policy: CompiledPolicy, calls: readonly Facts[]): ReadonlyMap<string, Facts> {
  const ask = createAsker(policy);
  const faults = new Map<string, Facts>();
  for (const facts of calls) {
    const said = ask(facts);
    if ('fault' in said && !faults.has(said.fault)) faults.set(said.fault, facts);
  }
  return faults;
}
