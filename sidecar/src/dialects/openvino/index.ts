import { COHERE_ANSWER } from '../cohere/index.ts';
import { defineDialect, health, info, post, ranking } from '../define.ts';
import { plainError } from '../errors.ts';
import type { Dialect } from '../types.ts';

/** OpenVINO Model Server's rerank endpoint (https://docs.openvino.ai, model server REST API, rerank). */
export const openvino: Dialect = defineDialect({
  name: 'openvino',
  routes: [
    post('/v3/rerank', 'rerank'),
    info('/v1/config'),
    health('/v2/health/live'),
    health('/v2/health/ready'),
    health('/metrics'),
  ],
  shapes: {
    rerank: ranking(
      {
        query: 'string',
        candidates: 'documents',
        documents: 'string',
        model: 'required',
        topN: { name: 'top_n', zero: 'refused' },
        options: { return_documents: 'boolean', max_chunks_per_doc: 'integer', rank_fields: 'list' },
      },
      COHERE_ANSWER,
      () => ({ results: [] }),
    ),
  },
  error: plainError,
});
