import { removeElements, valueRange } from './elements.ts';
import { splice } from './splice.ts';
import type { Edit, JsonDocument } from './types.ts';

/**
 * Edits that put the elements of an array in another order, `order` being places of the array as it is; places
 * that are missing are removed. White space and commas between the elements stay where they are, and edits inside
 * the elements (`edits`, which may also lie elsewhere) travel with them. Returns all edits that are to be made.
 */
export function rearrangeElements(
  document: JsonDocument,
  array: number,
  order: readonly number[],
  edits: readonly Edit[],
): Edit[] {
  if (order.every((place, slot) => slot === 0 || place > order[slot - 1]!)) {
    const kept = new Set(order);
    return [...edits, ...removeElements(document, array, (place) => !kept.has(place))];
  }
  const ranges = Array.from(document.elements(array), (token) => valueRange(document, token));
  const inside = new Map<number, Edit[]>();
  const outside: Edit[] = [];
  for (const edit of edits) {
    const place = placeOf(ranges, edit);
    if (place === -1) outside.push(edit);
    else inside.set(place, [...(inside.get(place) ?? []), edit]);
  }
  const result = outside;
  for (const [slot, place] of order.entries()) {
    const own = inside.get(place) ?? [];
    if (place === slot) {
      result.push(...own);
      continue;
    }
    const { start, end } = ranges[place]!;
    const moved = own.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    result.push({ ...ranges[slot]!, with: splice(document.bytes.subarray(start, end), moved) });
  }
  if (order.length < ranges.length) {
    result.push(...removeElements(document, array, (slot) => slot >= order.length));
  }
  return result;
}

/** The element in which an edit lies, by bisection; -1: in none. */
function placeOf(ranges: readonly { start: number; end: number }[], edit: Edit): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const { start, end } = ranges[middle]!;
    if (edit.end > end) low = middle + 1;
    else if (edit.start < start) high = middle - 1;
    else return middle;
  }
  return -1;
}
