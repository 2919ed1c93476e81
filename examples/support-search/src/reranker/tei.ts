import {
  isBoolean,
  isObject,
  isString,
  isStrings,
  type Json,
  type JsonObject,
  json,
  optional,
  type Reply,
  text,
} from './http.ts';
import type { Score, Scorer } from './scorer.ts';

/**
 * The reranker's side of Text Embeddings Inference 1.9 (router/src/http/server.rs of
 * github.com/huggingface/text-embeddings-inference): shapes, statuses and headers are TEI's.
 */
export interface TeiOptions {
  readonly scorer: Scorer;
  /** Most texts in one call; more are 422. */
  readonly maxClientBatchSize: number;
  /** Most words in query and text together; longer texts are cut, or refused with `truncate: false`. */
  readonly maxInputLength: number;
}

type ErrorType = 'Empty' | 'Validation';
const STATUS: Readonly<Record<ErrorType, number>> = { Empty: 400, Validation: 422 };

interface RerankCall {
  readonly query: string;
  readonly texts: readonly string[];
  readonly truncate: boolean;
  readonly fromLeft: boolean;
  readonly raw: boolean;
  readonly echo: boolean;
}

type Outcome = { readonly ok: true; readonly value: Json; readonly texts: readonly string[] } | Refusal;
interface Refusal {
  readonly ok: false;
  readonly reply: Reply;
}

function refuse(type: ErrorType, error: string): Refusal {
  return { ok: false, reply: json(STATUS[type], { error, error_type: type }) };
}

/** What axum answers when a JSON body has another shape than the route takes. */
export function misshapen(detail: string): Reply {
  return text(422, `Failed to deserialize the JSON body into the target type: ${detail}`);
}

function missing(member: string): Refusal {
  return { ok: false, reply: misshapen(`missing or mistyped field \`${member}\``) };
}

function readOptions(body: JsonObject): Omit<RerankCall, 'query' | 'texts' | 'echo'> | Refusal {
  const truncate = optional(body['truncate'], isBoolean);
  if (truncate === undefined) return missing('truncate');
  const direction = body['truncation_direction'] ?? 'right';
  if (!isString(direction) || !['left', 'Left', 'right', 'Right'].includes(direction)) {
    return missing('truncation_direction');
  }
  const raw = body['raw_scores'] ?? false;
  if (!isBoolean(raw)) return missing('raw_scores');
  return { truncate: truncate ?? true, fromLeft: direction.toLowerCase() === 'left', raw };
}

function readRerank(body: Json): RerankCall | Refusal {
  if (!isObject(body)) return { ok: false, reply: misshapen('expected struct RerankRequest') };
  const { query, texts } = body;
  if (query === undefined || !isString(query as Json)) return missing('query');
  if (!isStrings(texts)) return missing('texts');
  const options = readOptions(body);
  if ('ok' in options) return options;
  const echo = body['return_text'] ?? false;
  if (!isBoolean(echo)) return missing('return_text');
  return { query: query as string, texts, echo, ...options };
}

/** The pairs of a `/predict` body and whether it held one input or a batch; a lone string has no query. */
function readPairs(inputs: Json | undefined): { pairs: [string, string][]; single: boolean } | undefined {
  if (typeof inputs === 'string') return { pairs: [['', inputs]], single: true };
  if (!Array.isArray(inputs) || inputs.length === 0) return undefined;
  if (isStrings(inputs)) {
    if (inputs.length > 2) return undefined;
    return { pairs: [inputs.length === 2 ? [inputs[0]!, inputs[1]!] : ['', inputs[0]!]], single: true };
  }
  const pairs: [string, string][] = [];
  for (const entry of inputs as readonly Json[]) {
    if (!isStrings(entry) || entry.length < 1 || entry.length > 2) return undefined;
    pairs.push(entry.length === 2 ? [entry[0]!, entry[1]!] : ['', entry[0]!]);
  }
  return { pairs, single: false };
}

function countWords(value: string): number {
  return value.match(/\S+/g)?.length ?? 0;
}

