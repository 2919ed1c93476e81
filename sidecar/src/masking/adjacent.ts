import { type JsonDocument, Kind } from '../json/types.ts';
import type { AnyDetector, Found } from './any-detector.ts';
import type { NameOf } from './detect/index.ts';
import type { Outline } from './outline.ts';
import { Ranges } from './ranges.ts';

/** Bytes of a text that count at its border to the next. */
const REACH = 80;
/** Texts that one value is split over at most. */
const MOST_PIECES = 40;
/** Members between a list's element and its text: `results[*].document.text` has two. */
const DEEPEST = 4;
const AT = 0x40;
const DOT = 0x2e;
const DASH = 0x2d;
const SPACE = 0x20;
/** Words say what it is, and its checksum holds. */
const PROVED = 0.95;
/** An SSN in its groups, and any number in groups that signs tie together. */
const GROUPED_SSN = /^\d{3}-\d{2}-\d{4}$/;
const TIED = /^\w+(?:[./-]\w+){2,}$/;

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
  const runs: Run[] = [];
  const ranges = new Ranges();
  const parts: Buffer[] = [];
  let length = 0;
  let done = -1;
  for (const token of tokens) {
    if (token <= done || !mayGoOn(document, token)) continue;
    const pieces = piecesFrom(document, token, outline());
    if (pieces.length < 2) continue;
    done = pieces.at(-2)!.token;
    // A value has no more characters than this; longer lists are lists.
    if (pieces.length > MOST_PIECES) continue;
    for (const separator of ['', ' ']) {
      const run = joined(document, pieces, separator, length);
      ranges.add(runs.length, length, length + run.bytes.length, false);
      length += run.bytes.length;
      parts.push(run.bytes);
      runs.push(run);
    }
  }
  if (runs.length === 0) return [];
  const bytes = Buffer.concat(parts);
  const nameOfRun = (run: number) => nameOf(runs[run]!.pieces[0]!.token);
  const found = detector
    .find(bytes, ranges, nameOfRun)
    .flatMap((one) => inPieces(bytes, one, runs[one.token]!));
  return found.sort((a, b) => a.token - b.token || a.start - b.start);
}

/** Neighbours put together. */
interface Run {
  readonly pieces: readonly Piece[];
  /** Where each piece begins among all runs. */
  readonly starts: readonly number[];
  readonly bytes: Buffer;
}

/** Whether a text ends in the middle of something: with a digit or a dash behind one, or in a word with an `@`. */
function mayGoOn(document: JsonDocument, token: number): boolean {
  const { bytes } = document;
  const start = document.start(token);
  const end = trimmedEnd(bytes, start, document.end(token));
  if (end === start) return false;
  if (isDigit(bytes[end - 1]) || (bytes[end - 1] === DASH && isDigit(bytes[end - 2]))) return true;
  for (let at = end - 1; at >= Math.max(start, end - REACH) && bytes[at]! > 0x20; at--) {
    if (bytes[at] === AT)
      return bytes[end - 1] === AT || bytes[end - 1] === DOT || !bytes.subarray(at, end).includes(DOT);
  }
  return false;
}

/** Whether a text may be the rest of the one before it: a number goes on with a digit, an address with no space. */
function mayFollow(document: JsonDocument, before: number, token: number): boolean {
  const { bytes } = document;
  const first = bytes[document.start(token)];
  if (document.end(token) === document.start(token) || first === undefined) return false;
  const last = bytes[trimmedEnd(bytes, document.start(before), document.end(before)) - 1];
  if (first === SPACE) return isDigit(last) && isDigit(bytes[document.start(token) + 1]);
  if (first < SPACE) return false;
  if (last === AT || last === DOT) return true;
  return isDigit(last) || last === DASH ? isDigit(first) || first === DASH || first === AT : first === DOT;
}

function piecesFrom(document: JsonDocument, first: number, outline: Outline): Piece[] {
  const pieces: Piece[] = [];
  let before = -1;
  for (let token = first; token !== -1; token = neighbour(document, token, outline)) {
    if (before !== -1 && !mayFollow(document, before, token)) break;
    const start = document.start(token);
    const end = document.end(token);
    const last = before !== -1 && (end - start > REACH || !mayGoOn(document, token));
    if (last) pieces.push({ token, start, end: Math.min(end, start + REACH) });
    else pieces.push({ token, start: Math.max(start, end - REACH), end });
    if (last) break;
    before = token;
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

function joined(document: JsonDocument, pieces: readonly Piece[], separator: string, from: number): Run {
  const starts: number[] = [];
  const parts: Buffer[] = [];
  let length = from;
  for (const { start, end } of pieces) {
    starts.push(length);
    const to = separator === '' ? end : trimmedEnd(document.bytes, start, end);
    parts.push(document.bytes.subarray(start, to), Buffer.from(separator));
    length += to - start + separator.length;
  }
  return { pieces, starts, bytes: Buffer.concat(parts) };
}

/** The parts of a finding in the strings that it is split over. */
function inPieces(bytes: Buffer, one: Found, { pieces, starts }: Run): Found[] {
  const borders = starts.filter((start) => start > one.start && start < one.end);
  if (borders.length === 0 || !isNoChance(bytes, one, borders)) return [];
  const found: Found[] = [];
  for (const [place, piece] of pieces.entries()) {
    const shift = piece.start - starts[place]!;
    const start = Math.max(piece.start, one.start + shift);
    const end = Math.min(piece.end, one.end + shift);
    if (end > start) found.push({ ...one, token: piece.token, start, end });
  }
  return found;
}

/** Whether a value that is split at `borders` is more likely one than two things side by side. */
function isNoChance(
  joined: Buffer,
  { entity, start, end, reason, score }: Found,
  borders: readonly number[],
): boolean {
  if (entity === 'EMAIL_ADDRESS') {
    return borders.some((at) => [joined[at - 1], joined[at]].some((byte) => byte === AT || byte === DOT));
  }
  if (entity === 'IBAN_CODE') return true;
  const value = joined.toString('latin1', start, end);
  if (entity === 'US_SSN') return GROUPED_SSN.test(value);
  if (entity !== 'CREDIT_CARD') return (reason === 'checksum' || score >= PROVED) && TIED.test(value);
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
