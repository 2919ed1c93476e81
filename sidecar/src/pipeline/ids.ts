import type { RankingPart, ResultsPart } from '../dialects/index.ts';
import { valueRange } from '../json/elements.ts';
import type { Edit, JsonDocument } from '../json/types.ts';

/** The ids by which results name the candidates of one ranking: as the caller wrote them, and as they were sent. */
export interface JoinIds {
  readonly own: readonly string[];
  readonly sent: readonly string[];
}

/**
 * An id that a mask would change could name nobody any more: then all of them are sent as numbers, which say nothing
 * and name each candidate. `masks` are the edits of the request; the returned ones go before them.
 */
export function sentIds(
  document: JsonDocument,
  { ids, idTokens }: RankingPart,
  masks: readonly Edit[],
): { readonly ids: JoinIds | undefined; readonly edits: readonly Edit[] } {
  if (ids === undefined || idTokens === undefined) return { ids: undefined, edits: [] };
  const ranges = idTokens.map((token) => valueRange(document, token));
  if (!masks.some((edit) => touches(ranges, edit))) return { ids: { own: ids, sent: ids }, edits: [] };
  const sent = ids.map((_, place) => String(place));
  const edits = ranges.map((range, place) => ({ ...range, with: JSON.stringify(sent[place]) }));
  return { ids: { own: ids, sent }, edits };
}

/** Whether an edit overlaps one of the ranges, which are ascending: by bisection. */
function touches(ranges: readonly { readonly start: number; readonly end: number }[], edit: Edit): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.end <= edit.start) low = middle + 1;
    else high = middle;
  }
  const first = ranges[low];
  return first !== undefined && first.start < edit.end;
}

/**
 * Edits that give each result the caller's own id back, masked or not: it is the caller's own word, and without it the
 * result would belong to nothing. They go before the masks of the answer. `kept` are places in the caller's list.
 */
export function ownIds(
  document: JsonDocument,
  part: ResultsPart,
  ids: JoinIds | undefined,
  kept: readonly number[],
): Edit[] {
  if (ids === undefined) return [];
  return part.results.flatMap(({ index, idToken = -1 }) => {
    const own = ids.own[kept[index] ?? -1];
    if (idToken === -1 || own === undefined) return [];
    const range = valueRange(document, idToken);
    const same = document.string(idToken) === own;
    return [{ ...range, with: same ? document.bytes.subarray(range.start, range.end) : JSON.stringify(own) }];
  });
}
