import { CodedError } from '@rankguard/contract';
import type { Edit } from './types.ts';

/**
 * Applies edits to a text and leaves every other byte as it is; without edits the same buffer comes back.
 * Edits may come in any order. An edit inside another one is dropped: the outer one replaces it all. Where two
 * overlap in part, the bytes of both go and the one that begins first is put in their place. Insertions at one
 * place are made in the order in which they come. Throws INTERNAL for an edit that does not lie in the text.
 */
export function splice(bytes: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return bytes;
  const { starts, ends, texts, length } = planned(bytes, edits);
  // One buffer, written once: a piece of a buffer for each edit costs more than the copying.
  const result = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  for (const [place, text] of texts.entries()) {
    to = copied(bytes, from, starts[place]!, result, to);
    to = copied(text, 0, text.length, result, to);
    from = ends[place]!;
  }
  bytes.copy(result, to, from);
  return result;
}

/** Up to here a loop is faster than a view of the bytes and a call. */
const FEW = 64;

/** Copies [start, end) of `source` to `result` at `to`, and returns where that ends. */
function copied(source: Uint8Array, start: number, end: number, result: Buffer, to: number): number {
  if (end - start > FEW) result.set(source.subarray(start, end), to);
  else for (let at = start; at < end; at++) result[to + at - start] = source[at]!;
  return to + end - start;
}

/** Different texts that one call remembers. */
const MOST_KNOWN = 64;

interface Plan {
  /** Ranges that go, ascending and apart, and what comes in their place. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly texts: readonly Uint8Array[];
  /** Bytes of the result. */
  readonly length: number;
}

function planned(bytes: Buffer, edits: readonly Edit[]): Plan {
  const starts: number[] = [];
  const ends: number[] = [];
  const texts: Uint8Array[] = [];
  const bytesOf = createBytesOf();
  let at = 0;
  let length = bytes.length;
  for (const edit of inOrder(edits)) {
    const { start, end, with: text } = edit;
    if (!(start >= 0 && end >= start && end <= bytes.length)) {
      throw new CodedError('INTERNAL', 'an edit does not lie in the text');
    }
    if (start < at) {
      // A partial overlap would leave a piece of a value that should go: widen to the union.
      if (end > at) {
        length -= end - at;
        at = end;
        ends[ends.length - 1] = end;
      }
      continue;
    }
    starts.push(start);
    ends.push(end);
    const replacement = typeof text === 'string' ? bytesOf(text) : text;
    texts.push(replacement);
    length += replacement.length - (end - start);
    at = end;
  }
  return { starts, ends, texts, length };
}

/** Texts as UTF-8. Most edits of a body have one of a few texts. */
function createBytesOf(): (text: string) => Uint8Array {
  const known = new Map<string, Uint8Array>();
  return (text) => {
    const seen = known.get(text);
    if (seen !== undefined) return seen;
    const bytes = Buffer.from(text);
    if (known.size < MOST_KNOWN) known.set(text, bytes);
    return bytes;
  };
}

function inOrder(edits: readonly Edit[]): readonly Edit[] {
  const after = (edit: Edit, place: number) => place === 0 || edits[place - 1]!.end <= edit.start;
  // An insertion before a range at one place is not in order: the range comes first.
  if (edits.every((edit, place) => after(edit, place) && edit.end > edit.start)) return edits;
  return [...edits].sort((a, b) => a.start - b.start || b.end - a.end);
}
