import { type JsonDocument, Kind } from '../../json/types.ts';
import type { Shape } from '../define.ts';
import { ambiguousMember, badOptional, memberNames, misread, optional, readResult } from '../shape.ts';
import type { Misread, RankingPart, ResultReading, ResultsPart, SentPart } from '../types.ts';

/** The names under which a score request may put its two sides; each pair is a whole set of its own. */
const PAIRS = [
  ['text_1', 'text_2'],
  ['queries', 'documents'],
  ['queries', 'items'],
  ['data_1', 'data_2'],
] as const;
const OPTIONS = ['model', 'truncate_prompt_tokens', 'use_activation', 'activation', 'priority', 'user'];
const MEMBERS = PAIRS.map((pair) => memberNames(...pair, ...OPTIONS));

/** One text, or a list of them. */
function readTexts(document: JsonDocument, token: number, name: string): readonly number[] | Misread {
  if (document.kind(token) === Kind.String) return [token];
  const tokens = document.kind(token) === Kind.Array ? [...document.elements(token)] : [];
  return tokens.length > 0 && tokens.every((element) => document.kind(element) === Kind.String)
    ? tokens
    : misread(`${name} must be a string or a list of strings`);
}

function partsOf(
  document: JsonDocument,
  queries: readonly number[],
  documentsToken: number,
  candidates: readonly number[],
): RankingPart[] | Misread {
  const part = (queryToken: number, tokens: readonly number[]): RankingPart => ({
    query: document.string(queryToken),
    queryToken,
    documentsToken,
    candidates: tokens,
  });
  if (queries.length === 1) return [part(queries[0]!, candidates)];
  return queries.length === candidates.length
    ? queries.map((query, place) => part(query, [candidates[place]!]))
    : misread('there must be one query, or as many as documents');
}

/** Reads `data`: one result for each candidate, in their order. Other results would be scores without a document. */
export function readInOrder(
  document: JsonDocument,
  sent: readonly SentPart[],
  score: string | null,
): { ok: true; parts: ResultsPart[] } | Misread {
  const data = document.kind(0) === Kind.Object ? document.get(0, 'data') : -1;
  if (data === -1 || document.kind(data) !== Kind.Array)
    return misread('data is not a list', 'UPSTREAM_SHAPE');
  const tokens = [...document.elements(data)];
  const total = sent.reduce((sum, { count }) => sum + count, 0);
  if (tokens.length !== total) return misread('another number of results than texts', 'UPSTREAM_SHAPE');
  const results: ResultReading[] = [];
  const seen = new Set<number>();
  for (const [place, token] of tokens.entries()) {
    const result = readResult(document, token, { score, echo: 'document' }, { count: total }, seen);
    if ('ok' in result) return result;
    if (result.index !== place)
      return misread('the results are not in the order of the texts', 'UPSTREAM_SHAPE');
    results.push(result);
  }
  let next = 0;
  const parts = sent.map(({ count }) => {
    const own = results
      .slice(next, next + count)
      .map((result, index) => ({ ...result, index, indexToken: -1 }));
    next += count;
    return { resultsToken: data, results: own, positional: true };
  });
  return { ok: true, parts };
}

export const EMPTY_DATA = {
  object: 'list',
  created: 0,
  data: [],
  usage: { prompt_tokens: 0, total_tokens: 0 },
};

/** One query with many documents, or as many queries as documents. */
export const score: Shape = {
  readRequest(document) {
    if (document.kind(0) !== Kind.Object) return misread('a score request must be an object');
    const has = (name: string) => document.get(0, name) !== -1;
    const chosen = PAIRS.findIndex(([left, right]) => has(left) && has(right));
    if (chosen === -1)
      return misread('a score request must have queries and documents, or text_1 and text_2');
    const [left, right] = PAIRS[chosen]!;
    const members = MEMBERS[chosen]!;
    const ambiguous = ambiguousMember(document, 0, members) ?? badOptional(document, 0, 'model', 'string');
    if (ambiguous) return ambiguous;
    const queries = readTexts(document, document.get(0, left), left);
    if ('ok' in queries) return queries;
    const documentsToken = document.get(0, right);
    const candidates = readTexts(document, documentsToken, right);
    if ('ok' in candidates) return candidates;
    const parts = partsOf(document, queries, documentsToken, candidates);
    if ('ok' in parts) return parts;
    const modelToken = optional(document, 0, 'model');
    const model = modelToken === -1 ? null : document.string(modelToken);
    return { ok: true, model, parts, topN: null, topNToken: -1, members: members.known };
  },
  readResponse: (document, sent) => readInOrder(document, sent, 'score'),
  empty: ({ requestId, model }) => ({ id: `score-${requestId}`, model, ...EMPTY_DATA }),
};

const INPUT = memberNames(
  'input',
  'truncate_prompt_tokens',
  'use_activation',
  'activation',
  'priority',
  'user',
  'model',
  'add_special_tokens',
  'encoding_format',
  'dimensions',
  'normalize',
  'task',
);

/** Texts without a query, each answered in its place. Tokens and chat messages are refused: no policy reads them. */
export const texts: Shape = {
  readRequest(document) {
    if (document.kind(0) !== Kind.Object) return misread('the body must be an object');
    const ambiguous = ambiguousMember(document, 0, INPUT) ?? badOptional(document, 0, 'model', 'string');
    if (ambiguous) return ambiguous;
    const documentsToken = document.get(0, 'input');
    if (documentsToken === -1) return misread('input must be a string or a list of strings');
    const candidates = readTexts(document, documentsToken, 'input');
    if ('ok' in candidates) return candidates;
    const modelToken = optional(document, 0, 'model');
    return {
      ok: true,
      model: modelToken === -1 ? null : document.string(modelToken),
      parts: [{ query: null, queryToken: -1, documentsToken, candidates }],
      topN: null,
      topNToken: -1,
      members: INPUT.known,
    };
  },
  readResponse: (document, sent) => readInOrder(document, sent, null),
  empty: ({ requestId, model }) => ({ id: `texts-${requestId}`, model, ...EMPTY_DATA }),
};
