import { type Edit, Flag, type JsonDocument, type JsonReader } from '../json/types.ts';
import type { Scanner } from './scanner.ts';

/** How deep JSON in strings in strings is opened. */
export const DEEPEST = 3;

/** What a string turned out to hold. */
export type Nested =
  | { readonly kind: 'text' }
  | { readonly kind: 'json'; readonly document: JsonDocument }
  /** JSON to some readers but not to a strict one: what it says cannot be told. */
  | { readonly kind: 'ambiguous' };

const TEXT: Nested = { kind: 'text' };
const AMBIGUOUS: Nested = { kind: 'ambiguous' };
const OPENING = /^[ \t\r\n]*[{["]/;

/** Reads the JSON in a string, when it begins like JSON. `reader` must not be the one of `document`. */
export function openString(document: JsonDocument, token: number, reader: () => JsonReader): Nested {
  const start = document.start(token);
  const first = document.bytes[start]!;
  // An escape may stand for a quote, a bracket or white space.
  if (first !== 0x7b && first !== 0x5b && first !== 0x5c && first !== 0x20) return TEXT;
  if (document.end(token) - start < 2) return TEXT;
  const text = document.string(token);
  if (!OPENING.test(text)) return TEXT;
  const result = reader().read(Buffer.from(text));
  if (result.ok) return { kind: 'json', document: result.document };
  return result.code === 'BODY_NOT_JSON' ? TEXT : AMBIGUOUS;
}

/** A line of settings is no longer in front of its sign. */
const LONGEST_NAME = 100;

/** Whether a string may hold settings: several lines, of which the first has a `:` or `=`. */
export function maySettle(document: JsonDocument, token: number): boolean {
  if ((document.flags(token) & Flag.Escape) === 0) return false;
  const { bytes } = document;
  const start = document.start(token);
  const end = Math.min(document.end(token), start + LONGEST_NAME);
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x3a || byte === 0x3d) return bytes.subarray(at, document.end(token)).includes('\\n');
    if (byte === 0x5c && bytes[at + 1] === 0x6e && at > start) return false;
  }
  return false;
}

/** Turns edits of a string's decoded text into edits of the string's own text in its document. */
export function outerEdits(
  document: JsonDocument,
  token: number,
  inner: readonly Edit[],
  scanner: Scanner,
): Edit[] {
  const start = document.start(token);
  const pairs = new Uint32Array(inner.length * 2);
  for (const [place, edit] of inner.entries()) {
    pairs[place * 2] = edit.start;
    pairs[place * 2 + 1] = edit.end;
  }
  if ((document.flags(token) & Flag.Escape) !== 0) {
    scanner.locate(document.bytes.subarray(start, document.end(token)), pairs);
  }
  return inner.map((edit, place) => ({
    start: start + pairs[place * 2]!,
    end: start + pairs[place * 2 + 1]!,
    with: escaped(edit.with.toString()),
  }));
}

/** Printable ASCII that needs no escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A text as it stands between the quotes of a JSON string. */
export function escaped(text: string): string {
  if (PLAIN.test(text)) return text;
  return JSON.stringify(text).slice(1, -1);
}
