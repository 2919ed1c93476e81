import { COHERE_ANSWER } from '../cohere/index.ts';
import { defineDialect, post, ranking } from '../define.ts';
import { detailError } from '../errors.ts';
import type { Dialect } from '../types.ts';

/** Jina AI's reranker API (https://jina.ai/reranker). Images among the documents are refused: no policy sees them. */
export const jina: Dialect = defineDialect({
  name: 'jina',
  routes: [post('/v1/rerank', 'rerank')],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'documents',
        documents: 'text',
        model: 'required',
        topN: { name: 'top_n', zero: 'refused' },
        options: { return_documents: 'boolean', truncation: 'boolean', return_embeddings: 'any' },
      },
      COHERE_ANSWER,
      ({ model }) => ({ model, object: 'list', usage: { total_tokens: 0 }, results: [] }),
    ),
  },
  error: detailError,
});