export function createTei({ scorer, maxClientBatchSize, maxInputLength }: TeiOptions) {
  /** The texts as the model may see them, or the refusal of one that is too long. */
  function fit(call: Pick<RerankCall, 'truncate' | 'fromLeft'>, query: string, texts: readonly string[]) {
    if (scorer.name === 'fixed') return texts;
    const room = Math.max(1, maxInputLength - countWords(query));
    const fitted: string[] = [];
    for (const value of texts) {
      const words = value.length > room ? (value.match(/\S+/g) ?? []) : [];
      if (words.length <= room) fitted.push(value);
      else if (call.truncate)
        fitted.push((call.fromLeft ? words.slice(-room) : words.slice(0, room)).join(' '));
      else {
        const given = words.length + countWords(query);
        return refuse(
          'Validation',
          `\`inputs\` must have less than ${maxInputLength} tokens. Given: ${given}`,
        );
      }
    }
    return fitted;
  }

  function checkBatch(size: number): Refusal | undefined {
    if (size <= maxClientBatchSize) return undefined;
    return refuse('Validation', `batch size ${size} > maximum allowed batch size ${maxClientBatchSize}`);
  }

  function rerankOne(body: Json): Outcome {
    const call = readRerank(body);
    if ('ok' in call) return call;
    if (call.texts.length === 0) return refuse('Empty', '`texts` cannot be empty');
    const tooMany = checkBatch(call.texts.length);
    if (tooMany) return tooMany;
    const texts = fit(call, call.query, call.texts);
    if ('ok' in texts) return texts;
    const value = scorer.rank(call.query, texts).map((one) => ({
      index: one.index,
      ...(call.echo ? { text: call.texts[one.index]! } : {}),
      score: call.raw ? one.raw : one.score,
    }));
    return { ok: true, value, texts: [call.query, ...call.texts] };
  }

  /** One score for each pair, in the caller's order. */
  function scorePairs(
    options: Pick<RerankCall, 'truncate' | 'fromLeft'>,
    pairs: readonly (readonly [string, string])[],
  ): readonly Score[] | Refusal {
    // The texts of one query are ranked together, as /rerank would rank them.
    const groups = new Map<string, { value: string; index: number }[]>();
    for (const [index, [query, value]] of pairs.entries()) {
      const group = groups.get(query) ?? [];
      group.push({ value, index });
      groups.set(query, group);
    }
    const scores: Score[] = [];
    for (const [query, group] of groups) {
      const values = group.map((pair) => pair.value);
      const texts = fit(options, query, values);
      if ('ok' in texts) return texts;
      for (const one of scorer.rank(query, texts)) scores[group[one.index]!.index] = one;
    }
    return scores;
  }

  function predictOne(body: Json): Outcome {
    if (!isObject(body)) return { ok: false, reply: misshapen('expected struct PredictRequest') };
    const read = readPairs(body['inputs']);
    if (!read) return missing('inputs');
    const options = readOptions(body);
    if ('ok' in options) return options;
    const tooMany = checkBatch(read.pairs.length);
    if (tooMany) return tooMany;
    const scores = scorePairs(options, read.pairs);
    if ('ok' in scores) return scores;
    const value = scores.map((one) => [{ score: options.raw ? one.raw : one.score, label: 'LABEL_0' }]);
    return { ok: true, value: read.single ? value[0]! : value, texts: read.pairs.flat() };
  }

  function answer(body: Json, operation: (body: Json) => Outcome): Reply {
    const startedAt = performance.now();
    const outcome = operation(body);
    return outcome.ok ? json(200, outcome.value, costHeaders(outcome.texts, startedAt)) : outcome.reply;
  }

  return {
    rerank: (body: Json): Reply => answer(body, rerankOne),
    predict: (body: Json): Reply => answer(body, predictOne),
    /** `{instances: […]}`, each a rerank or predict body, answered together or not at all. */
    vertex(body: Json): Reply {
      const instances = isObject(body) ? body['instances'] : undefined;
      if (!Array.isArray(instances)) return missing('instances').reply;
      const predictions: Json[] = [];
      for (const instance of instances as readonly Json[]) {
        const outcome = 'ok' in readRerank(instance) ? predictOne(instance) : rerankOne(instance);
        if (!outcome.ok) return asValidation(outcome.reply);
        predictions.push(outcome.value);
      }
      return json(200, { predictions });
    },
    info: (): Reply =>
      json(200, {
        model_id: scorer.model,
        model_sha: null,
        model_dtype: 'float32',
        served_model_name: scorer.model,
        model_type: { reranker: { id2label: { '0': 'LABEL_0' }, label2id: { LABEL_0: 0 } } },
        max_concurrent_requests: 512,
        max_input_length: maxInputLength,
        max_batch_tokens: 16384,
        max_batch_requests: null,
        max_client_batch_size: maxClientBatchSize,
        auto_truncate: true,
        tokenization_workers: 1,
        version: '1.9.3',
        sha: null,
        docker_label: 'rankguard-example-lexical',
      }),
  };
}

/** An instance of /vertex that cannot be read is TEI's own error, not axum's. */
function asValidation(reply: Reply): Reply {
  return reply.headers['content-type'] === 'application/json'
    ? reply
    : json(422, { error: reply.body, error_type: 'Validation' });
}

/** TEI's cost headers; times in whole milliseconds. Tokens are an estimate: four characters each. */
function costHeaders(texts: readonly string[], startedAt: number): Record<string, string> {
  const characters = texts.reduce((sum, value) => sum + value.length, 0);
  const spent = String(Math.round(performance.now() - startedAt));
  return {
    'x-compute-type': 'cpu',
    'x-compute-time': spent,
    'x-compute-characters': String(characters),
    'x-compute-tokens': String(Math.ceil(characters / 4)),
    'x-total-time': spent,
    'x-tokenization-time': '0',
    'x-queue-time': '0',
    'x-inference-time': spent,
  };
}
