import { Kind } from '../../json/types.ts';
import { COHERE_ANSWER } from '../cohere/index.ts';
import { defineDialect, health, info, post, ranking, type Shape } from '../define.ts';
import type { RequestFormat } from '../format.ts';
import { modelList } from '../served.ts';
import { TEI_ANSWER } from '../tei/index.ts';
import type { Dialect } from '../types.ts';

const request = (candidates: 'documents' | 'texts'): RequestFormat => ({
  query: 'string',
  candidates,
  documents: 'string',
  model: 'optional',
  topN: { name: 'top_n', zero: 'refused' },
  options: { return_text: 'boolean', return_documents: 'boolean' },
});
const documents = ranking(request('documents'), COHERE_ANSWER, ({ model }) => ({
  model: model ?? '',
  object: 'list',
  usage: { prompt_tokens: 0, total_tokens: 0 },
  results: [],
}));
const texts = ranking(request('texts'), TEI_ANSWER, () => []);

/** A body with `texts` is answered as TEI would; one with both names is refused, as `texts` is not a name of the other. */
const either: Shape = {
  readRequest(document, route) {
    const asTei = document.kind(0) === Kind.Object && document.get(0, 'texts') !== -1;
    const shape = asTei ? 'texts' : 'documents';
    const reading = (asTei ? texts : documents).readRequest(document, route);
    return reading.ok ? { ...reading, matched: { dialect: llamaCpp, route: { ...route, shape } } } : reading;
  },
  readResponse: documents.readResponse,
  empty: documents.empty,
};

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  413: 'exceed_context_size_error',
  503: 'unavailable_error',
};

/** llama.cpp's server (https://github.com/ggml-org/llama.cpp, tools/server/README.md). Scores are raw logits. */
export const llamaCpp: Dialect = defineDialect({
  name: 'llama-cpp',
  served: modelList('/v1/models'),
  routes: [
    ...['/rerank', '/reranking', '/v1/rerank', '/v1/reranking'].map((path) => post(path, 'either')),
    info('/v1/models'),
    info('/models'),
    health('/health'),
    health('/v1/health'),
    health('/metrics'),
  ],
  shapes: { either, documents, texts },
  error: (status, _code, message) => ({
    error: { code: status, message, type: TYPES[status] ?? 'server_error' },
  }),
});
