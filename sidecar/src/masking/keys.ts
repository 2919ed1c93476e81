import type { Edit, JsonDocument } from '../json/index.ts';
import type { Outline } from './outline.ts';

/** Edits of member names, by key token; ascending and not empty. */
export type KeyEdits = ReadonlyMap<number, readonly Edit[]>;

/**
 * Makes masked names distinct: two members of an object whose names became the same get a number, so that the
 * object keeps its structure.
 */
export function distinctKeys(document: JsonDocument, outline: Outline, edits: KeyEdits): Edit[] {
  const byObject = new Map<number, number[]>();
  for (const key of edits.keys()) {
    const object = outline.parent(key);
    const keys = byObject.get(object);
    if (keys === undefined) byObject.set(object, [key]);
    else keys.push(key);
  }
  const result: Edit[] = [];
  for (const [object, keys] of byObject) {
    const taken = new Set<string>();
    for (const [key] of document.members(object)) if (!edits.has(key)) taken.add(document.string(key));
    const next = new Map<string, number>();
    for (const key of keys) result.push(...distinct(document, key, edits.get(key) ?? [], taken, next));
  }
  return result;
}

function distinct(
  document: JsonDocument,
  key: number,
  edits: readonly Edit[],
  taken: Set<string>,
  next: Map<string, number>,
): readonly Edit[] {
  const first = maskedName(document, key, edits);
  let name = first;
  let numbered = edits;
  let number = next.get(first) ?? 2;
  while (taken.has(name)) {
    const last = edits.at(-1)!;
    numbered = [...edits.slice(0, -1), { ...last, with: `${last.with.toString()}_${number++}` }];
    name = maskedName(document, key, numbered);
  }
  next.set(first, number);
  taken.add(name);
  return numbered;
}

/** The decoded name of a key after its edits. */
function maskedName(document: JsonDocument, key: number, edits: readonly Edit[]): string {
  let text = '';
  let at = document.start(key);
  for (const { start, end, with: replacement } of edits) {
    text += document.bytes.toString('utf8', at, start) + replacement.toString();
    at = end;
  }
  text += document.bytes.toString('utf8', at, document.end(key));
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}
