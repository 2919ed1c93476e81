import type { PartialDocument } from '../facts/documents.ts';

/**
 * The value of an attribute of a candidate as JSON text: `id`, or a path below `fields`. `null` when the candidate
 * has no such attribute, as when its value is null.
 */
export function attributeOf(document: PartialDocument | undefined, by: string): string {
  if (by === 'id') return JSON.stringify(document?.id ?? null);
  let value: unknown = document;
  for (const member of by.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, member)) return 'null';
    value = (value as Readonly<Record<string, unknown>>)[member];
  }
  return JSON.stringify(value ?? null);
}
