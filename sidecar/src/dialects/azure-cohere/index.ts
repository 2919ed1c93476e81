import { BEARER } from '../../identity/credential.ts';
import { COHERE_REQUEST_HEADERS, COHERE_RESPONSE_HEADERS, cohereShape } from '../cohere/index.ts';
import { defineDialect, post } from '../define.ts';
import type { Dialect } from '../types.ts';

/** Cohere's rerankers as Azure serves them: the model is the deployment's name, the key may be in `api-key`. */
export const azureCohere: Dialect = defineDialect({
  name: 'azure-cohere',
  routes: [post('/v1/rerank', 'v1'), post('/v2/rerank', 'v2'), post('/providers/cohere/v2/rerank', 'v2')],
  shapes: { v1: cohereShape(1), v2: cohereShape(2) },
  requestHeaders: COHERE_REQUEST_HEADERS,
  responseHeaders: COHERE_RESPONSE_HEADERS,
  credentials: [{ header: 'api-key', scheme: null }, BEARER],
  error: (_status, code, message) => ({ message, error: { code, message } }),
});
