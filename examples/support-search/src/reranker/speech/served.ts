import { isObject, isString, isStrings, type Json, json, type Reply } from '../http.ts';
import type { Scorer } from '../scorer.ts';
import { best, ranks, usageOf } from './ranking.ts';
import type { Asked, Endpoint, Ranked, Speech } from './types.ts';

const bearer = (key: string) => ['authorization', `Bearer ${key}`] as const;
const openai = (status: number, message: string): Reply =>
  json(status, { error: { message, type: 'BadRequestError', param: null, code: status } });
const plain = (status: number, message: string): Reply => json(status, { error: message });

const echoed = (asked: Asked, ranked: readonly Ranked[]) =>
  best(asked, ranked).map(({ index, score, text }) => ({
    index,
    ...(asked.echo ? { document: { text } } : {}),
    relevance_score: score,
  }));

function texts(value: Json | undefined): readonly string[] | undefined {
  if (isString(value ?? null)) return [value as string];
  return isStrings(value) && value.length > 0 ? value : undefined;
}

const SIDES = [
  ['text_1', 'text_2'],
  ['queries', 'documents'],
  ['queries', 'items'],
  ['data_1', 'data_2'],
] as const;

/** One score for each text, in the order of the texts. */
function score(body: Json, _path: readonly string[], scorer: Scorer): Reply {
  if (!isObject(body)) return openai(400, 'the body must be an object');
  const sides = SIDES.map(([left, right]) => [texts(body[left]), texts(body[right])] as const);
  const [queries, documents] = sides.find(([left, right]) => left && right) ?? [];
  if (!queries || !documents) return openai(400, 'text_1 and text_2 are required');
  if (queries.length !== 1 && queries.length !== documents.length) {
    return openai(400, 'Input lengths must be either 1:1, 1:N or N:N');
  }
  const scores =
    queries.length === 1
      ? [...scorer.rank(queries[0]!, documents)].sort((a, b) => a.index - b.index)
      : documents.map((document, at) => scorer.rank(queries[at]!, [document])[0]!);
  const data = scores.map((each, index) => ({ index, object: 'score', score: each.score }));
  return json(200, {
    id: 'score-1',
    object: 'list',
    created: 0,
    model: body['model'] ?? scorer.model,
    data,
    usage: {},
  });
}

/** Answers for texts without a query: their length stands in for what a model would find. */
function perText(value: (text: string) => Readonly<Record<string, Json>>): Endpoint['answer'] {
  return (body, _path, scorer) => {
    const input = isObject(body) ? texts(body['input']) : undefined;
    if (!isObject(body) || input === undefined) return openai(400, 'input is required');
    const data = input.map((text, index) => ({ index, ...value(text) }));
    return json(200, {
      id: 'texts-1',
      object: 'list',
      created: 0,
      model: body['model'] ?? scorer.model,
      data,
      usage: {},
    });
  };
}

function classify(text: string) {
  const long = text.length / (text.length + 100);
  return { label: long > 0.5 ? 'LONG' : 'SHORT', probs: [1 - long, long], num_classes: 2 };
}

const vllmRerank = (path: RegExp) =>
  ranks(
    {
      path,
      candidates: 'documents',
      topN: 'top_n',
      echo: 'always',
      answer: (asked, ranked) => ({
        object: 'rerank',
        id: 'rerank-1',
        model: asked.model ?? 'bm25',
        usage: { total_tokens: usageOf(asked).total_tokens },
        results: echoed(asked, ranked),
      }),
    },
    openai,
  );
const RERANK = vllmRerank(/^(?:\/v[12])?\/rerank$/);

export const vllm: Speech = {
  endpoints: [
    RERANK,
    { path: /^(?:\/v1)?\/score$/, answer: score },
    { path: /^\/classify$/, answer: perText(classify) },
    { path: /^\/pooling$/, answer: perText((text) => ({ object: 'pooling', data: [text.length] })) },
    {
      path: /^\/invocations$/,
      answer: (body, path, scorer) =>
        isObject(body) && body['query'] !== undefined
          ? RERANK.answer(body, path, scorer)
          : score(body, path, scorer),
    },
  ],
  health: ['/health', '/ping', '/version', '/load', '/metrics'],
  key: bearer,
  error: openai,
};

export const infinity: Speech = {
  endpoints: [
    ranks(
      {
        path: /^(?:\/v1)?\/rerank$/,
        candidates: 'documents',
        topN: 'top_n',
        echo: 'return_documents',
        answer: (asked, ranked) => ({
          object: 'rerank',
          results: best(asked, ranked).map(({ index, score: value, raw, text }) => ({
            relevance_score: asked.body['raw_scores'] === true ? raw : value,
            index,
            ...(asked.echo ? { document: text } : {}),
          })),
          model: asked.model ?? 'default/not-specified',
          usage: usageOf(asked),
          id: 'infinity-1',
          created: 0,
        }),
      },
      openai,
    ),
  ],
  health: ['/health', '/metrics'],
  key: bearer,
  error: (status, message) => (status === 401 ? json(status, { detail: message }) : openai(status, message)),
};

const llamaError = (status: number, message: string): Reply =>
  json(status, { error: { code: status, message, type: 'invalid_request_error' } });
