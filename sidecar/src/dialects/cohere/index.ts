import { defineDialect, post, ranking } from '../define.ts';
import type { AnswerFormat, RequestFormat } from '../format.ts';
import type { Dialect } from '../types.ts';

/** Version 1 of Cohere's request: documents are strings or objects of strings. */
export const COHERE_V1: RequestFormat = {
  query: 'string',
  candidates: 'documents',
  documents: 'flat',
  model: 'optional',
  topN: { name: 'top_n', zero: 'refused' },
  options: { return_documents: 'boolean', max_chunks_per_doc: 'integer', rank_fields: 'list' },
};
/** Version 2 of Cohere's request: documents are strings, the model is required. */
export const COHERE_V2: RequestFormat = {
  query: 'string',
  candidates: 'documents',
  documents: 'string',
  model: 'required',
  topN: { name: 'top_n', zero: 'refused' },
  options: {
    return_documents: 'boolean',
    max_tokens_per_doc: 'integer',
    rank_fields: 'list',
    priority: 'any',
  },
};
/** Cohere's answer, which most rerank APIs took over. */
export const COHERE_ANSWER: AnswerFormat = {
  results: 'results',
  score: 'relevance_score',
  echo: 'document',
};

export const COHERE_REQUEST_HEADERS = [
  'x-client-name',
  'x-fern-language',
  'x-fern-sdk-name',
  'x-fern-sdk-version',
];
export const COHERE_RESPONSE_HEADERS = ['x-debug-trace-id', 'x-api-warning', 'num_chars', 'num_tokens'];

export function cohereShape(version: 1 | 2) {
  return ranking(version === 1 ? COHERE_V1 : COHERE_V2, COHERE_ANSWER, ({ requestId }) => ({
    id: requestId,
    results: [],
    meta: { api_version: { version: String(version) } },
  }));
}

function cohere(version: 1 | 2): Dialect {
  return defineDialect({
    name: `cohere-v${version}`,
    routes: [post(`/v${version}/rerank`, 'rerank')],
    shapes: { rerank: cohereShape(version) },
    requestHeaders: COHERE_REQUEST_HEADERS,
    responseHeaders: COHERE_RESPONSE_HEADERS,
    error: (_status, _code, message) => ({ message }),
  });
}

/** Cohere's rerank API, version 1 (https://docs.cohere.com/v1/reference/rerank). */
export const cohereV1: Dialect = cohere(1);
/** Cohere's rerank API, version 2 (https://docs.cohere.com/reference/rerank). */
export const cohereV2: Dialect = cohere(2);
