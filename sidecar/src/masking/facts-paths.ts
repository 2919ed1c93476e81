import { CodedError, type FaultCode } from '@rankguard/contract';
import { soleString } from '../json/elements.ts';
import { type JsonDocument, Kind } from '../json/types.ts';
import { parseSegments, type Segment, select } from './paths.ts';
import type { Place, Places } from './types.ts';

/** A path of the facts: which places it is about, and what of them. */
export interface FactsPath {
  readonly root: 'query' | 'documents' | 'results';
  /** null: all of them. */
  readonly index: number | null;
  readonly part: 'whole' | 'text' | 'members';
  /** Steps from the structured document on, for `members`. */
  readonly segments: readonly Segment[];
}

const ROOT = /^(?:input\.)?(?:request\.|response\.)?(query|documents|results)(?:\[(?:(\*)|(\d{1,9}))\])?/;

/**
 * Reads `query`, `documents[*]`, `documents[3].text`, `documents[*].fields.email`, `results[*].fields.email`, with
 * or without `request.`, `response.` in front. Throws `code` for everything else.
 */
export function parseFactsPath(path: string, code: FaultCode): FactsPath {
  const match = ROOT.exec(path);
  const refuse = (): never => {
    throw new CodedError(code, `the facts have nothing at \`${path}\` that can be masked`);
  };
  if (match === null) return refuse();
  const root = match[1] as FactsPath['root'];
  const listed = match[2] !== undefined || match[3] !== undefined;
  if (listed === (root === 'query')) return refuse();
  const segments = parseSegments(path, match[0].length, code);
  const index = match[3] === undefined ? null : Number(match[3]);
  if (segments.some(({ kind }) => kind === 'below')) return refuse();
  if (segments.length === 0) return { root, index, part: 'whole', segments };
  const [first, ...rest] = segments;
  if (root === 'query' || first?.kind !== 'member') return refuse();
  if (first.name === 'fields') return { root, index, part: 'members', segments: rest };
  if (rest.length > 0) return refuse();
  if (first.name === 'id') return { root, index, part: 'members', segments };
  return first.name === 'text' ? { root, index, part: 'text', segments: [] } : refuse();
}

/** What a facts path means in one body. */
export interface Located {
  /** Values to mask. */
  readonly tokens: readonly { readonly token: number; readonly required: boolean }[];
  /** Strings that may hold a structured document, to be masked inside. */
  readonly inside: readonly number[];
}

/**
 * Finds the values of a facts path. A rule about documents is also one about the documents that results echo.
 * `required` values are the API's own (a query, a candidate, its text): they can be emptied, not removed.
 */
export function locate(document: JsonDocument, places: Places, path: FactsPath): Located {
  if (path.root === 'query') {
    const queries = places.queries.filter((token) => token >= 0);
    return { tokens: queries.map((token) => ({ token, required: true })), inside: [] };
  }
  const tokens: { token: number; required: boolean }[] = [];
  const inside: number[] = [];
  for (const { token, keep } of chosen(places, path)) {
    const structured = document.kind(token) === Kind.Object;
    if (path.part === 'members') {
      // An object with nothing but a text is that text, as policies see it.
      const holder = structured ? soleString(document, token, 'text') : token;
      if (holder !== -1) inside.push(holder);
      if (!structured) continue;
    }
    for (const found of partsOf(document, token, path)) {
      if (keep?.includes(found.token) !== true) tokens.push(found);
    }
  }
  return { tokens, inside };
}

function partsOf(
  document: JsonDocument,
  token: number,
  path: FactsPath,
): { token: number; required: boolean }[] {
  const structured = document.kind(token) === Kind.Object;
  // Of a structured document all values are masked, one by one: the API takes no string in its place.
  if (structured && (path.part === 'whole' || (path.part === 'members' && path.segments.length === 0))) {
    return Array.from(document.members(token), ([, value]) => ({ token: value, required: true }));
  }
  if (path.part === 'members') {
    return select(document, [token], path.segments).map((member) => ({ token: member, required: false }));
  }
  const texts = path.part === 'text' && structured ? textOf(document, token) : [token];
  return texts.map((text) => ({ token: text, required: true }));
}

function chosen(places: Places, path: FactsPath): Place[] {
  const all = path.root === 'documents' ? [...places.documents, ...places.results] : places.results;
  return all.filter(({ token, index }) => token >= 0 && (path.index === null || path.index === index));
}

/** The members that a structured document's text comes from: `text`, or every string when there is none. */
function textOf(document: JsonDocument, object: number): number[] {
  const text = document.get(object, 'text');
  if (text !== -1 && document.kind(text) === Kind.String) return [text];
  const strings: number[] = [];
  for (const [, value] of document.members(object))
    if (document.kind(value) === Kind.String) strings.push(value);
  return strings;
}
