import { ANONYMOUS, type Bundle, NO_USAGE } from '@rankguard/contract';

const DOCUMENTS = 20;

/** Facts to warm policies with: made up, total, of both phases. */
export function warmFacts(bundle: Bundle): readonly unknown[] {
  const { namespace, name } = bundle.connection;
  const documents = Array.from({ length: DOCUMENTS }, (_, index) => ({
    index,
    id: `warm-${index}`,
    text: 'a document to warm up with',
    fields: {},
  }));
  const request = {
    id: 'warm-up',
    session: null,
    time: { unix: 0, weekday: 0, hour: 0 },
    method: 'POST',
    path: '/rerank',
    operation: 'rerank',
    model: null,
    model_version: null,
    dataset: null,
    dataset_source: null,
    query: 'a query to warm up with',
    documents,
    counts: { documents: DOCUMENTS, bytes: 1000, tokens_estimate: 250 },
    top_n: null,
    cost_estimate: 1,
    digest: '',
    justification: null,
  };
  const facts = {
    phase: 'request',
    connection: {
      namespace,
      name,
      listener: 'ingress',
      direction: 'ingress',
      protocol: 'http',
      dialect: 'tei',
    },
    identity: ANONYMOUS,
    request,
    sql: { statements: [] },
    vector: { collection: null, scope: null, filter: null, limit: null },
    response: { status: 0, results: [], rows: 0, bytes: 0 },
    findings: [],
    usage: NO_USAGE,
  };
  return [facts, { ...facts, phase: 'response' }];
}
