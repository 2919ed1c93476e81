import type { ReasonCode } from '@rankguard/contract';
import { type JsonDocument, Kind } from '../json/types.ts';
import type { Misread, ResultReading, SentPart } from './types.ts';

export function misread(message: string, code: ReasonCode = 'BODY_SHAPE'): Misread {
  return { ok: false, code, message };
}

/**
 * Names that some rerank API uses for candidates or the query. A body may carry only its own dialect's:
 * another reader of the same body could take the others for the real ones.
 */
const FOREIGN_NAMES = [
  'documents',
  'texts',
  'passages',
  'records',
  'input',
  'inputs',
  'sources',
  'instances',
  'items',
  'text_docs',
  'messages',
  'queries',
  'query_text',
  'text_1',
  'text_2',
  'data_1',
  'data_2',
];

/** Bodies repeat their member names in every document; a name is folded once. */
const MOST_FOLDED = 4_096;
const LONGEST_KEPT = 64;
const foldedNames = new Map<string, string>();

/** Folds a member name as the laxest known server would (Go's encoding/json matches names without case). */
function fold(name: string): string {
  const known = foldedNames.get(name);
  if (known !== undefined) return known;
  const folded = name.normalize('NFKC').toLowerCase();
  if (name.length > LONGEST_KEPT) return folded;
  if (foldedNames.size >= MOST_FOLDED) foldedNames.clear();
  foldedNames.set(name, folded);
  return folded;
}

export interface Members {
  readonly known: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
}

/** Prepares the member names that a dialect reads in one kind of object. */
export function memberNames(...known: string[]): Members {
  return {
    known: new Set(known),
    folded: new Set([...known, ...FOREIGN_NAMES].map(fold)),
  };
}

/** Refuses members that another reader could take for one of the dialect's own; returns the first such name. */
export function ambiguousMember(
  document: JsonDocument,
  object: number,
  members: Members,
): Misread | undefined {
  for (const [key] of document.members(object)) {
    const name = document.string(key);
    if (members.known.has(name)) continue;
    if (members.folded.has(fold(name))) {
      return misread(
        `member ${JSON.stringify(name)} is not one of this API's, but reads like one`,
        'BODY_AMBIGUOUS_MEMBER',
      );
    }
  }
  return undefined;
}

/** Up to this many names are compared pair by pair: cheaper than a set for what documents really have. */
const FEW = 8;

/** Whether two member names differ only by case: readers disagree about which one counts. */
export function caseCollision(names: readonly string[]): boolean {
  const folded = names.map(fold);
  if (folded.length > FEW) return new Set(folded).size < folded.length;
  return folded.some((name, at) => folded.indexOf(name) !== at);
}

/** The member's token, or -1 when it is absent or null (clients send null for options they leave out). */
export function optional(document: JsonDocument, object: number, name: string): number {
  const token = document.get(object, name);
  return token === -1 || document.isNull(token) ? -1 : token;
}

/** Checks an optional member; undefined when it is fine. */
export function badOptional(
  document: JsonDocument,
  object: number,
  name: string,
  kind: 'boolean' | 'string' | 'integer',
): Misread | undefined {
  const token = optional(document, object, name);
  if (token === -1) return undefined;
  const fits =
    kind === 'boolean'
      ? document.boolean(token) !== undefined
      : kind === 'string'
        ? document.kind(token) === Kind.String
        : document.kind(token) === Kind.Number && /^\d{1,9}$/.test(document.raw(token));
  return fits ? undefined : misread(`${name} must be ${kind === 'integer' ? 'a whole number' : `a ${kind}`}`);
}

/** Reads a required, non-empty string member's token, or -1. */
export function stringMember(document: JsonDocument, object: number, name: string): number {
  const token = document.get(object, name);
  return token !== -1 && document.kind(token) === Kind.String ? token : -1;
}

/** How an API writes one result. */
export interface ResultFormat {
  /** null: results have no score. */
  readonly score: string | null;
  /** The member that echoes the document; `itself`: the result is the document, with more members. */
  readonly echo: string | { readonly itself: true };
  /** The document inside the echo; default: the echo is the document. */
  readonly inside?: (document: JsonDocument, echo: number) => number;
  /** Numbers may be written as strings. */
  readonly quoted?: boolean;
  /** The member that names the candidate; default `index`. */
  readonly id?: string;
}

const WHOLE = /^\d{1,9}$/;
const DECIMAL = /^-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?$/;

/** Reads one result object: index within what was sent, and a score that is a number or null. */
export function readResult(
  document: JsonDocument,
  token: number,
  format: ResultFormat,
  sent: SentPart,
  seen: Set<number>,
): ResultReading | Misread {
  if (document.kind(token) !== Kind.Object) return misread('a result is not an object', 'UPSTREAM_SHAPE');
  const place =
    format.id === undefined ? byIndex(document, token, format) : byId(document, token, format.id, sent);
  if ('ok' in place) return place;
  const { index, indexToken } = place;
  if (index >= sent.count || seen.has(index)) {
    return misread('a result names a document that was not sent, or the same one twice', 'UPSTREAM_SHAPE');
  }
  seen.add(index);
  const score = readScore(document, token, format);
  if (typeof score === 'object' && score !== null) return score;
  const echo = typeof format.echo === 'string' ? document.get(token, format.echo) : token;
  const documentToken = echo === -1 ? -1 : (format.inside?.(document, echo) ?? echo);
  const reading = { index, indexToken, token, score, documentToken };
  if (place.idToken === -1) return reading;
  const scoreToken =
    documentToken === token && format.score !== null ? document.get(token, format.score) : -1;
  return { ...reading, idToken: place.idToken, scoreToken };
}

function byIndex(document: JsonDocument, token: number, { quoted }: ResultFormat) {
  const indexToken = document.get(token, 'index');
  const text = indexToken === -1 ? '' : numberText(document, indexToken, quoted);
  if (!WHOLE.test(text)) return misread('a result has no index', 'UPSTREAM_SHAPE');
  return { index: Number(text), indexToken, idToken: -1 };
}

function byId(document: JsonDocument, token: number, name: string, sent: SentPart) {
  const idToken = stringMember(document, token, name);
  if (idToken === -1) return misread(`a result has no ${name}`, 'UPSTREAM_SHAPE');
  const index = sent.ids?.indexOf(document.string(idToken)) ?? -1;
  return { index: index === -1 ? sent.count : index, indexToken: -1, idToken };
}

function readScore(document: JsonDocument, token: number, format: ResultFormat): number | null | Misread {
  if (format.score === null) return null;
  const scoreToken = document.get(token, format.score);
  if (scoreToken === -1) return misread(`a result has no ${format.score}`, 'UPSTREAM_SHAPE');
  // A NaN score arrives as null from serde and from JSON.stringify alike.
  if (document.isNull(scoreToken)) return null;
  if (document.kind(scoreToken) === Kind.Number) return document.number(scoreToken);
  const text = numberText(document, scoreToken, format.quoted);
  return DECIMAL.test(text) ? Number(text) : misread('a score is not a number', 'UPSTREAM_SHAPE');
}

function numberText(document: JsonDocument, token: number, quoted: boolean | undefined): string {
  if (document.kind(token) === Kind.Number) return document.raw(token);
  return quoted === true && document.kind(token) === Kind.String ? document.string(token) : '';
}
