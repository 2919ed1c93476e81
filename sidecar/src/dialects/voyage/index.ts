import { defineDialect, post, ranking } from '../define.ts';
import { detailError } from '../errors.ts';
import type { Dialect } from '../types.ts';

/** Voyage AI's rerankers (https://docs.voyageai.com/reference/reranker-api). */
export const voyage: Dialect = defineDialect({
  name: 'voyage',
  routes: [post('/v1/rerank', 'rerank')],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'documents',
        documents: 'string',
        model: 'required',
        topN: { name: 'top_k', zero: 'refused' },
        options: { return_documents: 'boolean', truncation: 'boolean' },
      },
      { results: 'data', score: 'relevance_score', echo: 'document' },
      ({ model }) => ({ object: 'list', data: [], model, usage: { total_tokens: 0 } }),
    ),
  },
  error: detailError,
});
