import { COHERE_ANSWER } from '../cohere/index.ts';
import { defineDialect, health, info, post, ranking } from '../define.ts';
import { openaiError } from '../errors.ts';
import { modelList } from '../served.ts';
import type { Dialect } from '../types.ts';

/**
 * Infinity (https://github.com/michaelfeil/infinity, fastapi_schemas/pymodels.py), without a URL prefix or with the
 * prefix `/v1`. An echoed document is a string.
 */
export const infinity: Dialect = defineDialect({
  name: 'infinity',
  served: modelList('/models'),
  routes: [
    post('/rerank', 'rerank'),
    post('/v1/rerank', 'rerank'),
    info('/models'),
    info('/v1/models'),
    health('/health'),
    health('/metrics'),
  ],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'documents',
        documents: 'string',
        model: 'optional',
        topN: { name: 'top_n', zero: 'refused' },
        options: { return_documents: 'boolean', raw_scores: 'boolean' },
      },
      COHERE_ANSWER,
      ({ requestId, model }) => ({
        object: 'rerank',
        id: `infinity-${requestId}`,
        model: model ?? 'default/not-specified',
        usage: { prompt_tokens: 0, total_tokens: 0 },
        created: 0,
        results: [],
      }),
    ),
  },
  error: (status, code, message) =>
    status === 401 ? { detail: message } : openaiError(status, code, message),
});
