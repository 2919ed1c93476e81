import { API_KEY, BEARER } from '../../identity/credential.ts';
import { defineDialect, post, ranking } from '../define.ts';
import type { Dialect } from '../types.ts';

const TYPES: Readonly<Record<number, string>> = {
  400: 'parse_exception',
  401: 'security_exception',
  403: 'security_exception',
};

/**
 * Elasticsearch's rerank inference (https://www.elastic.co/docs/api, inference rerank). The model is the inference
 * endpoint's id, a segment of the path. Answers keep `x-elastic-product`, without which its client refuses them.
 */
export const elasticsearch: Dialect = defineDialect({
  name: 'elasticsearch',
  routes: [post('/_inference/rerank/{model}', 'rerank'), post('/_inference/{model}', 'rerank')],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'input',
        documents: 'string',
        lone: true,
        model: 'none',
        topN: { name: 'top_n', zero: 'refused' },
        options: { return_documents: 'boolean', task_settings: 'object' },
      },
      { results: 'rerank', score: 'relevance_score', echo: 'text', quoted: true },
      () => ({ rerank: [] }),
    ),
  },
  responseHeaders: ['x-elastic-product'],
  credentials: [API_KEY, BEARER],
  error(status, _code, reason) {
    const cause = { type: TYPES[status] ?? 'status_exception', reason };
    return { error: { root_cause: [cause], ...cause }, status };
  },
  ownHeaders: () => ['x-elastic-product', 'Elasticsearch'],
});
