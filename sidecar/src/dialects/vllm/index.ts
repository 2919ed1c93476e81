import { Kind } from '../../json/types.ts';
import { COHERE_ANSWER } from '../cohere/index.ts';
import { defineDialect, health, info, post, ranking, type Shape } from '../define.ts';
import { openaiError } from '../errors.ts';
import type { RequestFormat } from '../format.ts';
import { modelList } from '../served.ts';
import type { Dialect, Operation, Route } from '../types.ts';
import { score, texts } from './score.ts';

/** vLLM's rerank request: Cohere's, where `top_n` 0 means all and documents are strings. */
export const VLLM: RequestFormat = {
  query: 'string',
  candidates: 'documents',
  documents: 'string',
  model: 'optional',
  topN: { name: 'top_n', zero: 'all' },
  options: {
    truncate_prompt_tokens: 'any',
    max_tokens_per_doc: 'any',
    use_activation: 'boolean',
    activation: 'boolean',
    priority: 'any',
    user: 'any',
    return_documents: 'boolean',
  },
};

/** Answers always echo the documents. */
const rerank = ranking(VLLM, COHERE_ANSWER, ({ requestId, model }) => ({
  id: `rerank-${requestId}`,
  model,
  usage: { prompt_tokens: 0, total_tokens: 0 },
  results: [],
}));

const given = (path: string, shape: string, operation: Operation): Route => ({
  ...post(path, shape, operation),
  order: 'given',
});

/** SageMaker's route takes every kind of body; only those whose members tell them apart are taken here. */
const invocations: Shape = {
  readRequest(document, route) {
    const isRerank = document.kind(0) === Kind.Object && document.get(0, 'query') !== -1;
    const reading = (isRerank ? rerank : score).readRequest(document, route);
    if (!reading.ok) return reading;
    const own: Route = isRerank
      ? { ...route, shape: 'rerank' }
      : { ...route, shape: 'score', operation: 'score', order: 'given' };
    return { ...reading, matched: { dialect: vllm, route: own } };
  },
  readResponse: rerank.readResponse,
  empty: rerank.empty,
};

/**
 * vLLM's pooling server (https://docs.vllm.ai, Pooling Models: rerank, score, classify, pooling). Documents with
 * images or URLs are refused: no policy sees them, and the server would fetch them.
 */
export const vllm: Dialect = defineDialect({
  name: 'vllm',
  served: modelList('/v1/models'),
  routes: [
    ...['/rerank', '/v1/rerank', '/v2/rerank'].map((path) => post(path, 'rerank')),
    ...['/score', '/v1/score'].map((path) => given(path, 'score', 'score')),
    given('/classify', 'texts', 'classify'),
    given('/pooling', 'texts', 'pooling'),
    post('/invocations', 'invocations'),
    info('/v1/models'),
    health('/health'),
    health('/ping'),
    health('/version'),
    health('/load'),
    health('/metrics'),
  ],
  shapes: { rerank, score, texts, invocations },
  error: openaiError,
});
