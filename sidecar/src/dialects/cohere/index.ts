import { type JsonDocument, Kind } from '../../json/types.ts';
import {
  ambiguousMember,
  badOptional,
  caseCollision,
  memberNames,
  misread,
  optional,
  readResult,
  stringMember,
} from '../shape.ts';
import type { Dialect, Misread, RequestReading, ResponseReading, Route } from '../types.ts';

const COMMON = ['model', 'query', 'documents', 'top_n'];
const V1 = memberNames(...COMMON, 'rank_fields', 'return_documents', 'max_chunks_per_doc');
const V2 = memberNames(...COMMON, 'max_tokens_per_doc', 'priority', 'return_documents', 'rank_fields');

/** v1 documents are strings or objects of strings; v2 documents are strings. */
function badDocument(document: JsonDocument, token: number, version: 1 | 2): Misread | undefined {
  const kind = document.kind(token);
  if (kind === Kind.String) return undefined;
  if (version === 2) return misread('documents must be strings');
  if (kind !== Kind.Object) return misread('documents must be strings or objects');
  const names: string[] = [];
  // Walks the tape itself: `members` makes an iterator for each of what may be thousands of documents.
  for (let key = token + 1; document.kind(key) === Kind.Key; key = document.next(key + 1)) {
    const value = document.kind(key + 1);
    if (value === Kind.Object || value === Kind.Array) {
      return misread('the members of a document must be strings');
    }
    names.push(document.string(key));
  }
  return caseCollision(names)
    ? misread('a document has two members whose names differ only by case', 'BODY_AMBIGUOUS_MEMBER')
    : undefined;
}

function badOptions(document: JsonDocument, version: 1 | 2): Misread | undefined {
  const topN = optional(document, 0, 'top_n');
  const rankFields = optional(document, 0, 'rank_fields');
  return (
    badOptional(document, 0, 'model', 'string') ??
    badOptional(document, 0, 'top_n', 'integer') ??
    (topN !== -1 && document.number(topN) === 0 ? misread('top_n must be at least 1') : undefined) ??
    badOptional(document, 0, 'return_documents', 'boolean') ??
    badOptional(document, 0, version === 1 ? 'max_chunks_per_doc' : 'max_tokens_per_doc', 'integer') ??
    (rankFields !== -1 && document.kind(rankFields) !== Kind.Array
      ? misread('rank_fields must be a list')
      : undefined)
  );
}

function readRequest(document: JsonDocument, version: 1 | 2): RequestReading | Misread {
  if (document.kind(0) !== Kind.Object) return misread('a rerank request must be an object');
  const ambiguous = ambiguousMember(document, 0, version === 1 ? V1 : V2);
  if (ambiguous) return ambiguous;
  const queryToken = stringMember(document, 0, 'query');
  if (queryToken === -1) return misread('query must be a string');
  const documentsToken = document.get(0, 'documents');
  if (documentsToken === -1 || document.kind(documentsToken) !== Kind.Array) {
    return misread('documents must be a list');
  }
  const candidates = [...document.elements(documentsToken)];
  if (candidates.length === 0) return misread('documents must not be empty');
  for (const token of candidates) {
    const bad = badDocument(document, token, version);
    if (bad) return bad;
  }
  const bad = badOptions(document, version);
  if (bad) return bad;
  const modelToken = optional(document, 0, 'model');
  if (version === 2 && modelToken === -1) return misread('model must be a string');
  const topNToken = optional(document, 0, 'top_n');
  return {
    ok: true,
    model: modelToken === -1 ? null : document.string(modelToken),
    parts: [{ query: document.string(queryToken), queryToken, documentsToken, candidates }],
    topN: topNToken === -1 ? null : document.number(topNToken),
    topNToken,
  };
}

function readResponse(
  document: JsonDocument,
  _route: Route,
  sent: readonly number[],
): ResponseReading | Misread {
  const resultsToken = document.kind(0) === Kind.Object ? document.get(0, 'results') : -1;
  if (resultsToken === -1 || document.kind(resultsToken) !== Kind.Array) {
    return misread('results are not a list', 'UPSTREAM_SHAPE');
  }
  const results = [];
  const seen = new Set<number>();
  for (const token of document.elements(resultsToken)) {
    const names = { score: 'relevance_score', document: 'document' };
    const result = readResult(document, token, names, sent[0] ?? 0, seen);
    if ('ok' in result) return result;
    results.push(result);
  }
  return { ok: true, parts: [{ resultsToken, results }] };
}

function cohere(version: 1 | 2): Dialect {
  return {
    name: `cohere-v${version}`,
    routes: [{ method: 'POST', path: `/v${version}/rerank`, operation: 'rerank', shape: 'rerank' }],
    requestHeaders: ['x-client-name', 'x-fern-language', 'x-fern-sdk-name', 'x-fern-sdk-version'],
    responseHeaders: ['x-debug-trace-id', 'x-api-warning', 'num_chars', 'num_tokens'],
    readRequest: (document) => readRequest(document, version),
    readResponse,
    error: (_status, _code, message) => ({ message }),
    empty: (_route, id) =>
      JSON.stringify({ id, results: [], meta: { api_version: { version: String(version) } } }),
  };
}

/** Cohere's rerank API, version 1 (https://docs.cohere.com/v1/reference/rerank). */
export const cohereV1: Dialect = cohere(1);
/** Cohere's rerank API, version 2 (https://docs.cohere.com/reference/rerank). */
export const cohereV2: Dialect = cohere(2);
