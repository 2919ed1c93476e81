import { isUtf8 } from 'node:buffer';
import { gunzipSync, inflateSync } from 'node:zlib';
import { CLASS, KEY } from './bytes.ts';
import type { Run } from './secrets.ts';

/** What is shorter holds no finding: `a@b.cc` in hexadecimal is twelve. */
const SHORTEST = 12;
const PAD = 0x3d;
const MOST_PADDING = 6;
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
  for (let first = 0; text.length - first >= SHORTEST; first++) {
    let end = first;
    while (end < text.length && isEncoding(text.charCodeAt(end))) end++;
    if (end - first >= SHORTEST) {
      const padded = paddedEnd(text, end);
      left -= padded - first;
      if (left < 0) break;
      const word = text.slice(first, padded);
      const decoded = decode(word);
      if (decoded !== undefined) blobs.push({ start: start + first, end: start + padded, decoded });
      else if (word.includes('/')) blobs.push(...segmentsOf(word, start + first));
      end = Math.max(end, padded - 1);
    }
    first = end;
  }
  return blobs;
}

const isEncoding = (code: number) => code !== PAD && (CLASS[code]! & KEY) !== 0;

function paddedEnd(text: string, end: number): number {
  let padded = end;
  while (padded < text.length && padded - end < MOST_PADDING && text.charCodeAt(padded) === PAD) padded++;
  return padded;
}

/** The encoded texts among the segments of a path. */
function segmentsOf(path: string, start: number): Blob[] {
  const blobs: Blob[] = [];
  for (const { 0: word, index } of path.matchAll(/[A-Za-z0-9_-]{12,}={0,6}/g)) {
    const decoded = decode(word);
    if (decoded !== undefined)
      blobs.push({ start: start + index, end: start + index + word.length, decoded });
  }
  return blobs;
}

/** What a word of base64 or hexadecimal digits says; undefined: no text. */
export function decode(encoded: string): Buffer | undefined {
  const word = /^0x/i.test(encoded) ? encoded.slice(2) : encoded;
  if (word.length < SHORTEST) return undefined;
  if (word.length % 2 === 0 && /^[0-9a-f]+$/i.test(word)) {
    const bytes = Buffer.from(word, 'hex');
    if (isText(bytes)) return bytes;
  }
  // A word of one alphabet decodes to noise: most do not get further than here.
  if (!/[A-Z]/.test(word)) return undefined;
  if (!/[a-z]/.test(word)) return /^[A-Z2-7]{16,}=*$/.test(word) ? textIn(fromBase32(word)) : undefined;
  return textIn(Buffer.from(word, 'base64'));
}

/** What bytes say: as they are, as UTF-16, or once they are inflated. */
function textIn(bytes: Buffer): Buffer | undefined {
  if (isText(bytes)) return bytes;
  const plain = fromUtf16(bytes) ?? inflated(bytes);
  return plain !== undefined && isText(plain) ? plain : undefined;
}

/** UTF-16 of ASCII, either way round. */
function fromUtf16(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 12 || bytes.length % 2 === 1) return undefined;
  const from = bytes[0] === 0xff && bytes[1] === 0xfe ? 2 : 0;
  const high = bytes[from] === 0 ? 0 : 1;
  for (let at = from + high; at < bytes.length; at += 2) if (bytes[at] !== 0) return undefined;
  return bytes.subarray(from).filter((_, at) => at % 2 !== high) as Buffer;
}

/** RFC 1952 and RFC 1950, told by how they begin. */
function inflated(bytes: Buffer): Buffer | undefined {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip && !(bytes[0] === 0x78 && bytes.length > 2 && bytes.readUInt16BE(0) % 31 === 0))
    return undefined;
  try {
    return (isGzip ? gunzipSync : inflateSync)(bytes, { maxOutputLength: DECODING_BUDGET });
  } catch {
    return undefined;
  }
}

/** RFC 4648 section 6. */
function fromBase32(word: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of word.replace(/=+$/, '')) {
    held = ((held << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(character)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >>> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

/** Whether bytes are a text, or near enough to one. */
export function isText(bytes: Buffer): boolean {
  if (bytes.length < 6) return false;
  const beyondAscii = isUtf8(bytes) ? 1 : 0.5;
  let printable = 0;
  for (const byte of bytes) {
    if ((byte >= 0x20 && byte < 0x7f) || byte === 10 || byte === 13 || byte === 9) printable++;
    else if ((byte >= 0x80 && byte < 0xc0) || (byte >= 0xc2 && byte < 0xf5)) printable += beyondAscii;
  }
  return printable >= bytes.length * PRINTABLE;
}
