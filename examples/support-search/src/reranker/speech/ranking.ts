import {
  isBoolean,
  isCount,
  isObject,
  isString,
  type Json,
  type JsonObject,
  json,
  type Reply,
} from '../http.ts';
import type { Asked, Endpoint, Ranked, Speech } from './types.ts';

/** Where an API has the parts of a ranking. */
export interface RankingForm {
  readonly path: RegExp;
  readonly candidates: string;
  readonly topN?: string;
  readonly echo?: string | 'always';
  /** Default: the member `query`, a string. */
  readonly query?: (body: JsonObject) => Json | undefined;
  /** The text that is ranked; default: a string, or the ranked fields of an object. */
  readonly text?: (document: Json, body: JsonObject) => string | undefined;
  readonly needsModel?: boolean;
  /** Default: the member `model`. */
  readonly model?: (body: JsonObject, path: readonly string[]) => Json | undefined;
  /** Default: the member of that name. */
  readonly readTopN?: (body: JsonObject) => Json | undefined;
  readonly answer: (asked: Asked, ranked: readonly Ranked[]) => Json;
  readonly headers?: Readonly<Record<string, string>>;
}

function defaultText(document: Json, body: JsonObject): string | undefined {
  if (isString(document)) return document;
  if (!isObject(document)) return undefined;
  const named = body['rank_fields'];
  const names = Array.isArray(named) ? named.map(String) : ['text'];
  const parts = names.flatMap((name) => (isString(document[name] ?? null) ? [document[name]] : []));
  return parts.length === 0 ? undefined : parts.join('\n');
}

function read(form: RankingForm, body: Json, path: readonly string[]): Asked | string {
  if (!isObject(body)) return 'the body must be an object';
  const query = (form.query ?? (({ query }) => query))(body);
  if (query === undefined || !isString(query) || query === '') return 'query must be a string';
  const model = (form.model ?? (({ model }) => model))(body, path) ?? null;
  if (model !== null && !isString(model)) return 'model must be a string';
  if (form.needsModel === true && model === null) return 'model is required';
  const given = body[form.candidates];
  const documents = isString(given ?? null) ? [given as string] : given;
  if (!Array.isArray(documents) || documents.length === 0) return `${form.candidates} must be a list`;
  const texts = documents.map((document: Json) => (form.text ?? defaultText)(document, body));
  if (texts.some((text) => text === undefined)) return `${form.candidates} must hold texts`;
  const options = readOptions(form, body, documents.length);
  if (typeof options === 'string') return options;
  return { query, model, documents, texts: texts as string[], body, path, ...options };
}

/** How many are wanted, and whether they are echoed. */
function readOptions(form: RankingForm, body: JsonObject, count: number) {
  const topN = (form.readTopN ?? (() => (form.topN === undefined ? null : body[form.topN])))(body) ?? null;
  if (topN !== null && !isCount(topN)) return `${form.topN} must be a whole number`;
  const echo = form.echo === 'always' || (form.echo !== undefined && (body[form.echo] ?? false));
  if (typeof echo !== 'boolean' || !isBoolean(echo)) return `${form.echo} must be a boolean`;
  return { topN: topN === null || topN === 0 ? count : Math.min(topN, count), echo };
}

/** An endpoint that ranks. */
export function ranks(form: RankingForm, error: Speech['error']): Endpoint {
  return {
    path: form.path,
    answer(body, path, scorer): Reply {
      const asked = read(form, body, path);
      if (typeof asked === 'string') return error(400, asked);
      const ranked = scorer.rank(asked.query, asked.texts).map(({ index, score, raw }) => ({
        index,
        score,
        raw,
        document: asked.documents[index]!,
        text: asked.texts[index]!,
      }));
      return json(200, form.answer(asked, ranked), form.headers ?? {});
    },
  };
}

/** The first of the ranked, as many as were asked for. */
export function best({ topN }: Asked, ranked: readonly Ranked[]): readonly Ranked[] {
  return ranked.slice(0, topN);
}

/** A word is about a token. */
export function usageOf({ query, texts }: Asked): { prompt_tokens: number; total_tokens: number } {
  const tokens = [query, ...texts].reduce((sum, text) => sum + (text.match(/\S+/g)?.length ?? 0), 0);
  return { prompt_tokens: tokens, total_tokens: tokens };
}
