import { alternativesOf, readAlternatives } from '../auto/index.ts';
import { AWS_CREDENTIALS, awsError, awsOwnHeaders } from '../aws.ts';
import { cohereV1, cohereV2 } from '../cohere/index.ts';
import { defineDialect, health, post, type Shape } from '../define.ts';
import { tei } from '../tei/index.ts';
import type { Dialect, MatchedRoute } from '../types.ts';
import { vllm } from '../vllm/index.ts';

const SPOKEN = alternativesOf([
  [tei, 'rerank'],
  [cohereV1, 'rerank'],
  [cohereV2, 'rerank'],
  [vllm, 'invocations'],
]);

/** A container speaks what it likes behind this route: its body tells. */
const invocations: Shape = {
  readRequest(document, route) {
    const reading = readAlternatives(document, SPOKEN);
    if (!reading.ok) return reading;
    const { dialect, route: spoken } = reading.matched;
    const own: MatchedRoute = {
      // Its errors and header fields stay those of the endpoint; only the bodies are the container's.
      dialect: { ...dialect, ...ENDPOINT },
      route: {
        ...spoken,
        method: route.method,
        path: route.path,
        ...(route.params && { params: route.params }),
      },
    };
    return { ...reading, matched: own };
  },
  readResponse: () => ({ ok: false, code: 'INTERNAL', message: 'read by the dialect that the body was of' }),
  empty: () => ({}),
};

const ENDPOINT = {
  name: 'sagemaker',
  requestHeaders: [
    'x-amzn-sagemaker-target-variant',
    'x-amzn-sagemaker-target-model',
    'x-amzn-sagemaker-inference-id',
  ],
  responseHeaders: ['x-amzn-requestid', 'x-amzn-invoked-production-variant'],
  credentials: AWS_CREDENTIALS,
  signing: 'sagemaker',
  error: awsError,
  ownHeaders: awsOwnHeaders,
} as const;

/**
 * Amazon SageMaker's endpoints (API_runtime_InvokeEndpoint in the SageMaker API reference) and, in a pod, the route
 * that its containers serve. Bodies of TEI, Cohere and vLLM are taken.
 */
export const sagemaker: Dialect = defineDialect({
  ...ENDPOINT,
  routes: [
    post('/endpoints/{endpoint}/invocations', 'invocations'),
    post('/invocations', 'invocations'),
    health('/ping'),
  ],
  shapes: { invocations },
});
