import { asObject, asText, asTextObject, toYaml } from './documents.ts';
import { OPENAI, ranking } from './form.ts';
import { bedrock, scores, tensors, vertex } from './own.ts';
import type { Wire } from './types.ts';

export type * from './types.ts';

const M = { more: { model: 'm' } };
const ECHO = { more: { model: 'm', return_documents: true } };

/** Every dialect, in each of the ways in which its clients write documents. */
export const WIRES: readonly Wire[] = [
  ...['/rerank', '/', '/invocations'].map((path) =>
    ranking({
      dialect: 'tei',
      path,
      candidates: 'texts',
      topN: null,
      more: { return_text: true },
      results: null,
      score: 'score',
      echo: 'text',
      echoed: (document) => document,
      explanation: ['error'],
    }),
  ),
  ranking({ dialect: 'cohere-v1', path: '/v1/rerank', way: 'strings', more: { return_documents: true } }),
  ranking({
    dialect: 'cohere-v1',
    path: '/v1/rerank',
    way: 'objects',
    write: asObject,
    more: { return_documents: true },
  }),
  ranking({ dialect: 'cohere-v2', path: '/v2/rerank', ...M, echo: null }),
  ranking({ dialect: 'cohere-v2', path: '/v2/rerank', way: 'YAML', ...ECHO, write: toYaml }),
  ...['/rerank', '/v2/rerank', '/invocations'].map((path) =>
    ranking({ dialect: 'vllm', path, ...M, zeroIsAll: true, explanation: OPENAI }),
  ),
  ranking({
    dialect: 'infinity',
    path: '/rerank',
    ...ECHO,
    echoed: (document) => document,
    explanation: OPENAI,
  }),
  ranking({ dialect: 'llama-cpp', path: '/v1/rerank', ...M, echo: null, explanation: OPENAI }),
  ranking({
    dialect: 'llama-cpp',
    path: '/reranking',
    way: 'texts',
    candidates: 'texts',
    more: { return_text: true },
    results: null,
    score: 'score',
    echo: 'text',
    echoed: (document) => document,
    explanation: OPENAI,
  }),
  ranking({ dialect: 'jina', path: '/v1/rerank', way: 'strings', ...ECHO, explanation: ['detail'] }),
  ranking({
    dialect: 'jina',
    path: '/v1/rerank',
    way: 'texts',
    ...ECHO,
    write: asTextObject,
    explanation: ['detail'],
  }),
  ranking({
    dialect: 'voyage',
    path: '/v1/rerank',
    ...ECHO,
    topN: 'top_k',
    results: 'data',
    echoed: (document) => document,
    explanation: ['detail'],
  }),
  ...(
    [
      ['strings', asText],
      ['objects', asObject],
    ] as const
  ).map(([way, write]) =>
    ranking({
      dialect: 'mixedbread',
      path: '/v1/reranking',
      way,
      candidates: 'input',
      write,
      more: { model: 'm', return_input: true },
      topN: 'top_k',
      results: 'data',
      score: 'score',
      echo: 'input',
      echoed: (document) => document,
    }),
  ),
  ...(
    [
      ['texts', asTextObject],
      ['objects', asObject],
    ] as const
  ).map(([way, write]) =>
    ranking({
      dialect: 'pinecone',
      path: '/rerank',
      way,
      write,
      ...ECHO,
      results: 'data',
      score: 'score',
      explanation: OPENAI,
      credential: (token) => ['Api-Key', token],
    }),
  ),
  ranking({ dialect: 'together', path: '/v1/rerank', way: 'strings', ...ECHO, explanation: OPENAI }),
  ranking({
    dialect: 'together',
    path: '/v1/rerank',
    way: 'objects',
    ...ECHO,
    write: asObject,
    explanation: OPENAI,
  }),
  ranking({
    dialect: 'nim',
    path: '/v1/ranking',
    candidates: 'passages',
    write: asTextObject,
    query: (text) => ({ text }),
    topN: null,
    results: 'rankings',
    score: 'logit',
    echo: null,
    explanation: ['detail'],
  }),
  ranking({
    dialect: 'elasticsearch',
    path: '/_inference/rerank/m',
    candidates: 'input',
    more: { return_documents: true },
    results: 'rerank',
    echo: 'text',
    echoed: (document) => document,
    explanation: ['error', 'reason'],
    credential: (token) => ['Authorization', `ApiKey ${token}`],
  }),
  ranking({ dialect: 'openvino', path: '/v3/rerank', ...ECHO, explanation: ['error'] }),
  ranking({ dialect: 'kserve', path: '/openai/v1/rerank', ...M, zeroIsAll: true, explanation: ['error'] }),
  ranking({
    dialect: 'azure-cohere',
    path: '/providers/cohere/v2/rerank',
    ...ECHO,
    credential: (token) => ['api-key', token],
  }),
  vertex(),
  ranking({
    dialect: 'sagemaker',
    path: '/endpoints/e/invocations',
    // As vLLM reads it, which is one of its containers.
    zeroIsAll: true,
    more: { return_documents: true },
  }),
  ranking({
    dialect: 'sagemaker',
    path: '/invocations',
    way: 'texts',
    candidates: 'texts',
    topN: null,
    more: { return_text: true },
    results: null,
    score: 'score',
    echo: 'text',
    echoed: (document) => document,
  }),
  bedrock('TEXT'),
  bedrock('JSON'),
  ranking({
    dialect: 'bedrock',
    path: '/model/cohere.rerank-v3-5%3A0/invoke',
    more: { api_version: 2, return_documents: true },
  }),
  scores('/score', 'text_1', 'text_2'),
  scores('/v1/score', 'queries', 'documents'),
  tensors(),
];
