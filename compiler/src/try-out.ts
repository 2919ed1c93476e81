import { ANONYMOUS, type CompiledPolicy, type Facts, NO_USAGE } from '@rankguard/contract';
import {
  createPolicyHost,
  ENTRYPOINT,
  HOST_BUILTIN_RUNNER,
  parseOutput,
  project,
} from '@rankguard/sidecar/policy';

/** Evaluates made-up calls as the data path would, and says what went wrong: each fault would refuse real calls. */
export function tryOut(policy: CompiledPolicy): readonly string[] {
  const faults = new Set<string>();
  const attempt = (what: string, act: () => void) => {
    try {
      act();
    } catch (error) {
      faults.add(`${what}: ${(error as Error).message}`);
    }
  };
  attempt('the compiled module cannot be started', () => {
    const host = createPolicyHost({
      name: policy.name,
      wasm: Buffer.from(policy.wasm, 'base64'),
      data: policy.data,
      entrypoint: ENTRYPOINT,
      builtins: HOST_BUILTIN_RUNNER,
    });
    for (const facts of cannedCalls()) {
      const { phase, documents } = { phase: facts.phase, documents: facts.request.documents.length };
      attempt(`a made-up ${phase} with ${documents} documents ends in a fault`, () => {
        const input = JSON.stringify(project(facts, policy.projection));
        parseOutput(host.evaluate(Buffer.from(input)));
      });
    }
  });
  return [...faults];
}

/** Both phases, without documents and with some. */
function cannedCalls(): readonly Facts[] {
  const phases = ['request', 'response'] as const;
  return phases.flatMap((phase) => [0, 3].map((count) => cannedFacts(phase, count)));
}

/** Plain values of a call that any policy should bear: total facts, of either phase. */
export function cannedFacts(phase: Facts['phase'], count: number): Facts {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const results = phase === 'request' ? [] : indexes;
  return {
    phase,
    connection: {
      namespace: 'default',
      name: 'search',
      listener: 'ingress',
      direction: 'ingress',
      protocol: 'http',
      dialect: 'cohere-v2',
    },
    identity: {
      ...ANONYMOUS,
      kind: 'user',
      subject: 'someone',
      issuer: 'https://issuer.example',
      groups: ['staff'],
    },
    request: {
      ...REQUEST,
      documents: indexes.map((index) => ({
        index,
        id: index === 0 ? null : `doc-${index}`,
        text: `text ${index}`,
        fields: index === 0 ? {} : { title: `title ${index}`, year: 2000 + index },
      })),
      counts: { documents: count, bytes: 100 + count * 10, tokens_estimate: 25 + count * 3 },
    },
    sql: { statements: [] },
    vector: { collection: null, scope: null, filter: null, limit: null },
    response: {
      status: phase === 'request' ? 0 : 200,
      results: results.map((index) => ({ index, id: null, rank: index, score: 1 / (index + 1), fields: {} })),
      rows: 0,
      bytes: phase === 'request' ? 0 : 200,
    },
    findings: [],
    usage: NO_USAGE,
  };
}

const REQUEST: Omit<Facts['request'], 'documents' | 'counts'> = {
  id: 'canned',
  session: null,
  time: { unix: 1_700_000_000, weekday: 2, hour: 22 },
  method: 'POST',
  path: '/v2/rerank',
  operation: 'rerank',
  model: 'a-model',
  model_version: null,
  dataset: null,
  dataset_source: null,
  query: 'a query',
  top_n: null,
  cost_estimate: 0,
  digest: '0'.repeat(64),
  justification: null,
};
