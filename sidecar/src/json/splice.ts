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
  const ordered = [...edits].sort((a, b) => a.start - b.start || b.end - a.end);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const edit of ordered) {
    if (!(edit.start >= 0 && edit.end >= edit.start && edit.end <= bytes.length)) {
      throw new CodedError('INTERNAL', 'an edit does not lie in the text');
    }
    if (edit.start < at) {
      // A partial overlap would leave a piece of a value that should go: widen to the union.
      if (edit.end > at) at = edit.end;
      continue;
    }
    parts.push(bytes.subarray(at, edit.start));
    parts.push(typeof edit.with === 'string' ? Buffer.from(edit.with) : edit.with);
    at = edit.end;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}
