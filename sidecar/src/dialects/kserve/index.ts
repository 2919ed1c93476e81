import { COHERE_ANSWER } from '../cohere/index.ts';
import { defineDialect, health, info, post, ranking } from '../define.ts';
import { plainError } from '../errors.ts';
import { modelList } from '../served.ts';
import type { Dialect, Route } from '../types.ts';
import { VLLM } from '../vllm/index.ts';
import { infer } from './infer.ts';

const inOrder = (path: string): Route => ({ ...post(path, 'infer'), order: 'given' });

/**
 * KServe: its rerank endpoint, by default under `/openai`, and the Open Inference Protocol v2 with tensors as JSON.
 * Models are loaded and unloaded over other routes, which are not among these.
 */
export const kserve: Dialect = defineDialect({
  name: 'kserve',
  served: modelList('/openai/v1/models'),
  routes: [
    post('/openai/v1/rerank', 'rerank'),
    post('/v1/rerank', 'rerank'),
    inOrder('/v2/models/{model}/infer'),
    inOrder('/v2/models/{model}/versions/{version}/infer'),
    info('/openai/v1/models'),
    info('/v2/models/{model}'),
    info('/v2/models/{model}/versions/{version}'),
    health('/v2/models/{model}/ready'),
    health('/v2/models/{model}/versions/{version}/ready'),
    health('/v2/health/live'),
    health('/v2/health/ready'),
    health('/metrics'),
  ],
  shapes: {
    rerank: ranking(
      { ...VLLM, options: { ...VLLM.options, rank_fields: 'list' } },
      COHERE_ANSWER,
      ({ requestId, model }) => ({
        object: 'rerank',
        id: requestId,
        model,
        usage: { prompt_tokens: 0, total_tokens: 0 },
        results: [],
      }),
    ),
    infer,
  },
  error: plainError,
});
