import { type Edit, type JsonDocument, Kind } from '../json/types.ts';
import type { Outline } from './outline.ts';
import { valueEnd, valueStart } from './removal.ts';

/** Members whose text names the value beside it: `{"name": "password", "value": "…"}`. */
const NAMING = ['name', 'key', 'field', 'label', 'header', 'attribute', 'property', 'parameter'];

/** Whether a member's name says no more than that it is the value of something. */
export function isValueName(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length !== 5 && length !== 3) return false;
  const name = bytes.toString('latin1', start, end).toLowerCase();
  return name === 'value' || name === 'val';
}

/** The string token that names the value of this key, or -1. */
export function namingSibling(document: JsonDocument, outline: Outline, key: number): number {
  const object = outline.parent(key);
  for (const name of NAMING) {
    const token = object === -1 ? -1 : document.get(object, name);
    if (token !== -1 && document.kind(token) === Kind.String) return token;
  }
  return -1;
}

/** Whether a key is `logprobs`, which repeats a text piece by piece. */
export function isEchoName(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 8 && bytes.toString('latin1', start, end) === 'logprobs';
}

/** Edits that take away the echoes of texts that were masked. */
export function echoEdits(
  document: JsonDocument,
  outline: Outline,
  echoes: readonly number[],
  edits: readonly Edit[],
): Edit[] {
  return echoes
    .filter((token) => {
      const around = outline.parent(token);
      if (around === -1 || document.kind(token) === Kind.Literal) return false;
      const from = document.start(around);
      const to = document.end(around);
      return edits.some(({ start, end }) => start >= from && end <= to);
    })
    .map((token) => ({ start: valueStart(document, token), end: valueEnd(document, token), with: 'null' }));
}
