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

/** One call of each dialect, as it stands on the wire. */
export interface SampleCall {
  readonly route: MatchedRoute;
  readonly request: string;
  readonly response: string;
}

const BODIES: Readonly<Record<DialectName, { readonly path: string; request: unknown; response: unknown }>> =
  {
    tei: {
      path: '/rerank',
      request: {
        query: 'refund',
        texts: ['{"id": "T-1001", "team": "billing", "text": "Refund for a cancelled plan"}', 'Login fails'],
        return_text: true,
      },
      response: [
        {
          index: 0,
          score: 0.71,
          text: '{"id": "T-1001", "team": "billing", "text": "Refund for a cancelled plan"}',
        },
        { index: 1, score: 0, text: 'Login fails' },
      ],
    },
    'cohere-v1': {
      path: '/v1/rerank',
      request: {
        model: 'rerank-v3.5',
        query: 'refund',
        documents: [{ id: 'T-1001', text: 'Refund for a cancelled plan' }, 'Login fails'],
        top_n: 1,
        return_documents: true,
      },
      response: {
        id: '07734bd2-2473-4f07-94e1-0d9f0e6843cf',
        results: [
          {
            index: 0,
            relevance_score: 0.71,
            document: { id: 'T-1001', text: 'Refund for a cancelled plan' },
          },
        ],
        meta: { api_version: { version: '1' } },
      },
    },
    'cohere-v2': {
      path: '/v2/rerank',
      request: {
        model: 'rerank-v3.5',
        query: 'refund',
        documents: ['Refund for a cancelled plan', 'Login fails'],
        top_n: 1,
      },
      response: {
        id: '07734bd2-2473-4f07-94e1-0d9f0e6843cf',
        results: [{ index: 0, relevance_score: 0.71 }],
        meta: { api_version: { version: '2' } },
      },
    },
  };

function readerOf() {
  return createJsonReader({ kernel: createKernel() });
}

/** The sample call of a dialect. Throws when the dialect itself does not read it: then the sample is wrong. */
export function sampleCall(name: DialectName): SampleCall {
  const { path, request, response } = BODIES[name];
  const route = createRouter([name]).match('POST', path);
  if (route === undefined) throw new Error(`${name} has no route POST ${path}`);
  const call = { route, request: JSON.stringify(request), response: JSON.stringify(response) };
  const asked = readRequest(call);
  const answer = readerOf().read(Buffer.from(call.response));
  if (!answer.ok) throw new Error(answer.message);
  const sent = asked.reading.parts.map(({ candidates }) => candidates.length);
  const reading = route.dialect.readResponse(answer.document, route.route, sent);
  if (!reading.ok) throw new Error(`${name} does not read its sample response: ${reading.message}`);
  return call;
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
    now: Date.UTC(2026, 8, 18, 10, 0, 0),
  } as const;
  const gathered = requestFacts(context, document, reading, createDocumentReader(readerOf()), true, {
    find: createFindings({ personalData: createDetector({ kernel: createKernel(), entities: ENTITIES }) }),
    usage: (asked) => createUsageWindows({ now: () => context.now }).read(CALLER, asked),
  });
  const answer = readerOf().read(Buffer.from(call.response));
  if (!answer.ok) throw new Error(answer.message);
  const results = call.route.dialect.readResponse(answer.document, call.route.route, [2]);
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