const LLAMA_PATH = /^(?:\/v1)?\/rerank(?:ing)?$/;
const llamaDocuments = ranks(
  {
    path: LLAMA_PATH,
    candidates: 'documents',
    topN: 'top_n',
    answer: (asked, ranked) => ({
      model: asked.model ?? '',
      object: 'list',
      usage: usageOf(asked),
      results: best(asked, ranked).map(({ index, raw }) => ({ index, relevance_score: raw })),
    }),
  },
  llamaError,
);
const llamaTexts = ranks(
  {
    path: LLAMA_PATH,
    candidates: 'texts',
    topN: 'top_n',
    echo: 'return_text',
    answer: (asked, ranked) =>
      best(asked, ranked).map(({ index, raw, text }) => ({
        index,
        score: raw,
        ...(asked.echo ? { text } : {}),
      })),
  },
  llamaError,
);

export const llamaCpp: Speech = {
  endpoints: [
    {
      path: LLAMA_PATH,
      answer: (body, path, scorer) =>
        (isObject(body) && body['texts'] !== undefined ? llamaTexts : llamaDocuments).answer(
          body,
          path,
          scorer,
        ),
    },
  ],
  health: ['/health', '/v1/health', '/metrics'],
  key: bearer,
  error: llamaError,
};

const textIn = (value: Json | undefined) =>
  isObject(value) && isString(value['text'] ?? null) ? (value['text'] as string) : undefined;

export const nim: Speech = {
  endpoints: [/^\/v1\/ranking$/, /^\/v1\/retrieval\/(?:[^/]+\/)?[^/]+\/reranking$/].map((path) =>
    ranks(
      {
        path,
        candidates: 'passages',
        query: ({ query }) => textIn(query),
        text: textIn,
        answer: (asked, ranked) => ({
          rankings: ranked.map(({ index, raw }) => ({ index, logit: raw })),
          usage: usageOf(asked),
        }),
      },
      plain,
    ),
  ),
  health: ['/v1/health/live', '/v1/health/ready', '/v1/metrics'],
  key: bearer,
  error: plain,
};

export const openvino: Speech = {
  endpoints: [
    ranks(
      {
        path: /^\/v3\/rerank$/,
        candidates: 'documents',
        topN: 'top_n',
        echo: 'return_documents',
        needsModel: true,
        answer: (asked, ranked) => ({ results: echoed(asked, ranked) }),
      },
      plain,
    ),
  ],
  health: ['/v2/health/live', '/v2/health/ready', '/metrics'],
  key: bearer,
  error: plain,
};

function dataOf(inputs: readonly Json[], wanted: (name: string) => boolean): readonly string[] | undefined {
  const tensor = inputs.find(
    (input) => isObject(input) && isString(input['name'] ?? null) && wanted(String(input['name'])),
  );
  return isObject(tensor) ? texts(tensor['data']) : undefined;
}

/** The Open Inference Protocol, version 2. */
function infer(body: Json, [model = '', version = '1']: readonly string[], scorer: Scorer): Reply {
  const inputs = isObject(body) ? body['inputs'] : undefined;
  if (!Array.isArray(inputs)) return plain(400, 'inputs are required');
  const query = dataOf(inputs, (name) => name === 'query')?.[0];
  const documents = dataOf(inputs, (name) => name !== 'query');
  if (query === undefined || documents === undefined) return plain(400, 'inputs must be query and documents');
  const data = [...scorer.rank(query, documents)].sort((a, b) => a.index - b.index).map((each) => each.score);
  const output = { name: 'scores', shape: [data.length], datatype: 'FP32', data };
  return json(200, { model_name: model, model_version: version, outputs: [output] });
}

export const kserve: Speech = {
  endpoints: [
    vllmRerank(/^(?:\/openai)?\/v1\/rerank$/),
    { path: /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/infer$/, answer: infer },
  ],
  health: ['/v2/health/live', '/v2/health/ready', '/metrics'],
  key: bearer,
  error: plain,
};

/** A container behind SageMaker: a body with `texts` is answered as TEI does, one with `documents` as Cohere does. */
const sagemakerDocuments = ranks(
  {
    path: /./,
    candidates: 'documents',
    topN: 'top_n',
    echo: 'return_documents',
    answer: (asked, ranked) => ({
      id: 'invocation-1',
      results: best(asked, ranked).map(({ index, score: value, document }) => ({
        index,
        relevance_score: value,
        ...(asked.echo ? { document: isString(document) ? { text: document } : document } : {}),
      })),
    }),
  },
  openai,
);
const sagemakerTexts = ranks(
  {
    path: /./,
    candidates: 'texts',
    echo: 'return_text',
    answer: (asked, ranked) =>
      ranked.map(({ index, score: value, text }) => ({
        index,
        score: value,
        ...(asked.echo ? { text } : {}),
      })),
  },
  openai,
);
export const sagemaker: Speech = {
  endpoints: [
    {
      path: /^(?:\/endpoints\/[^/]+)?\/invocations$/,
      answer: (body, path, scorer) =>
        (isObject(body) && body['texts'] !== undefined ? sagemakerTexts : sagemakerDocuments).answer(
          body,
          path,
          scorer,
        ),
    },
  ],
  health: ['/ping'],
  key: bearer,
  error: (status, message) => json(status, { message }, { 'x-amzn-errortype': 'ModelError' }),
};
