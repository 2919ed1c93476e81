import {
  ANONYMOUS,
  type DialectName,
  ENTITIES,
  type Identity,
  type ResolvedConnection,
} from '@rankguard/contract';
import { createRouter, type MatchedRoute, type RequestReading } from '@rankguard/sidecar/dialects';
import { createDocumentReader, requestFacts, responseFacts } from '@rankguard/sidecar/facts';
import { createFindings } from '@rankguard/sidecar/findings';
import { createJsonReader } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createDetector } from '@rankguard/sidecar/masking/detect';
import { createUsageWindows, type UsageKey } from '@rankguard/sidecar/usage';
import { dialectFixtures } from '../../test/support/fixtures.ts';

export type SampleName = Exclude<DialectName, 'auto'>;

/** One call of each dialect, as it stands on the wire. */
export interface SampleCall {
  readonly route: MatchedRoute;
  readonly request: string;
  readonly response: string;
}

/** The call that shows a dialect, by its name among the fixtures of `sidecar/src/dialects`. */
const SHOWN: Readonly<Record<SampleName, string>> = {
  tei: 'tei/rerank',
  'cohere-v1': 'cohere/v1',
  'cohere-v2': 'cohere/v2',
  vllm: 'vllm/rerank',
  infinity: 'infinity/rerank',
  'llama-cpp': 'llama-cpp/documents',
  jina: 'jina/rerank',
  voyage: 'voyage/rerank',
  mixedbread: 'mixedbread/rerank',
  pinecone: 'pinecone/rerank',
  together: 'together/rerank',
  nim: 'nim/ranking',
  elasticsearch: 'elasticsearch/rerank',
  openvino: 'openvino/rerank',
  kserve: 'kserve/infer',
  'azure-cohere': 'azure-cohere/v2',
  vertex: 'vertex/rank',
  sagemaker: 'sagemaker/cohere',
  bedrock: 'bedrock/rerank',
};

function readerOf() {
  return createJsonReader({ kernel: createKernel() });
}

/** The sample call of a dialect. Throws when the dialect itself does not read it: then the sample is wrong. */
export function sampleCall(name: SampleName): SampleCall {
  const fixture = dialectFixtures().find((each) => each.name === SHOWN[name]);
  if (fixture === undefined) throw new Error(`${name} has no sample call`);
  const { path, request, response } = fixture;
  const route = createRouter([name]).match('POST', path);
  if (route === undefined) throw new Error(`${name} has no route POST ${path}`);
  const call = { route, request: JSON.stringify(request), response: JSON.stringify(response) };
  const asked = readRequest(call);
  const answer = readerOf().read(Buffer.from(call.response));
  if (!answer.ok) throw new Error(answer.message);
  const sent = asked.reading.parts.map(({ candidates, ids }) => ({ count: candidates.length, ids }));
  const settled = asked.reading.matched ?? route;
  const reading = settled.dialect.readResponse(answer.document, settled.route, sent);
  if (!reading.ok) throw new Error(`${name} does not read its sample response: ${reading.message}`);
  return { ...call, route: { ...settled, dialect: { ...settled.dialect, routes: route.dialect.routes } } };
}

function readRequest({ route, request }: SampleCall) {
  const read = readerOf().read(Buffer.from(request));
  if (!read.ok) throw new Error(read.message);
  const reading = route.dialect.readRequest(read.document, route.route);
  if (!reading.ok) throw new Error(`the sample request is not read: ${reading.message}`);
  return { document: read.document, reading: reading satisfies RequestReading };
}

/** The facts of the TEI sample in both phases, from the code that gathers them for policies. */
export function sampleFacts(): { readonly request: unknown; readonly response: unknown } {
  const call = sampleCall('tei');
  const { document, reading } = readRequest(call);
  const context = {
    id: '12cd34de-2dfb-4e69-84c8-b6b5cb9322f7',
    connection: CONNECTION,
    matched: call.route,
    identity: IDENTITY,
    dataset: 'tickets',
    datasetSource: 'header',
    justification: 'CASE-77 complaint of the customer',
    now: Date.UTC(2026, 8, 18, 10, 0, 0),
  } as const;
  const gathered = requestFacts(context, document, reading, createDocumentReader(readerOf()), true, {
    find: createFindings({ personalData: createDetector({ kernel: createKernel(), entities: ENTITIES }) }),
    usage: (asked) => createUsageWindows({ now: () => context.now }).read(CALLER, asked),
  });
  const answer = readerOf().read(Buffer.from(call.response));
  if (!answer.ok) throw new Error(answer.message);
  const results = call.route.dialect.readResponse(answer.document, call.route.route, [{ count: 2 }]);
  if (!results.ok) throw new Error(results.message);
  const status = { status: 200, bytes: call.response.length };
  return { request: gathered.value, response: responseFacts(gathered, status, results, [[0, 1]]) };
}

const CALLER: UsageKey = {
  connection: 'support/support-search',
  kind: 'user',
  issuer: 'https://idp.example.com',
  subject: 'ana',
};

const IDENTITY: Identity = {
  kind: 'user',
  subject: 'ana',
  issuer: 'https://idp.example.com',
  groups: ['search-readers', 'billing'],
  claims: { client_id: 'helpdesk', acr: null, amr: [], auth_time: null },
  token: { id: 'b1c6', expires: 1_789_725_600, purpose: null, scopes: [] },
  workload: ANONYMOUS.workload,
};

const CONNECTION: ResolvedConnection = {
  namespace: 'support',
  name: 'support-search',
  dialects: ['tei'],
  issuers: [],
  anonymous: 'deny',
  serviceAccountAudiences: [],
  otherPorts: [],
  staleAfterSeconds: 86_400,
  models: null,
  dataset: { from: 'header', name: 'X-Dataset' },
  upstreamKey: null,
  listenerTls: null,
  upstreamCa: null,
  rankingHeader: false,
  limits: {
    requestBytes: 0,
    responseBytes: 0,
    bufferedBytes: 0,
    documents: 0,
    concurrency: 0,
    timeoutSeconds: 0,
  },
};
