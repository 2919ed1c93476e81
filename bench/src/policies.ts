import { fileURLToPath } from 'node:url';
import {
  type Compiler,
  completeFacts,
  createCompiler,
  type PolicySource,
  readPolicyDirectory,
} from '@rankguard/compiler';
import type { CompiledPolicy, Facts } from '@rankguard/contract';
import { createPolicySet, type PolicySet } from '@rankguard/sidecar/policy';
import { median } from './load.ts';

/** Milliseconds of warm decisions, isolation (metering, one module each) included. */
export interface PolicyCosts {
  /** A policy on counts and identity. */
  readonly ten: number;
  readonly thousand: number;
  /** Five policies of the library on 100 candidates: request and response together. */
  readonly bothPhases: number;
  readonly thousandRules: number;
}

const LIBRARY = new URL('../../policies-rego/', import.meta.url);
const PHASES = ['readers-by-group', 'document-acl', 'sensitive-queries', 'score-threshold', 'diversity'];
const ROUNDS = 5;
const CALLS = 1000;

const COUNTS = `package rankguard.counts

allow if "readers" in input.identity.groups

deny contains {"code": "LARGE", "message": "Too large."} if {
	input.request.counts.bytes > 10000000
	input.request.counts.documents > 5
}
`;

const RULES = `package rankguard.rules

allow if true

${Array.from(
  { length: 1000 },
  (_, at) => `deny contains {"code": "RULE_${at}", "message": "m"} if input.request.dataset == "set-${at}"\n`,
).join('\n')}`;

export async function measurePolicies(opa: string): Promise<PolicyCosts> {
  const compiler = createCompiler({ opa });
  const counts = await policySet(compiler, [inline('counts', COUNTS)]);
  const rules = await policySet(compiler, [inline('rules', RULES)]);
  const folders = PHASES.map((name) => readPolicyDirectory(fileURLToPath(new URL(name, LIBRARY))));
  const library = await policySet(compiler, await Promise.all(folders));
  // Both are measured in turns: what else the machine does is then the same for both.
  const sizes = [10, 1000].map((documents) => callsOf(documents, 'request'));
  const turns = Array.from({ length: ROUNDS }, () => sizes.map((calls) => timeOf(counts, [calls])));
  return {
    ten: median(turns.map(([ten = 0]) => ten)),
    thousand: median(turns.map(([, thousand = 0]) => thousand)),
    bothPhases: several(() => timeOf(library, [callsOf(100, 'request'), callsOf(100, 'response')])),
    thousandRules: several(() => timeOf(rules, [callsOf(10, 'request')])),
  };
}

function several(measure: () => number): number {
  return median(Array.from({ length: ROUNDS }, measure));
}

/** The mean of a call through all of these phases. */
function timeOf(policies: PolicySet, phases: readonly (readonly Facts[])[]): number {
  const run = (): void => {
    for (const calls of phases) for (const facts of calls) policies.decide(facts, facts.phase);
  };
  run();
  const start = performance.now();
  run();
  return (performance.now() - start) / CALLS;
}

/** No two are alike: a decision that was made on the same facts before would be remembered. */
function callsOf(documents: number, phase: Facts['phase']): readonly Facts[] {
  const listed = Array.from({ length: documents }, (_, index) => ({
    id: `T-${1001 + index}`,
    text: 'a ticket',
    fields: { publisher: `p${index % 7}` },
  }));
  const { facts } = completeFacts({
    phase,
    'identity.groups': ['readers', 'search-readers', 'support'],
    'request.documents': listed,
    'response.results':
      phase === 'request' ? [] : listed.map((_, index) => ({ index, score: 1 / (index + 1) })),
  });
  return Array.from({ length: CALLS }, (_, at) => ({
    ...facts,
    request: {
      ...facts.request,
      query: `invoice ${at}`,
      dataset: `other-${at}`,
      counts: { ...facts.request.counts, bytes: 1000 + at },
    },
  }));
}

function inline(name: string, module: string): PolicySource {
  const locate = (file: string, line: number) => ({ file, line });
  return {
    name,
    scope: 'namespace',
    mode: 'enforce',
    modules: { 'policy.rego': module },
    data: {},
    tests: {},
    locate,
  };
}

async function policySet(compiler: Compiler, sources: readonly PolicySource[]): Promise<PolicySet> {
  const policies: CompiledPolicy[] = [];
  for (const source of sources) {
    const result = await compiler.compile(source);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    policies.push(result.policy);
  }
  return createPolicySet(policies);
}
