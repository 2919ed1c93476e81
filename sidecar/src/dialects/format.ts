import { type JsonDocument, Kind } from '../json/types.ts';
import {
  ambiguousMember,
  badOptional,
  caseCollision,
  type Members,
  memberNames,
  misread,
  optional,
  type ResultFormat,
  readResult,
  stringMember,
} from './shape.ts';
import type { Misread, RankingPart, RequestReading, ResultsPart, SentPart } from './types.ts';

/**
 * What one document may be. `string`; `flat`: a string, or an object whose members are scalars; `flat-object`: only
 * that; `text`: a string, or an object with a `text` and nothing else; `text-object`: only that.
 */
export type DocumentKind = 'string' | 'flat' | 'flat-object' | 'text' | 'text-object';
/** `any`: the name is the API's, its value is between caller and upstream. */
export type OptionKind = 'boolean' | 'string' | 'integer' | 'list' | 'object' | 'any';

/** How an API asks for one ranking: a JSON object with a query and its candidates. */
export interface RequestFormat {
  /** `text`: an object with the member `text` and nothing else. */
  readonly query: 'string' | 'text';
  /** The member that holds the candidates. */
  readonly candidates: string;
  readonly documents: DocumentKind;
  /** A lone string may stand for a list of one. */
  readonly lone?: boolean;
  /** The member of each candidate that results name it by. */
  readonly id?: string;
  readonly model: 'required' | 'optional' | 'none';
  /** How many results are wanted; `zero: all` where 0 means all of them. */
  readonly topN?: { readonly name: string; readonly zero: 'refused' | 'all' };
  readonly options: Readonly<Record<string, OptionKind>>;
}

export interface CompiledFormat extends RequestFormat {
  readonly members: Members;
}

export function compileFormat(format: RequestFormat): CompiledFormat {
  const { candidates, model, topN, options } = format;
  const names = ['query', candidates, ...Object.keys(options)];
  if (model !== 'none') names.push('model');
  if (topN !== undefined) names.push(topN.name);
  return { ...format, members: memberNames(...names) };
}

const TEXT = memberNames('text');

/** Reads a body that asks for one ranking. */
export function readRankingRequest(document: JsonDocument, format: CompiledFormat): RequestReading | Misread {
  const part = readRanking(document, 0, format);
  if ('ok' in part) return part;
  const modelToken = format.model === 'none' ? -1 : optional(document, 0, 'model');
  if (format.model === 'required' && modelToken === -1) return misread('model must be a string');
  const topNToken = format.topN === undefined ? -1 : optional(document, 0, format.topN.name);
  const topN = topNToken === -1 ? 0 : document.number(topNToken);
  return {
    ok: true,
    model: modelToken === -1 ? null : document.string(modelToken),
    parts: [part],
    members: format.members.known,
    topN: topN === 0 ? null : topN,
    topNToken: topN === 0 ? -1 : topNToken,
  };
}

/** Reads the ranking that an object of the body asks for, and checks its options. */
export function readRanking(
  document: JsonDocument,
  object: number,
  format: CompiledFormat,
): RankingPart | Misread {
  if (document.kind(object) !== Kind.Object) return misread('a rerank request must be an object');
  const ambiguous = ambiguousMember(document, object, format.members);
  if (ambiguous) return ambiguous;
  const queryToken = queryOf(document, object, format);
  if (typeof queryToken === 'object') return queryToken;
  const listed = readCandidates(document, object, format);
  if ('ok' in listed) return listed;
  const bad = badOptions(document, object, format);
  if (bad) return bad;
  const ids = format.id === undefined ? undefined : idsOf(document, listed.candidates, format.id);
  if (ids !== undefined && 'ok' in ids) return ids;
  return { query: document.string(queryToken), queryToken, ...listed, ...ids };
}

function queryOf(document: JsonDocument, object: number, { query }: CompiledFormat): number | Misread {
  if (query === 'string') {
    const token = stringMember(document, object, 'query');
    return token === -1 ? misread('query must be a string') : token;
  }
  const holder = document.get(object, 'query');
  if (holder === -1) return misread('query must be an object with a text');
  return badText(document, holder, 'query') ?? stringMember(document, holder, 'text');
}

function readCandidates(document: JsonDocument, object: number, format: CompiledFormat) {
  const name = format.candidates;
  const documentsToken = document.get(object, name);
  if (documentsToken !== -1 && format.lone === true && document.kind(documentsToken) === Kind.String) {
    return { documentsToken, candidates: [documentsToken] };
  }
  return readDocuments(document, documentsToken, name, format.documents);
}

/** The elements of a list of documents. Refuses an empty list and documents of another kind. */
export function readDocuments(document: JsonDocument, token: number, name: string, kind: DocumentKind) {
  if (token === -1 || document.kind(token) !== Kind.Array) return misread(`${name} must be a list`);
  const candidates = [...document.elements(token)];
  if (candidates.length === 0) return misread(`${name} must not be empty`);
  for (const candidate of candidates) {
    const bad = badDocument(document, candidate, name, kind);
    if (bad) return bad;
  }
  return { documentsToken: token, candidates };
}

const KINDS: Readonly<Record<DocumentKind, string>> = {
  string: 'strings',
  flat: 'strings or objects',
  'flat-object': 'objects',
  text: 'strings, or objects with a text and nothing else',
  'text-object': 'objects with a text and nothing else',
};

