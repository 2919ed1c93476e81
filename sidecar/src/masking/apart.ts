import type { Edit } from '../json/types.ts';

/** The same edits in order, without those inside others and without overlaps. */
export function apart(edits: Edit[]): Edit[] {
  if (edits.every((edit, place) => place === 0 || edit.start >= edits[place - 1]!.end)) return edits;
  const ordered = edits.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const result: Edit[] = [];
  for (const edit of ordered) {
    const last = result.at(-1);
    if (last === undefined || edit.start >= last.end) result.push(edit);
    else if (edit.end > last.end) result[result.length - 1] = { ...last, end: edit.end };
  }
  return result;
}
