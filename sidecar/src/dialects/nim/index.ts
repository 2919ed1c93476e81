import { defineDialect, health, info, post, ranking } from '../define.ts';
import { modelList } from '../served.ts';
import type { Dialect } from '../types.ts';

/**
 * NVIDIA NIM for text reranking (https://docs.nvidia.com/nim, text reranking reference), in a pod and as NVIDIA hosts
 * it. Images among the passages are refused: no policy sees them.
 */
export const nim: Dialect = defineDialect({
  name: 'nim',
  served: modelList('/v1/models'),
  routes: [
    post('/v1/ranking', 'rerank'),
    post('/v1/retrieval/{model}/reranking', 'rerank'),
    post('/v1/retrieval/{org}/{model}/reranking', 'rerank'),
    info('/v1/models'),
    info('/v1/metadata'),
    health('/v1/health/live'),
    health('/v1/health/ready'),
    health('/v1/metrics'),
  ],
  shapes: {
    rerank: ranking(
      {
        query: 'text',
        candidates: 'passages',
        documents: 'text-object',
        model: 'optional',
        options: { truncate: 'string' },
      },
      { results: 'rankings', score: 'logit', echo: 'text' },
      () => ({ rankings: [], usage: { prompt_tokens: 0, total_tokens: 0 } }),
    ),
  },
  error: (_status, _code, message) => ({ error: message, detail: message }),
});
