import { type JsonDocument, Kind } from '../../json/types.ts';
import { ambiguousMember, badOptional, memberNames, misread, readResult, stringMember } from '../shape.ts';
import type {
  Dialect,
  Misread,
  RankingPart,
  RequestReading,
  ResponseReading,
  ResultsPart,
  Route,
} from '../types.ts';

const RERANK = memberNames('query', 'texts', 'truncate', 'truncation_direction', 'raw_scores', 'return_text');
const VERTEX = memberNames('instances', 'parameters');

function rerank(path: string): Route {
  return { method: 'POST', path, operation: 'rerank', shape: 'rerank' };
}
function health(path: string): Route {
  return { method: 'GET', path, operation: 'health', shape: 'none' };
}

function readRanking(document: JsonDocument, object: number): RankingPart | Misread {
  if (document.kind(object) !== Kind.Object) return misread('a rerank request must be an object');
  const ambiguous = ambiguousMember(document, object, RERANK);
  if (ambiguous) return ambiguous;
  const queryToken = stringMember(document, object, 'query');
  if (queryToken === -1) return misread('query must be a string');
  const documentsToken = document.get(object, 'texts');
  if (documentsToken === -1 || document.kind(documentsToken) !== Kind.Array) {
    return misread('texts must be a list of strings');
  }
  const candidates = [...document.elements(documentsToken)];
  if (candidates.length === 0) return misread('texts must not be empty');
  if (candidates.some((token) => document.kind(token) !== Kind.String))
    return misread('texts must be strings');
  const bad =
    badOptional(document, object, 'truncate', 'boolean') ??
    badOptional(document, object, 'truncation_direction', 'string') ??
    badOptional(document, object, 'raw_scores', 'boolean') ??
    badOptional(document, object, 'return_text', 'boolean');
  return bad ?? { query: document.string(queryToken), queryToken, documentsToken, candidates };
}

function reading(parts: readonly RankingPart[]): RequestReading {
  return { ok: true, model: null, parts, topN: null, topNToken: -1 };
}

function readRequest(document: JsonDocument, route: Route): RequestReading | Misread {
  if (route.shape === 'rerank') {
    const part = readRanking(document, 0);
    return 'ok' in part ? part : reading([part]);
  }
  if (document.kind(0) !== Kind.Object) return misread('the body must be an object');
  const ambiguous = ambiguousMember(document, 0, VERTEX);
  if (ambiguous) return ambiguous;
  const instances = document.get(0, 'instances');
  if (instances === -1 || document.kind(instances) !== Kind.Array) return misread('instances must be a list');
  const parts: RankingPart[] = [];
  for (const instance of document.elements(instances)) {
    const part = readRanking(document, instance);
    if ('ok' in part) return part;
    parts.push(part);
  }
  return parts.length === 0 ? misread('instances must not be empty') : reading(parts);
}

function readResults(document: JsonDocument, token: number, sent: number): ResultsPart | Misread {
  if (token === -1 || document.kind(token) !== Kind.Array)
    return misread('results are not a list', 'UPSTREAM_SHAPE');
  const results = [];
  const seen = new Set<number>();
  for (const element of document.elements(token)) {
    const result = readResult(document, element, { score: 'score', document: 'text' }, sent, seen);
    if ('ok' in result) return result;
    results.push(result);
  }
  return { resultsToken: token, results };
}

function readResponse(
  document: JsonDocument,
  route: Route,
  sent: readonly number[],
): ResponseReading | Misread {
  let tokens = [0];
  if (route.shape === 'vertex') {
    const predictions = document.kind(0) === Kind.Object ? document.get(0, 'predictions') : -1;
    if (predictions === -1 || document.kind(predictions) !== Kind.Array) {
      return misread('predictions are not a list', 'UPSTREAM_SHAPE');
    }
    tokens = [...document.elements(predictions)];
  }
  if (tokens.length !== sent.length)
    return misread('another number of rankings than asked for', 'UPSTREAM_SHAPE');
  const parts: ResultsPart[] = [];
  for (const [place, token] of tokens.entries()) {
    const part = readResults(document, token, sent[place] ?? 0);
    if ('ok' in part) return part;
    parts.push(part);
  }
  return { ok: true, parts };
}

/** error_type is capitalised, as TEI's own (router/src/http/types.rs). */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'Validation',
  413: 'Validation',
  429: 'Overloaded',
  503: 'Overloaded',
};

/** Hugging Face Text Embeddings Inference, its rerank routes. `/predict` is not among them: it takes other facts. */
export const tei: Dialect = {
  name: 'tei',
  routes: [
    rerank('/rerank'),
    rerank('/'),
    rerank('/invocations'),
    { method: 'POST', path: '/vertex', operation: 'rerank', shape: 'vertex' },
    { method: 'GET', path: '/info', operation: 'info', shape: 'none' },
    health('/health'),
    health('/ping'),
    health('/'),
    health('/metrics'),
  ],
  requestHeaders: [],
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
  readRequest,
  readResponse,
  error: (status, _code, message) => ({ error: message, error_type: ERROR_TYPES[status] ?? 'Backend' }),
  empty: (route, _id, parts) =>
    route.shape === 'vertex'
      ? JSON.stringify({ predictions: Array.from({ length: parts }, () => []) })
      : '[]',
};
