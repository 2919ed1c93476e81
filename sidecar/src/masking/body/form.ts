import { isUtf8 } from 'node:buffer';
import { CodedError } from '@rankguard/contract';
import { splice } from '../../json/index.ts';
import type { BodyTools } from './index.ts';

const PAIR = '[^\\s=&{}<>"\']{1,256}=[^\\s&{}<>"]*';
const FORM = new RegExp(`^${PAIR}(?:&${PAIR})*&?\\r?\\n?$`);
const NO_PLACES = { queries: [], documents: [], results: [] };

/** Whether a text is what an HTML form sends: pairs, and nothing that such a form would have encoded. */
export function isForm(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  // One pair may as well be an assignment in prose, or base64 with its padding.
  if (!text.includes('=') || /={1,2}\s*$/.test(text)) return false;
  if (text.includes('://') && !text.includes('&')) return false;
  return FORM.test(text);
}

/**
 * Masks application/x-www-form-urlencoded (URL standard, section 5): rules by name hold for its names, detectors
 * look at decoded names and values. Pairs without a change stay as they are.
 */
export function maskForm(bytes: Buffer, tools: BodyTools): Buffer {
  const text = bytes.toString('latin1');
  const ending = /\r?\n?$/.exec(text)?.[0] ?? '';
  const pairs = text.slice(0, text.length - ending.length).split('&');
  const kept = pairs.map((pair) => maskPair(pair, tools)).filter((pair) => pair !== null);
  return Buffer.from(kept.join('&') + ending, 'latin1');
}

function maskPair(pair: string, tools: BodyTools): string | null {
  if (pair === '') return pair;
  const equals = pair.indexOf('=');
  const name = decode(equals === -1 ? pair : pair.slice(0, equals));
  const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
  const masked = maskMember(name, value, tools);
  if (masked === null) return null;
  if (masked.name === name && masked.value === value) return pair;
  const encodedName = masked.name === name && equals !== -1 ? pair.slice(0, equals) : encode(masked.name);
  if (equals === -1) return encodedName;
  return `${encodedName}=${masked.value === value ? pair.slice(equals + 1) : encode(masked.value)}`;
}

/** A name and its text as the member of an object that they are to every rule; null: it goes. */
export function maskMember(
  name: string,
  value: string,
  { masker, reader }: Pick<BodyTools, 'masker' | 'reader'>,
): { readonly name: string; readonly value: string } | null {
  const bytes = Buffer.from(JSON.stringify({ [name]: value }));
  const read = reader.read(bytes);
  if (!read.ok) throw new CodedError(read.code, `a field of the form: ${read.message}`);
  const { edits } = masker.json(read.document, NO_PLACES, []);
  if (edits.length === 0) return { name, value };
  const [entry] = Object.entries(JSON.parse(splice(bytes, edits).toString()) as Record<string, unknown>);
  return entry === undefined ? null : { name: entry[0], value: entry[1] === null ? '' : String(entry[1]) };
}

function decode(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const hex = code === 0x25 ? text.slice(at + 1, at + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else bytes.push(code === 0x2b ? 0x20 : code);
  }
  const decoded = Buffer.from(bytes);
  if (!isUtf8(decoded)) throw new CodedError('BODY_NOT_UTF8', 'a field of the form is not valid UTF-8');
  return decoded.toString('utf8');
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+');
}
