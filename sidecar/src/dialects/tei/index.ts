import { type JsonDocument, Kind } from '../../json/types.ts';
import { defineDialect, health, info, post, ranking, type Shape } from '../define.ts';
import { type AnswerFormat, compileFormat, type RequestFormat, readRanking, readResults } from '../format.ts';
import { TEI_INFO } from '../served.ts';
import { ambiguousMember, memberNames, misread } from '../shape.ts';
import type { Dialect, Misread, RankingPart, RequestReading, ResultsPart, SentPart } from '../types.ts';

export const TEI: RequestFormat = {
  query: 'string',
  candidates: 'texts',
  documents: 'string',
  model: 'none',
  options: {
    truncate: 'boolean',
    truncation_direction: 'string',
    raw_scores: 'boolean',
    return_text: 'boolean',
  },
};
export const TEI_ANSWER: AnswerFormat = { results: null, score: 'score', echo: 'text' };

const FORMAT = compileFormat(TEI);
const VERTEX = memberNames('instances', 'parameters');

/** Several rankings in one call: `{instances: […]}`, answered by `{predictions: […]}`. */
const vertex: Shape = {
  readRequest(document): RequestReading | Misread {
    if (document.kind(0) !== Kind.Object) return misread('the body must be an object');
    const ambiguous = ambiguousMember(document, 0, VERTEX);
    if (ambiguous) return ambiguous;
    const instances = document.get(0, 'instances');
    if (instances === -1 || document.kind(instances) !== Kind.Array) {
      return misread('instances must be a list');
    }
    const parts: RankingPart[] = [];
    for (const instance of document.elements(instances)) {
      const part = readRanking(document, instance, FORMAT);
      if ('ok' in part) return part;
      parts.push(part);
    }
    if (parts.length === 0) return misread('instances must not be empty');
    return { ok: true, model: null, parts, topN: null, topNToken: -1, members: VERTEX.known };
  },
  readResponse(document, sent) {
    const predictions = document.kind(0) === Kind.Object ? document.get(0, 'predictions') : -1;
    if (predictions === -1 || document.kind(predictions) !== Kind.Array) {
      return misread('predictions are not a list', 'UPSTREAM_SHAPE');
    }
    const parts = readPredictions(document, [...document.elements(predictions)], sent);
    return 'ok' in parts ? parts : { ok: true, parts };
  },
  empty: ({ parts }) => ({ predictions: Array.from({ length: parts }, () => []) }),
};

function readPredictions(
  document: JsonDocument,
  tokens: readonly number[],
  sent: readonly SentPart[],
): ResultsPart[] | Misread {
  if (tokens.length !== sent.length) {
    return misread('another number of rankings than asked for', 'UPSTREAM_SHAPE');
  }
  const parts: ResultsPart[] = [];
  for (const [place, token] of tokens.entries()) {
    const part = readResults(document, token, TEI_ANSWER, sent[place]!);
    if ('ok' in part) return part;
    parts.push(part);
  }
  return parts;
}

/** error_type is capitalised, as TEI's own (router/src/http/types.rs). */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'Validation',
  413: 'Validation',
  429: 'Overloaded',
  503: 'Overloaded',
};

/** Hugging Face Text Embeddings Inference, its rerank routes. `/predict` is not among them: it takes other facts. */
export const tei: Dialect = defineDialect({
  name: 'tei',
  served: TEI_INFO,
  routes: [
    post('/rerank', 'rerank'),
    post('/', 'rerank'),
    post('/invocations', 'rerank'),
    post('/vertex', 'vertex'),
    info('/info'),
    health('/health'),
    health('/ping'),
    health('/'),
    health('/metrics'),
  ],
  shapes: { rerank: ranking(TEI, TEI_ANSWER, () => []), vertex },
  responseHeaders: [
    'x-compute-type',
    'x-compute-time',
    'x-compute-characters',
    'x-compute-tokens',
    'x-total-time',
    'x-tokenization-time',
    'x-queue-time',
    'x-inference-time',
  ],
  error: (status, _code, message) => ({ error: message, error_type: ERROR_TYPES[status] ?? 'Backend' }),
});
