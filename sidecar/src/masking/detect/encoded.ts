import type { Run } from './secrets.ts';

/** What is shorter holds no finding: `a@b.cc` in hexadecimal is twelve. */
const SHORTEST = 12;
/** Encoded bytes that one call decodes. */
export const DECODING_BUDGET = 256 * 1024;
/** Share of a decoded text that must be printable for it to be a text. */
const PRINTABLE = 0.9;

/** An encoded text in a run of key characters: where it stands, and what it says. */
export interface Blob {
  readonly start: number;
  readonly end: number;
  readonly decoded: Buffer;
}

/** The base64 (RFC 4648 sections 4 and 5) or hexadecimal texts in a run, of at most `budget` characters. */
export function blobsIn({ start, text }: Run, budget: number): Blob[] {
  const blobs: Blob[] = [];
  let left = budget;
  for (const { 0: word, index } of text.matchAll(/[A-Za-z0-9+/_-]{12,}={0,2}/g)) {
    if (word.length > left) break;
    left -= word.length;
    const decoded = decode(word);
    if (decoded !== undefined)
      blobs.push({ start: start + index, end: start + index + word.length, decoded });
  }
  return blobs;
}

function decode(word: string): Buffer | undefined {
  if (word.length < SHORTEST) return undefined;
  if (word.length % 2 === 0 && /^[0-9a-f]+$/i.test(word)) {
    const bytes = Buffer.from(word, 'hex');
    if (isText(bytes)) return bytes;
  }
  // A word of one alphabet decodes to noise: most do not get further than here.
  if (!/[A-Z]/.test(word) || !/[a-z]/.test(word)) return undefined;
  const bytes = Buffer.from(word, 'base64');
  return isText(bytes) ? bytes : undefined;
}

function isText(bytes: Buffer): boolean {
  if (bytes.length < 6) return false;
  let printable = 0;
  for (const byte of bytes) {
    if ((byte >= 0x20 && byte < 0x7f) || byte === 10 || byte === 13 || byte === 9) printable++;
    else if (byte >= 0xc2 && byte < 0xf5) printable += 0.5;
    else if (byte >= 0x80 && byte < 0xc0) printable += 0.5;
  }
  return printable >= bytes.length * PRINTABLE;
}
