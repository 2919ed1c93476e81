import { defineDialect, post, ranking } from '../define.ts';
import type { Dialect } from '../types.ts';

/** Pinecone Inference (https://docs.pinecone.io/reference/api/inference/rerank). The key is in `Api-Key`. */
export const pinecone: Dialect = defineDialect({
  name: 'pinecone',
  routes: [post('/rerank', 'rerank')],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'documents',
        documents: 'flat-object',
        model: 'required',
        topN: { name: 'top_n', zero: 'refused' },
        options: { rank_fields: 'list', return_documents: 'boolean', parameters: 'object' },
      },
      { results: 'data', score: 'score', echo: 'document' },
      ({ model }) => ({ model, data: [], usage: { rerank_units: 0 } }),
    ),
  },
  requestHeaders: ['x-pinecone-api-version'],
  responseHeaders: ['x-pinecone-api-version'],
  credentials: [{ header: 'api-key', scheme: null }],
  error: (status, code, message) => ({ error: { code, message }, status }),
});
