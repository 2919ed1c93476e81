import { COHERE_ANSWER } from '../cohere/index.ts';
import { defineDialect, post, ranking } from '../define.ts';
import { openaiError } from '../errors.ts';
import type { Dialect } from '../types.ts';

/** Together AI's rerank API (https://docs.together.ai/reference/rerank). */
export const together: Dialect = defineDialect({
  name: 'together',
  routes: [post('/v1/rerank', 'rerank')],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'documents',
        documents: 'flat',
        model: 'required',
        topN: { name: 'top_n', zero: 'refused' },
        options: { return_documents: 'boolean', rank_fields: 'list' },
      },
      COHERE_ANSWER,
      ({ requestId, model }) => ({
        object: 'rerank',
        id: requestId,
        model,
        results: [],
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      }),
    ),
  },
  error: openaiError,
});