function badDocument(
  document: JsonDocument,
  token: number,
  name: string,
  kind: DocumentKind,
): Misread | undefined {
  const mayBeString = kind === 'string' || kind === 'flat' || kind === 'text';
  if (document.kind(token) === Kind.String && mayBeString) return undefined;
  if (document.kind(token) !== Kind.Object || kind === 'string') {
    return misread(`${name} must be ${KINDS[kind]}`);
  }
  return kind === 'flat' || kind === 'flat-object'
    ? badFlat(document, token)
    : badText(document, token, name);
}

/** An object with a text, where images and whatever else a policy could not judge are refused. */
function badText(document: JsonDocument, token: number, name: string): Misread | undefined {
  const why = `${name} must be ${name === 'query' ? 'an object' : 'objects'} with a text and nothing else`;
  if (document.kind(token) !== Kind.Object) return misread(why);
  const ambiguous = ambiguousMember(document, token, TEXT);
  if (ambiguous) return ambiguous;
  return stringMember(document, token, 'text') === -1 || [...document.members(token)].length !== 1
    ? misread(why)
    : undefined;
}

/** Refuses an object in which policies could not read every member. */
export function badFlat(document: JsonDocument, token: number): Misread | undefined {
  const names: string[] = [];
  // Walks the tape itself: `members` makes an iterator for each of what may be thousands of documents.
  for (let key = token + 1; document.kind(key) === Kind.Key; key = document.next(key + 1)) {
    const value = document.kind(key + 1);
    if (value === Kind.Object || value === Kind.Array) {
      return misread('the members of a document must be strings');
    }
    names.push(document.string(key));
  }
  return caseCollision(names)
    ? misread('a document has two members whose names differ only by case', 'BODY_AMBIGUOUS_MEMBER')
    : undefined;
}

/** The ids of candidates. Refuses one that is missing and one that two candidates share: neither names one. */
function idsOf(document: JsonDocument, candidates: readonly number[], name: string) {
  const ids: string[] = [];
  const idTokens: number[] = [];
  for (const candidate of candidates) {
    const token = stringMember(document, candidate, name);
    if (token === -1) return misread(`each candidate must have ${name}, a string`);
    ids.push(document.string(token));
    idTokens.push(token);
  }
  return new Set(ids).size === ids.length
    ? { ids, idTokens }
    : misread(`two candidates have the same ${name}`);
}

function badOptions(document: JsonDocument, object: number, format: CompiledFormat): Misread | undefined {
  const { topN, options, model } = format;
  if (model !== 'none') {
    const bad = badOptional(document, object, 'model', 'string');
    if (bad) return bad;
  }
  if (topN !== undefined) {
    const bad = badTopN(document, object, topN);
    if (bad) return bad;
  }
  for (const [name, kind] of Object.entries(options)) {
    const bad = badOption(document, object, name, kind);
    if (bad) return bad;
  }
  return undefined;
}

export function badTopN(
  document: JsonDocument,
  object: number,
  { name, zero }: NonNullable<RequestFormat['topN']>,
): Misread | undefined {
  const bad = badOptional(document, object, name, 'integer');
  if (bad) return bad;
  const token = optional(document, object, name);
  return zero === 'refused' && token !== -1 && document.number(token) === 0
    ? misread(`${name} must be at least 1`)
    : undefined;
}

function badOption(
  document: JsonDocument,
  object: number,
  name: string,
  kind: OptionKind,
): Misread | undefined {
  if (kind === 'any') return undefined;
  if (kind !== 'list' && kind !== 'object') return badOptional(document, object, name, kind);
  const token = optional(document, object, name);
  const wanted = kind === 'list' ? Kind.Array : Kind.Object;
  return token === -1 || document.kind(token) === wanted
    ? undefined
    : misread(`${name} must be ${kind === 'list' ? 'a list' : 'an object'}`);
}

/** How an API answers one ranking. */
export interface AnswerFormat extends ResultFormat {
  /** The member that holds the results; null: the answer is their list. */
  readonly results: string | null;
  /** The member that repeats how many were asked for. */
  readonly topN?: string;
}

/** Reads a list of results. */
export function readResults(
  document: JsonDocument,
  token: number,
  format: ResultFormat,
  sent: SentPart,
): ResultsPart | Misread {
  if (token === -1 || document.kind(token) !== Kind.Array) {
    return misread('results are not a list', 'UPSTREAM_SHAPE');
  }
  const results = [];
  const seen = new Set<number>();
  for (const element of document.elements(token)) {
    const result = readResult(document, element, format, sent, seen);
    if ('ok' in result) return result;
    results.push(result);
  }
  return { resultsToken: token, results };
}

/** Reads an answer to one ranking. */
export function readRankingAnswer(document: JsonDocument, format: AnswerFormat, sent: SentPart | undefined) {
  const isObject = document.kind(0) === Kind.Object;
  const list = format.results === null ? 0 : isObject ? document.get(0, format.results) : -1;
  const part = readResults(document, list, format, sent ?? { count: 0 });
  if ('ok' in part) return part;
  const topNToken = format.topN === undefined ? -1 : optional(document, 0, format.topN);
  return { ok: true, parts: [part], topNToken } as const;
}
