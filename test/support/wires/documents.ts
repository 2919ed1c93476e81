import { parse } from 'yaml';
import type { Candidate } from './types.ts';

export type Members = Readonly<Record<string, unknown>>;
export const members = (value: unknown) => value as Members;
export const list = (value: unknown) => value as readonly unknown[];

/** The value at a path of names; undefined where one of them is missing. */
export const at = (value: unknown, ...names: readonly string[]) =>
  names.reduce<unknown>((found, name) => (found === undefined ? undefined : members(found)[name]), value);

/** Opens a document however it is wrapped: JSON or YAML in a string, an object with a text, an object. */
export function opened(value: unknown): Candidate {
  if (typeof value === 'string') return value.startsWith('{') ? JSON.parse(value) : parse(value);
  const object = members(value);
  const inner =
    at(object, 'inlineDocumentSource') ?? at(object, 'textDocument') ?? at(object, 'jsonDocument');
  if (inner !== undefined) return opened(inner);
  const names = Object.keys(object);
  return names.length === 1 && names[0] === 'text' ? opened(object['text']) : (object as Candidate);
}

/** As LangChain writes documents: one member in a line. */
export const toYaml = (candidate: Candidate) =>
  Object.entries(candidate)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
    .join('');

export const asText = (candidate: Candidate): unknown => JSON.stringify(candidate);
export const asTextObject = (candidate: Candidate): unknown => ({ text: JSON.stringify(candidate) });
export const asObject = (candidate: Candidate): unknown => candidate;
