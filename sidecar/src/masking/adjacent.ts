import { type JsonDocument, Kind } from '../json/types.ts';
import type { AnyDetector, Found } from './any-detector.ts';
import type { NameOf } from './detect/index.ts';
import type { Outline } from './outline.ts';
import { Ranges } from './ranges.ts';

/** Bytes of a text that count at its border to the next. */
const REACH = 80;
/** Texts that are put together at most. */
const MOST_PIECES = 64;
/** Members between a list's element and its text: `results[*].document.text` has two. */
const DEEPEST = 4;
const AT = 0x40;
const DOT = 0x2e;

/** The part of a string that is put together with its neighbours. */
interface Piece {
  readonly token: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Finds values that are split over neighbours: elements of a list, or the same member of its elements. Only what
 * is no chance is taken: an address cut at one of its marks, a number cut between its groups.
 */
export function findAdjacent(
  document: JsonDocument,
  tokens: readonly number[],
  outline: () => Outline,
  detector: AnyDetector,
  nameOf: NameOf,
): Found[] {
  const found: Found[] = [];
  let done = -1;
  for (const token of tokens) {
    if (token <= done || !mayGoOn(document, token)) continue;
    const pieces = piecesFrom(document, token, outline());
    if (pieces.length < 2) continue;
    done = pieces.at(-2)!.token;
    for (const separator of ['', ' ']) found.push(...inPieces(document, pieces, separator, detector, nameOf));
  }
  return found.sort((a, b) => a.token - b.token || a.start - b.start);
}

/** Whether a text ends in the middle of something: with a digit or a dash behind one, or in a word with an `@`. */
function mayGoOn(document: JsonDocument, token: number): boolean {
  const { bytes } = document;
  const start = document.start(token);
  const end = trimmedEnd(bytes, start, document.end(token));
  if (end === start) return false;
  if (isDigit(bytes[end - 1]) || (bytes[end - 1] === 0x2d && isDigit(bytes[end - 2]))) return true;
  for (let at = end - 1; at >= Math.max(start, end - REACH) && bytes[at]! > 0x20; at--) {
    if (bytes[at] === AT)
      return bytes[end - 1] === AT || bytes[end - 1] === DOT || !bytes.subarray(at, end).includes(DOT);
  }
  return false;
}

/** Whether a text may be the rest of one that ends in the middle. */
function mayBegin(document: JsonDocument, token: number): boolean {
  const first = document.bytes[document.start(token)];
  return document.end(token) > document.start(token) && first !== undefined && first > 0x20 && first !== 0x22;
}

function piecesFrom(document: JsonDocument, first: number, outline: Outline): Piece[] {
  const pieces: Piece[] = [];
  for (
    let token = first;
    token !== -1 && pieces.length < MOST_PIECES;
    token = neighbour(document, token, outline)
  ) {
    const start = document.start(token);
    const end = document.end(token);
    if (pieces.length > 0 && !mayBegin(document, token)) break;
    const whole = end - start <= REACH;
    const last = pieces.length > 0 && (!whole || !mayGoOn(document, token));
    if (last) pieces.push({ token, start, end: Math.min(end, start + REACH) });
    else pieces.push({ token, start: Math.max(start, end - REACH), end });
    if (last) break;
  }
  return pieces;
}

/** The string that stands in the next element of a list as this one stands in its own, or -1. */
function neighbour(document: JsonDocument, token: number, outline: Outline): number {
  const names: string[] = [];
  let at = token;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const parent = outline.parent(at);
    if (parent === -1) return -1;
    if (document.kind(parent) === Kind.Array) {
      let next = document.next(at);
      for (const name of names.toReversed())
        next = next !== -1 && document.kind(next) === Kind.Object ? document.get(next, name) : -1;
      return next !== -1 && document.kind(next) === Kind.String ? next : -1;
    }
    names.push(document.string(at - 1));
    at = parent;
  }
  return -1;
}

function inPieces(
  document: JsonDocument,
  pieces: readonly Piece[],
  separator: string,
  detector: AnyDetector,
  nameOf: NameOf,
): Found[] {
  const { bytes } = document;
  const starts: number[] = [];
  const parts: Buffer[] = [];
  let length = 0;
  for (const { start, end } of pieces) {
    starts.push(length);
    const part = bytes.subarray(start, separator === '' ? end : trimmedEnd(bytes, start, end));
    parts.push(part, Buffer.from(separator));
    length += part.length + separator.length;
  }
  const joined = Buffer.concat(parts);
  const ranges = new Ranges();
  ranges.add(0, 0, joined.length, false);
  const found: Found[] = [];
  for (const one of detector.find(joined, ranges, () => nameOf(pieces[0]!.token))) {
    const borders = starts.filter((start) => start > one.start && start < one.end);
    if (borders.length === 0 || !isNoChance(joined, one, borders)) continue;
    for (const [place, piece] of pieces.entries()) {
      const from = starts[place]!;
      const start = Math.max(one.start, from);
      const end = Math.min(one.end, from + piece.end - piece.start);
      if (end > start)
        found.push({
          ...one,
          token: piece.token,
          start: piece.start + start - from,
          end: piece.start + end - from,
        });
    }
  }
  return found;
}

/** Whether a value that is split at `borders` is more likely one than two things side by side. */
function isNoChance(joined: Buffer, { entity, start, end }: Found, borders: readonly number[]): boolean {
  if (entity === 'EMAIL_ADDRESS') {
    return borders.some((at) => [joined[at - 1], joined[at]].some((byte) => byte === AT || byte === DOT));
  }
  if (entity === 'IBAN_CODE') return true;
  if (entity === 'US_SSN') return borders.some((at) => joined[at - 1] === 0x2d || joined[at] === 0x2d);
  if (entity !== 'CREDIT_CARD') return false;
  // Two identifiers side by side pass the check of cards now and then; groups of digits do not stand so.
  const cuts = [start, ...borders, end];
  const groups = cuts
    .slice(1)
    .flatMap((cut, place) => joined.toString('latin1', cuts[place], cut).split(/\D+/));
  return groups.every((group) => group.length <= 6);
}

function trimmedEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === 0x20) at--;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
