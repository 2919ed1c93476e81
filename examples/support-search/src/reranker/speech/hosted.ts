import { randomUUID } from 'node:crypto';
import { isObject, isString, type Json, type JsonObject, json, type Reply } from '../http.ts';
import { best, type RankingForm, ranks, usageOf } from './ranking.ts';
import type { Asked, Ranked, Speech } from './types.ts';

const bearer = (key: string) => ['authorization', `Bearer ${key}`] as const;
const detail = (status: number, message: string): Reply => json(status, { detail: message });
const openai = (status: number, message: string): Reply =>
  json(status, { error: { message, type: 'invalid_request_error', param: null, code: status } });

function speech(
  form: Omit<RankingForm, 'path'>,
  paths: readonly RegExp[],
  error: Speech['error'],
  key: Speech['key'] = bearer,
): Speech {
  return { endpoints: paths.map((path) => ranks({ ...form, path }, error)), health: [], key, error };
}

/** `{index, relevance_score}` with the document as an object, where it is asked for. */
const cohereResults = (asked: Asked, ranked: readonly Ranked[]) =>
  best(asked, ranked).map(({ index, score, document }) => ({
    index,
    relevance_score: score,
    ...(asked.echo ? { document: isString(document) ? { text: document } : document } : {}),
  }));

export const jina = speech(
  {
    candidates: 'documents',
    topN: 'top_n',
    echo: 'return_documents',
    needsModel: true,
    answer: (asked, ranked) => ({
      model: asked.model,
      object: 'list',
      usage: { total_tokens: usageOf(asked).total_tokens },
      results: cohereResults(asked, ranked),
    }),
  },
  [/^\/v1\/rerank$/],
  detail,
);

export const voyage = speech(
  {
    candidates: 'documents',
    topN: 'top_k',
    echo: 'return_documents',
    needsModel: true,
    answer: (asked, ranked) => ({
      object: 'list',
      data: best(asked, ranked).map(({ index, score, text }) => ({
        relevance_score: score,
        index,
        ...(asked.echo ? { document: text } : {}),
      })),
      model: asked.model,
      usage: { total_tokens: usageOf(asked).total_tokens },
    }),
  },
  [/^\/v1\/rerank$/],
  detail,
);

export const together = speech(
  {
    candidates: 'documents',
    topN: 'top_n',
    echo: 'return_documents',
    needsModel: true,
    answer: (asked, ranked) => ({
      object: 'rerank',
      id: randomUUID(),
      model: asked.model,
      results: cohereResults(asked, ranked),
      usage: { completion_tokens: 0, ...usageOf(asked) },
    }),
  },
  [/^\/v1\/rerank$/],
  openai,
);

export const mixedbread = speech(
  {
    candidates: 'input',
    topN: 'top_k',
    echo: 'return_input',
    answer: (asked, ranked) => ({
      usage: usageOf(asked),
      model: asked.model ?? 'mixedbread-ai/mxbai-rerank-large-v2',
      data: best(asked, ranked).map(({ index, score, document }) => ({
        index,
        score,
        ...(asked.echo ? { input: document } : {}),
        object: 'rank_result',
      })),
      object: 'list',
      top_k: asked.topN,
      return_input: asked.echo,
    }),
  },
  [/^\/v1\/reranking$/],
  (status, message) => json(status, { message }),
);

export const pinecone = speech(
  {
    candidates: 'documents',
    topN: 'top_n',
    echo: 'return_documents',
    needsModel: true,
    answer: (asked, ranked) => ({
      model: asked.model,
      data: best(asked, ranked).map(({ index, score, document }) => ({
        index,
        score,
        ...(asked.echo ? { document } : {}),
      })),
      usage: { rerank_units: 1 },
    }),
  },
  [/^\/rerank$/],
  (status, message) => json(status, { error: { code: 'INVALID_ARGUMENT', message }, status }),
  (key) => ['api-key', key],
);

