import { DIALECT_NAMES, type DialectName } from '@rankguard/contract';
import type { Dialect, Route } from '@rankguard/sidecar/dialects';
import { callerHeaders, upstreamHeaders } from '../../sidecar/src/pipeline/headers.ts';
import { code, codeList, generatedPage, table } from './markdown.ts';
import { sampleCall } from './sample-call.ts';

const TITLES: Readonly<Record<DialectName, string>> = {
  tei: 'Hugging Face Text Embeddings Inference, rerank routes',
  'cohere-v1': "Cohere's rerank API, version 1",
  'cohere-v2': "Cohere's rerank API, version 2",
};

const JUDGED: Readonly<Record<Route['operation'], string>> = {
  rerank: 'identity, policy, masking',
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

const PLAIN = { requestHeaders: [], responseHeaders: [] } as unknown as Dialect;

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

function sectionOf(name: DialectName): readonly string[] {
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
    `A body of ${code(`${route.method} ${route.path}`)}:`,
    pretty(call.request),
    'Its answer:',
    pretty(call.response),
    `A refusal carries the members of this API's own errors beside those of [every refusal](answers.md):`,
    pretty(JSON.stringify(dialect.error(403, 'DATASET_FORBIDDEN', 'The data set is regulated.'))),
    'The answer when a policy drops every document; the reranker is not called:',
    pretty(dialect.empty(route, '12cd34de-2dfb-4e69-84c8-b6b5cb9322f7', 1)),
  ];
}

/** docs/reference/dialects.md, from the dialects themselves. */
export function dialectsPage(): string {
  const { request, response } = passing();
  return generatedPage('Dialects', 'sidecar/src/dialects', [
    `A connection's dialects are its allowlist: a call whose method and path are not in these tables is refused with
ROUTE_NOT_ALLOWED. A path matches one spelling: percent-encoding, \`//\`, dot segments, a trailing slash or a query
string make another one. What is forwarded is the route's own path.`,
    `Bodies are strict JSON: repeated member names, invalid UTF-8 and a second value are refused, and so is a member that
another server could take for one of the API's own (\`Query\`, or \`texts\` in a Cohere call): BODY_AMBIGUOUS_MEMBER.
Other unknown members pass as they are.`,
    `Header fields that pass in every dialect: to the reranker ${codeList(request)}; to the caller ${codeList(response)}.
The sidecar sets \`accept\`, \`accept-encoding: identity\`, \`content-type\` and \`x-request-id\` itself, and
\`authorization\` when the connection has an \`upstreamKey\`. The caller's own credential, cookies and trailers never pass.`,
    `The caller's access token is in \`Authorization: Bearer\`, where the SDKs of these APIs put their key. A second
credential, or one in another header such as \`x-api-key\`, is refused.`,
    ...DIALECT_NAMES.flatMap(sectionOf),
  ]);
}
