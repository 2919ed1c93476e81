import { DIALECT_NAMES } from '@rankguard/contract';
import { DIALECTS, type Dialect, type Route } from '@rankguard/sidecar/dialects';
import type { CredentialSlot } from '@rankguard/sidecar/identity';
import { callerHeaders, upstreamHeaders } from '../../sidecar/src/pipeline/headers.ts';
import { code, codeList, generatedPage, table } from './markdown.ts';
import { type SampleName, sampleCall } from './sample-call.ts';

const EMPTY = { requestId: '12cd34de-2dfb-4e69-84c8-b6b5cb9322f7', model: 'a-model', parts: 1 };

const TITLES: Readonly<Record<SampleName, string>> = {
  tei: 'Hugging Face Text Embeddings Inference, rerank routes',
  'cohere-v1': "Cohere's rerank API, version 1",
  'cohere-v2': "Cohere's rerank API, version 2",
  vllm: `vLLM's pooling server. Answers to \`/score\`, \`/classify\` and \`/pooling\` come in the order of the texts, so a
policy cannot drop any there (RANKING_FIXED). Texts are taken; images, URLs, tokens and chat messages are refused`,
  infinity: 'Infinity, without a URL prefix or with `/v1`',
  'llama-cpp': "llama.cpp's server. A body with `texts` is answered as TEI does",
  jina: "Jina AI's reranker API. Images among the documents are refused",
  voyage: 'Voyage AI',
  mixedbread: 'Mixedbread. The token may stand in `Authorization` without a scheme, as LangChain sends it',
  pinecone: 'Pinecone Inference',
  together: 'Together AI',
  nim: 'NVIDIA NIM for text reranking, in a pod and hosted. Images among the passages are refused',
  elasticsearch: "Elasticsearch's rerank inference. The model is the inference endpoint's id",
  openvino: 'OpenVINO Model Server',
  kserve: `KServe's rerank endpoint, and the Open Inference Protocol v2 with tensors as JSON: the inputs \`query\` and
\`documents\` (or \`texts\`, \`passages\`, \`candidates\`), one score for each document in their order. Model and version are
those of the path. Binary tensors are refused`,
  'azure-cohere': "Cohere's rerankers as Azure serves them. The model is the deployment's name",
  vertex: `Google's ranking API. Results name records by id, so each record must have one of its own; ids that a mask would
change go on as numbers, and come back as the caller wrote them`,
  sagemaker:
    'Amazon SageMaker endpoints, and their containers in a pod. Bodies of TEI, Cohere and vLLM are taken',
  bedrock:
    "Amazon Bedrock's Rerank, and InvokeModel of rerank models. The model is in the path, or `modelArn`",
};

const JUDGED: Readonly<Record<Route['operation'], string>> = {
  rerank: 'identity, policy, masking',
  score: 'identity, policy, masking',
  classify: 'identity, policy, masking',
  pooling: 'identity, policy, masking',
  info: 'identity, policy, masking',
  health: 'passes; GET only, few header fields, no credential of the caller',
};

/** Header fields that programs send or servers answer with; those that pass are found by asking the code. */
const FIELDS =
  `accept accept-encoding accept-language age alt-svc authorization baggage cache-control connection
content-encoding content-length content-type cookie date etag expect forwarded from host if-match if-none-match
keep-alive last-modified link location origin pragma priority ratelimit ratelimit-policy referer retry-after server
set-cookie te traceparent traceresponse tracestate trailer transfer-encoding upgrade user-agent vary via
www-authenticate x-api-key x-correlation-id x-forwarded-for x-request-id`.split(/\s+/);

const PLAIN: Dialect = { ...DIALECTS.tei, requestHeaders: [], responseHeaders: [] };

function passing(): { readonly request: readonly string[]; readonly response: readonly string[] } {
  const options = { hasBody: true, requestId: 'id', upstreamKey: null, mask: (value: string) => value };
  const marked = upstreamHeaders(
    FIELDS.flatMap((name) => [name, 'of the caller']),
    PLAIN,
    options,
  );
  const request = marked.filter((_, at) => marked[at + 1] === 'of the caller');
  const answer = new Map(FIELDS.map((name) => [name, ['of the reranker']]));
  const back = callerHeaders(answer, PLAIN, (value) => value);
  return { request, response: back.filter((_, at) => at % 2 === 0) };
}

