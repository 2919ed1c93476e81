import { AWS_CREDENTIALS, awsError, awsOwnHeaders } from '../aws.ts';
import { COHERE_ANSWER, COHERE_V2 } from '../cohere/index.ts';
import { defineDialect, post, ranking } from '../define.ts';
import type { Dialect } from '../types.ts';
import { rerank } from './rerank.ts';

/**
 * Amazon Bedrock: the agent runtime's `/rerank`, and the runtime's `/model/{id}/invoke` with a body of Cohere's or
 * Amazon's rerank models. The model is the last segment's neighbour in the path, percent-encoded as its clients do.
 */
export const bedrock: Dialect = defineDialect({
  name: 'bedrock',
  routes: [post('/rerank', 'rerank'), post('/model/{*model}/invoke', 'invoke')],
  shapes: {
    rerank,
    invoke: ranking(
      {
        ...COHERE_V2,
        documents: 'flat',
        model: 'none',
        options: { ...COHERE_V2.options, api_version: 'any', max_chunks_per_doc: 'integer' },
      },
      COHERE_ANSWER,
      () => ({ results: [] }),
    ),
  },
  responseHeaders: [
    'x-amzn-requestid',
    'x-amzn-bedrock-input-token-count',
    'x-amzn-bedrock-invocation-latency',
  ],
  credentials: AWS_CREDENTIALS,
  signing: 'bedrock',
  error: awsError,
  ownHeaders: awsOwnHeaders,
});
