import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createCompiler, resolve } from '@rankguard/compiler';
import { ANONYMOUS, type CompiledPolicy, NO_USAGE } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';
import { createPolicySet } from '@rankguard/sidecar/policy';
import { median, quantile } from './load.ts';

const CANDIDATES = 100;
const FILES = [
  'connection',
  'masking-profile',
  'policy-readers',
  'policy-regulated-datasets',
  'policy-sensitive-queries',
  'policy-ticket-access',
  'policy-answers',
  'secret',
];

async function compileExample(opa: string): Promise<readonly CompiledPolicy[]> {
  const folder = new URL('../../examples/support-search/config/', import.meta.url);
  const files = FILES.map((name) => {
    const file = fileURLToPath(new URL(`${name}.yaml`, folder));
    return { file, text: readFileSync(file, 'utf8') };
  });
  const resolved = resolve(readResources(files).resources, {});
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const compiler = createCompiler({ opa });
  const policies: CompiledPolicy[] = [];
  for (const source of resolved.policies) {
    const result = await compiler.compile(source);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    policies.push(result.policy);
  }
  return policies;
}

function sampleFacts(): unknown {
  const documents = Array.from({ length: CANDIDATES }, (_, index) => ({
    index,
    id: `T-${1001 + index}`,
    text: 'a ticket',
    fields: { team: 'billing' },
  }));
  return {
    phase: 'request',
    connection: {
      namespace: 'support',
      name: 'support-search',
      listener: 'ingress',
      direction: 'ingress',
      protocol: 'http',
      dialect: 'cohere-v1',
    },
    identity: { ...ANONYMOUS, kind: 'user', subject: 'bench', groups: ['search-readers', 'billing'] },
    request: {
      id: 'bench',
      session: null,
      time: { unix: 0, weekday: 0, hour: 0 },
      method: 'POST',
      path: '/v1/rerank',
      operation: 'rerank',
      model: 'bm25-lexical',
      model_version: null,
      dataset: null,
      dataset_source: null,
      query: 'invoice is wrong',
      documents,
      counts: { documents: CANDIDATES, bytes: 100_000, tokens_estimate: 25_000 },
      top_n: 10,
      cost_estimate: 1,
      digest: '',
      justification: null,
    },
    sql: { statements: [] },
    vector: { collection: null, scope: null, filter: null, limit: null },
    response: { status: 0, results: [], rows: 0, bytes: 0 },
    findings: [],
    usage: NO_USAGE,
  };
}

/** Milliseconds of one warm decision by the example's policies, isolation (metering, one module each) included. */
export async function measureDecision(opa: string): Promise<{ readonly p50: number; readonly p99: number }> {
  const policies = createPolicySet(await compileExample(opa));
  const facts = sampleFacts();
  for (let round = 0; round < 500; round++) policies.decide(facts, 'request');
  const p50: number[] = [];
  const p99: number[] = [];
  for (let round = 0; round < 5; round++) {
    const times = new Float64Array(2000);
    for (let at = 0; at < times.length; at++) {
      const start = performance.now();
      policies.decide(facts, 'request');
      times[at] = performance.now() - start;
    }
    times.sort();
    p50.push(quantile(times, 0.5));
    p99.push(quantile(times, 0.99));
  }
  return { p50: median(p50), p99: median(p99) };
}