function pretty(json: string): string {
  return `\`\`\`json\n${JSON.stringify(JSON.parse(json), null, 2)}\n\`\`\``;
}

function sectionOf(name: SampleName): readonly string[] {
  const call = sampleCall(name);
  const { dialect, route } = call.route;
  const routes = dialect.routes.map(({ method, path, operation }) => [
    code(`${method} ${path}`),
    operation,
    JUDGED[operation],
  ]);
  const ownFields = (names: readonly string[]) => (names.length === 0 ? 'none' : codeList(names));
  return [
    `## ${name}`,
    `${TITLES[name]}.`,
    table(['route', 'operation', 'judged by'], routes),
    `Header fields beside those of every dialect: to the reranker ${ownFields(dialect.requestHeaders)}; to the caller
${ownFields(dialect.responseHeaders)}.`,
    `The caller's token is in ${dialect.credentials.map(slotText).join(' or ')}.`,
    ...(dialect.served
      ? [`The model that a call does not name is the one that ${code(`GET ${dialect.served.path}`)} names.`]
      : []),
    `A body of ${code(`${route.method} ${route.path}`)}:`,
    pretty(call.request),
    'Its answer:',
    pretty(call.response),
    `A refusal carries the members of this API's own errors beside those of [every refusal](answers.md):`,
    pretty(JSON.stringify(dialect.error(403, 'DATASET_FORBIDDEN', 'The data set is regulated.'))),
    'The answer when a policy drops every document; the reranker is not called:',
    pretty(dialect.empty(route, EMPTY)),
  ];
}

function slotText({ header, scheme, only }: CredentialSlot): string {
  if (only === 'signature') return "no signature of AWS's: that one names nobody here";
  const value = scheme === null ? '' : `: ${scheme}`;
  return code(`${header}${value}`) + (only === 'jwt' ? ' where it holds an access token' : '');
}

const AUTO = [
  '## auto',
  `All of the above, for a connection that does not say what its reranker speaks. The path gives the dialects that have
it; the body tells which of them it is: those that know most of its members are asked, and they must agree on the query,
the candidates, \`top_n\` and the operation. A body that two of them read differently is refused with
BODY_AMBIGUOUS_MEMBER, an answer that two of them read differently with UPSTREAM_SHAPE. The same holds for a connection
that names several dialects with a route in common. Facts then have the dialect's name, or \`auto\` where several agree.`,
];

/** docs/reference/dialects.md, from the dialects themselves. */
export function dialectsPage(): string {
  const { request, response } = passing();
  return generatedPage('Dialects', 'sidecar/src/dialects', [
    `A connection's dialects are its allowlist: a call whose method and path are not in these tables is refused with
ROUTE_NOT_ALLOWED. A path matches one spelling: percent-encoding, \`//\`, dot segments, a trailing slash or a query
string make another one. What is forwarded is that path.`,
    `Bodies are strict JSON: repeated member names, invalid UTF-8 and a second value are refused, and so is a member that
another server could take for one of the API's own (\`Query\`, or \`texts\` in a Cohere call): BODY_AMBIGUOUS_MEMBER.
Other unknown members pass as they are.`,
    `Header fields that pass in every dialect: to the reranker ${codeList(request)}; to the caller ${codeList(response)}.
The sidecar sets \`accept\`, \`accept-encoding: identity\`, \`content-type\` and \`x-request-id\` itself, and
\`authorization\` when the connection has an \`upstreamKey\`. The caller's own credential, cookies and trailers never pass.`,
    `The caller's access token is where the SDKs of the API put their key; each section says where that is. A second
credential, or one in another header, is refused. The \`upstreamKey\` goes to the reranker in the first of these places.`,
    `Where a policy reads \`input.request.model\` or \`model_version\`, the sidecar itself asks the reranker which model it
serves, on the path that a section names, with the \`upstreamKey\` and nothing of a caller: once, which the first caller
waits for at most two seconds, and again while calls come and the answer is a minute old. An answer that names several
models names none; what was said ten minutes ago is not known any more. Adapters do not count, and only TEI says a version.`,
    `\`{name}\` in a path stands for one segment or a part of one: letters, digits, \`.\`, \`_\`, \`~\` and \`-\`. \`{*name}\` may
also hold \`:\`, \`%3A\` and \`%2F\`.`,
    ...DIALECT_NAMES.flatMap((name) => (name === 'auto' ? AUTO : sectionOf(name))),
  ]);
}
