import { BARE, BEARER } from '../../identity/credential.ts';
import { defineDialect, post, ranking } from '../define.ts';
import type { Dialect } from '../types.ts';

/**
 * Mixedbread's reranking API (https://www.mixedbread.com/api-reference). LangChain's client sends its key in
 * Authorization without a scheme.
 */
export const mixedbread: Dialect = defineDialect({
  name: 'mixedbread',
  routes: [post('/v1/reranking', 'rerank')],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'input',
        documents: 'flat',
        model: 'optional',
        topN: { name: 'top_k', zero: 'refused' },
        options: { rank_fields: 'list', return_input: 'boolean', rewrite_query: 'boolean' },
      },
      { results: 'data', score: 'score', echo: 'input', topN: 'top_k' },
      ({ model }) => ({
        usage: { prompt_tokens: 0, total_tokens: 0 },
        model: model ?? '',
        data: [],
        object: 'list',
        top_k: 0,
        return_input: false,
      }),
    ),
  },
  credentials: [BEARER, BARE],
  error: (_status, code, message) => ({ message, error: { message, type: code } }),
});
