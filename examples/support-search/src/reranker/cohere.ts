import { randomUUID } from 'node:crypto';
import {
  isBoolean,
  isCount,
  isObject,
  isString,
  isStrings,
  type Json,
  type JsonObject,
  json,
  optional,
  type Reply,
} from './http.ts';
import type { Scorer } from './scorer.ts';

/** Cohere's rerank API, versions 1 and 2 (docs.cohere.com/v1/reference/rerank and /reference/rerank). */
export interface CohereOptions {
  readonly scorer: Scorer;
}

/** Documents times chunks of one call (docs.cohere.com/v1/reference/rerank). */
const MAX_CHUNKS = 10_000;
/** One search unit is a query with up to this many documents (cohere.com/pricing). */
const DOCUMENTS_PER_UNIT = 100;

/** Cohere's error shape. */
export function cohereError(status: number, message: string): Reply {
  return json(status, { message });
}

const invalid = (message: string) => cohereError(400, `invalid request: ${message}`);

interface Common {
  readonly query: string;
  readonly documents: readonly Json[];
  readonly topN: number;
}

function isReply(value: object): value is Reply {
  return 'status' in value;
}

function readCommon(body: Json): (Common & { body: JsonObject }) | Reply {
  if (!isObject(body)) return invalid('the body must be an object');
  const { query, documents } = body;
  if (query === undefined || query === null || query === '') return invalid('query must not be empty');
  if (!isString(query)) return invalid('query must be a string');
  if (!Array.isArray(documents)) return invalid('documents must be a list');
  if (documents.length === 0) return invalid('list of documents must not be empty');
  if (documents.length > MAX_CHUNKS)
    return invalid(`too many documents: ${documents.length} > ${MAX_CHUNKS}`);
  const topN = optional(body['top_n'], isCount);
  if (topN === undefined || topN === 0) return invalid('top_n must be a positive integer');
  return { body, query, documents, topN: Math.min(topN ?? documents.length, documents.length) };
}

/** The text that v1 ranks: the string, or the ranked fields one after another. */
function rankedText(document: Json, rankFields: readonly string[] | null, index: number): string | Reply {
  if (isString(document)) return document;
  if (!isObject(document)) return invalid(`document at index ${index} must be a string or an object`);
  for (const [name, value] of Object.entries(document)) {
    if (!isString(value)) return invalid(`document at index ${index}: field "${name}" must be a string`);
  }
  const names = rankFields ?? ['text'];
  const found = names.filter((name) => Object.hasOwn(document, name));
  if (found.length === 0)
    return invalid(`document at index ${index} has none of the fields ${names.join(', ')}`);
  return found.map((name) => document[name]).join('\n');
}

function readV1(body: Json): (Common & { texts: readonly string[]; echo: boolean }) | Reply {
  const call = readCommon(body);
  if (isReply(call)) return call;
  const model = optional(call.body['model'], isString);
  if (model === undefined) return invalid('model must be a string');
  const rankFields = optional(
    call.body['rank_fields'],
    isStrings as (value: Json) => value is readonly string[],
  );
  if (rankFields === undefined) return invalid('rank_fields must be a list of strings');
  const echo = optional(call.body['return_documents'], isBoolean);
  if (echo === undefined) return invalid('return_documents must be a boolean');
  const chunks = optional(call.body['max_chunks_per_doc'], isCount);
  if (chunks === undefined || chunks === 0) return invalid('max_chunks_per_doc must be a positive integer');
  if ((chunks ?? 1) * call.documents.length > MAX_CHUNKS) {
    return invalid(`documents times max_chunks_per_doc must be at most ${MAX_CHUNKS}`);
  }
  const texts: string[] = [];
  for (const [index, document] of call.documents.entries()) {
    const value = rankedText(document, rankFields, index);
    if (typeof value !== 'string') return value;
    texts.push(value);
  }
  return { ...call, texts, echo: echo ?? false };
}

function readV2(body: Json): (Common & { texts: readonly string[] }) | Reply {
  if (isObject(body) && !(isString(body['model'] ?? null) && body['model'] !== '')) {
    return invalid('model is required');
  }
  const call = readCommon(body);
  if (isReply(call)) return call;
  for (const name of ['max_tokens_per_doc', 'priority']) {
    if (optional(call.body[name], isCount) === undefined) return invalid(`${name} must be an integer`);
  }
  if (!isStrings(call.documents)) return invalid('documents must be a list of strings');
  return { ...call, texts: call.documents };
}

function meta(version: string, documents: number) {
  return {
    api_version: { version },
    billed_units: { search_units: Math.ceil(documents / DOCUMENTS_PER_UNIT) },
  };
}

export function createCohere({ scorer }: CohereOptions) {
  function ranked(call: Common & { texts: readonly string[] }) {
    return scorer.rank(call.query, call.texts).slice(0, call.topN);
  }

  return {
    /** POST /v1/rerank: strings or objects of strings; echoes the whole document on request. */
    v1(body: Json): Reply {
      const call = readV1(body);
      if (isReply(call)) return call;
      const results = ranked(call).map(({ index, score }) => {
        const document = call.documents[index]!;
        const echo = isString(document) ? { text: document } : document;
        return { ...(call.echo ? { document: echo } : {}), index, relevance_score: score };
      });
      return json(200, { id: randomUUID(), results, meta: meta('1', call.documents.length) });
    },
    /** POST /v2/rerank: strings only, the model is required, documents are never echoed. */
    v2(body: Json): Reply {
      const call = readV2(body);
      if (isReply(call)) return call;
      const results = ranked(call).map(({ index, score }) => ({ index, relevance_score: score }));
      return json(200, { id: randomUUID(), results, meta: meta('2', call.documents.length) });
    },
  };
}