export const azureCohere = speech(
  {
    candidates: 'documents',
    topN: 'top_n',
    echo: 'return_documents',
    answer: (asked, ranked) => ({ id: randomUUID(), results: cohereResults(asked, ranked), meta: {} }),
  },
  [/^\/v1\/rerank$/, /^\/v2\/rerank$/, /^\/providers\/cohere\/v2\/rerank$/],
  (status, message) => json(status, { error: { code: String(status), message } }),
  (key) => ['api-key', key],
);

const elasticError = (status: number, reason: string): Reply => {
  const cause = { type: 'status_exception', reason };
  return json(status, { error: { root_cause: [cause], ...cause }, status }, ELASTIC);
};
const ELASTIC = { 'x-elastic-product': 'Elasticsearch' };

export const elasticsearch = speech(
  {
    candidates: 'input',
    topN: 'top_n',
    echo: 'return_documents',
    headers: ELASTIC,
    model: (_body, [id]) => id,
    answer: (asked, ranked) => ({
      rerank: best(asked, ranked).map(({ index, score, text }) => ({
        index,
        relevance_score: score,
        ...(asked.echo ? { text } : {}),
      })),
    }),
  },
  [/^\/_inference\/rerank\/([^/]+)$/, /^\/_inference\/([^/]+)$/],
  elasticError,
  (key) => ['authorization', `ApiKey ${key}`],
);

export const vertex = speech(
  {
    candidates: 'records',
    topN: 'topN',
    text: (record) =>
      isObject(record) ? [record['title'], record['content']].filter(Boolean).join('\n') : undefined,
    answer: (asked, ranked) => ({
      records: best(asked, ranked).map(({ document, score }) => {
        const { id = '', ...details } = document as JsonObject;
        return asked.body['ignoreRecordDetailsInResponse'] === true
          ? { id, score }
          : { id, ...details, score };
      }),
    }),
  },
  [/^\/v1(?:alpha|beta)?\/projects\/[^/]+\/locations\/[^/]+\/rankingConfigs\/[^/:]+:rank$/],
  (status, message) => json(status, { error: { code: status, message, status: 'INVALID_ARGUMENT' } }),
);

const aws = (status: number, message: string): Reply =>
  json(status, { message }, { 'x-amzn-errortype': 'ValidationException' });

/** The member at a path of names, or undefined. */
function at(value: Json | undefined, ...names: readonly string[]): Json | undefined {
  return names.reduce<Json | undefined>((found, name) => (isObject(found) ? found[name] : undefined), value);
}
const SETTINGS = ['rerankingConfiguration', 'bedrockRerankingConfiguration'];

function bedrockText(source: Json): string | undefined {
  const text = at(source, 'inlineDocumentSource', 'textDocument', 'text');
  if (isString(text ?? null)) return text as string;
  const document = at(source, 'inlineDocumentSource', 'jsonDocument');
  return document === undefined ? undefined : JSON.stringify(document);
}

export const bedrock: Speech = {
  endpoints: [
    ranks(
      {
        path: /^\/rerank$/,
        candidates: 'sources',
        query: ({ queries }) => (Array.isArray(queries) ? at(queries[0], 'textQuery', 'text') : undefined),
        text: bedrockText,
        model: (body) => at(body, ...SETTINGS, 'modelConfiguration', 'modelArn'),
        needsModel: true,
        readTopN: (body) => at(body, ...SETTINGS, 'numberOfResults'),
        answer: (asked, ranked) => ({
          results: best(asked, ranked).map(({ index, score, document }) => ({
            index,
            relevanceScore: score,
            document: at(document, 'inlineDocumentSource') ?? null,
          })),
        }),
      },
      aws,
    ),
    ranks(
      {
        path: /^\/model\/([^/]+)\/invoke$/,
        candidates: 'documents',
        topN: 'top_n',
        echo: 'return_documents',
        model: (_body, [id]) => decodeURIComponent(id ?? ''),
        answer: (asked, ranked) => ({ results: cohereResults(asked, ranked) }),
      },
      aws,
    ),
  ],
  health: [],
  key: bearer,
  error: aws,
};
