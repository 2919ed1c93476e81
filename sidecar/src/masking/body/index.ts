import { isUtf8 } from 'node:buffer';
import { CodedError } from '@rankguard/contract';
import { type JsonReader, splice } from '../../json/index.ts';
import { findInvalidUtf8 } from '../../json/utf8.ts';
import { createStreamMasker } from '../stream/index.ts';
import type { Masker } from '../types.ts';
import { isForm, maskForm } from './form.ts';
import { boundaryOf, maskMultipart } from './multipart.ts';

/** What a body turned out to be. */
export type BodyForm = 'json' | 'json-lines' | 'form' | 'multipart' | 'stream' | 'text';

export interface MaskedBody {
  readonly form: BodyForm;
  readonly body: Buffer;
}

export interface BodyOptions {
  readonly masker: Masker;
  readonly createReader: () => JsonReader;
  /** The body's own, when it is known; else its first characters say what it is. */
  readonly contentType?: string | null;
  /** What is done about a part that cannot be read. */
  readonly unreadable?: 'refuse' | 'drop';
}

/** What masking needs at each level of a body. */
export interface BodyTools extends BodyOptions {
  readonly reader: JsonReader;
  readonly unreadable: 'refuse' | 'drop';
}

const NO_PLACES = { queries: [], documents: [], results: [] };

/**
 * Masks a body of any form that is known: JSON, JSON Lines, a form, multipart, an event stream, plain text.
 * Throws CodedError for what cannot be read; nothing of it may be sent then.
 */
export function maskBody(bytes: Buffer, options: BodyOptions): MaskedBody {
  const { unreadable = 'refuse' } = options;
  const tools = { ...options, unreadable, reader: options.createReader() };
  const type = (options.contentType ?? '').split(';')[0]!.trim().toLowerCase();
  const boundary = boundaryOf(bytes, options.contentType ?? null);
  if (boundary !== null) return { form: 'multipart', body: maskMultipart(bytes, boundary, tools) };
  if (type === 'application/x-www-form-urlencoded') return { form: 'form', body: maskForm(bytes, tools) };
  if (type === 'text/plain') return { form: 'text', body: splice(bytes, tools.masker.text(bytes).edits) };
  if (!isUtf8(bytes))
    throw new CodedError(
      'BODY_NOT_UTF8',
      `the body: an invalid UTF-8 sequence at byte ${findInvalidUtf8(bytes)}`,
    );
  const head = bytes.toString('utf8', 0, 256);
  if (type === 'text/event-stream' || (type === '' && STREAM.test(head))) {
    const stream = createStreamMasker({ ...options, kind: null });
    return { form: 'stream', body: Buffer.concat([stream.push(bytes), stream.end()]) };
  }
  if (JSON_START.test(head) || /[/+]json$/.test(type)) {
    const masked = maskJson(bytes, tools, type !== '' && !/ndjson|jsonl|json-seq/.test(type));
    if (masked !== null) return masked;
  }
  if (type === '' && isForm(bytes)) return { form: 'form', body: maskForm(bytes, tools) };
  return { form: 'text', body: maskText(bytes, tools) };
}

/** An event's field at the beginning of the body. */
const STREAM = /^\ufeff?(?:data|event):[^\n]*\r?\n/;
const JSON_START = /^\ufeff?[ \t\r\n]*[{["]/;
/** How JSON goes on: prose in brackets does not. */
const JSON_LIKE = /^\ufeff?[ \t\r\n]*(?:\{[ \t\r\n]*["}]|\[[ \t\r\n]*(?:["{[\]]|-?\d|(?:true|false|null)\b))/;

function maskJson(bytes: Buffer, tools: BodyTools, strict: boolean): MaskedBody | null {
  const read = tools.reader.read(bytes);
  if (read.ok) {
    const { edits } = tools.masker.json(read.document, NO_PLACES, []);
    return { form: 'json', body: splice(bytes, edits) };
  }
  const lines = strict || read.code !== 'BODY_NOT_JSON' ? null : maskLines(bytes, tools);
  if (lines !== null) return { form: 'json-lines', body: lines };
  const like = strict || read.code !== 'BODY_NOT_JSON' || JSON_LIKE.test(bytes.toString('utf8', 0, 256));
  // Half of a JSON text is not prose: its fields cannot be told, so no rule by name would hold.
  if (like) throw new CodedError(read.code, `the body: ${read.message}`);
  return null;
}

/** JSON Lines; null when a line is something else. */
function maskLines(bytes: Buffer, { reader, masker }: BodyTools): Buffer | null {
  const pieces: Buffer[] = [];
  let values = 0;
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    const line = bytes.subarray(at, end);
    at = end;
    if (/^\s*$/.test(line.toString('latin1', 0, 64)) && line.toString('utf8').trim() === '') {
      pieces.push(line);
      continue;
    }
    const read = reader.read(line);
    if (!read.ok) return refuseLine(read.code, read.message, values);
    values++;
    pieces.push(splice(line, masker.json(read.document, NO_PLACES, []).edits));
  }
  return Buffer.concat(pieces);
}

/** After lines that are JSON, one that is not cannot be taken for prose. */
function refuseLine(code: CodedError['code'], message: string, values: number): null {
  if (values === 0) return null;
  throw new CodedError(code, `line ${values + 1} of the body: ${message}`);
}

/** Plain text. Control characters say that it is none. */
export function maskText(bytes: Buffer, { masker }: Pick<BodyTools, 'masker'>): Buffer {
  if (bytes.includes(0))
    throw new CodedError('BODY_ENCODING', 'the body is neither text nor a form that is known');
  return splice(bytes, masker.text(bytes).edits);
}
