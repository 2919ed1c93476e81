import { defineDialect, post, ranking } from '../define.ts';
import type { Dialect } from '../types.ts';

const STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  413: 'INVALID_ARGUMENT',
  503: 'UNAVAILABLE',
};

/**
 * Google's ranking API (https://cloud.google.com/generative-ai-app-builder/docs/ranking). Results name their record
 * by id, so every record needs one of its own.
 */
export const vertex: Dialect = defineDialect({
  name: 'vertex',
  routes: ['v1', 'v1beta', 'v1alpha'].map((version) =>
    post(`/${version}/projects/{project}/locations/{location}/rankingConfigs/{config}:rank`, 'rerank'),
  ),
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'records',
        documents: 'flat-object',
        id: 'id',
        model: 'optional',
        topN: { name: 'topN', zero: 'all' },
        options: { ignoreRecordDetailsInResponse: 'boolean', userLabels: 'object' },
      },
      { results: 'records', score: 'score', echo: { itself: true }, id: 'id' },
      () => ({ records: [] }),
    ),
  },
  error: (status, _code, message) => ({
    error: { code: status, message, status: STATUS[status] ?? 'INTERNAL' },
  }),
});
