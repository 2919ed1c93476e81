import { type Edit, type JsonDocument, Kind } from '../json/types.ts';
import type { Outline } from './outline.ts';

/** Edits that take members and elements out of their containers, each with one comma. */
export function removalEdits(document: JsonDocument, outline: Outline, values: readonly number[]): Edit[] {
  const byParent = new Map<number, Set<number>>();
  for (const token of values) {
    const parent = outline.parent(token);
    const siblings = byParent.get(parent) ?? new Set();
    byParent.set(parent, siblings.add(token));
  }
  const edits: Edit[] = [];
  for (const [parent, leaving] of byParent) edits.push(...fromOne(document, parent, leaving));
  return edits;
}

interface Item {
  readonly start: number;
  readonly end: number;
  readonly leaves: boolean;
}

function fromOne(document: JsonDocument, parent: number, leaving: ReadonlySet<number>): Edit[] {
  const items = itemsOf(document, parent, leaving);
  const edits: Edit[] = [];
  let stayed = false;
  for (const [place, item] of items.entries()) {
    if (!item.leaves) {
      stayed = true;
      continue;
    }
    // Behind a neighbour that stays the comma in front goes, else the one behind.
    if (stayed) edits.push({ start: items[place - 1]!.end, end: item.end, with: '' });
    else edits.push({ start: item.start, end: items[place + 1]?.start ?? item.end, with: '' });
  }
  return edits;
}

function itemsOf(document: JsonDocument, parent: number, leaving: ReadonlySet<number>): Item[] {
  if (document.kind(parent) === Kind.Object) {
    return Array.from(document.members(parent), ([key, value]) => ({
      start: document.start(key) - 1,
      end: valueEnd(document, value),
      leaves: leaving.has(value),
    }));
  }
  return Array.from(document.elements(parent), (element) => ({
    start: valueStart(document, element),
    end: valueEnd(document, element),
    leaves: leaving.has(element),
  }));
}

/** First byte of a value, its quote included. */
export function valueStart(document: JsonDocument, token: number): number {
  return document.start(token) - (document.kind(token) === Kind.String ? 1 : 0);
}

/** Byte behind a value and its quote. */
export function valueEnd(document: JsonDocument, token: number): number {
  return document.end(token) + (document.kind(token) === Kind.String ? 1 : 0);
}
