import { type Edit, type JsonDocument, Kind } from './types.ts';

/**
 * Edits that remove elements of an array, with the commas that would be left over.
 * The kept elements and the white space around them stay as they are.
 */
export function removeElements(
  document: JsonDocument,
  array: number,
  removed: (place: number, token: number) => boolean,
): Edit[] {
  const edits: Edit[] = [];
  let keptEnd = -1;
  let gapStart = -1;
  let place = 0;
  for (const token of document.elements(array)) {
    const { start, end } = valueRange(document, token);
    if (removed(place++, token)) {
      if (gapStart === -1) gapStart = keptEnd === -1 ? start : keptEnd;
      // Behind a kept element the comma before this one goes; the edit grows while the run of removals does.
      if (keptEnd !== -1) pushOrGrow(edits, gapStart, end);
      continue;
    }
    // At the front of the array the comma after the removed ones goes.
    if (gapStart !== -1 && keptEnd === -1) edits.push({ start: gapStart, end: start, with: '' });
    keptEnd = end;
    gapStart = -1;
  }
  if (gapStart !== -1 && keptEnd === -1) {
    // Nothing is kept: all between the brackets goes.
    edits.push({ start: document.start(array) + 1, end: document.end(array) - 1, with: '' });
  }
  return edits;
}

function pushOrGrow(edits: Edit[], start: number, end: number): void {
  const last = edits.at(-1);
  if (last !== undefined && last.start === start) edits[edits.length - 1] = { start, end, with: '' };
  else edits.push({ start, end, with: '' });
}

/** The value of an object's only member, when that has this name and is a string; else -1. */
export function soleString(document: JsonDocument, object: number, name: string): number {
  const key = object + 1;
  if (document.kind(key) !== Kind.Key || document.kind(key + 1) !== Kind.String) return -1;
  return document.kind(document.next(key + 1)) === Kind.Close && document.string(key) === name ? key + 1 : -1;
}

/** The bytes of a whole value, quotes included. */
export function valueRange(document: JsonDocument, token: number): { start: number; end: number } {
  const quotes = document.kind(token) === Kind.String || document.kind(token) === Kind.Key ? 1 : 0;
  return { start: document.start(token) - quotes, end: document.end(token) + quotes };
}
