import { CodedError } from '@rankguard/contract';
import { maskMember } from './form.ts';
import { type BodyTools, maskBody, maskText } from './index.ts';

/** The boundary of a multipart body (RFC 2046, section 5.1), from its type or its first line; null: it is none. */
export function boundaryOf(bytes: Buffer, contentType: string | null): string | null {
  if (contentType !== null) {
    if (!/^\s*multipart\//i.test(contentType)) return null;
    const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType);
    const boundary = found?.[1] ?? found?.[2];
    if (boundary === undefined) throw new CodedError('BODY_ENCODING', 'the multipart body has no boundary');
    return boundary;
  }
  const head = bytes.toString('latin1', 0, 1024);
  const found = /^(?:\r?\n)*--([0-9A-Za-z'()+_,./:=? -]{1,70})\r?\n(?=[A-Za-z-]{1,64}:)/.exec(head);
  return found?.[1] ?? null;
}

/** Masks the text parts of a multipart body. Parts that are not text are refused, or left out. */
export function maskMultipart(bytes: Buffer, boundary: string, tools: BodyTools): Buffer {
  const text = bytes.toString('latin1');
  const delimiter = `--${boundary}`;
  const places = delimiters(text, delimiter);
  const closing = places.at(-1);
  if (places.length < 2 || closing === undefined || !text.startsWith('--', closing + delimiter.length)) {
    throw new CodedError('BODY_ENCODING', 'the multipart body does not end with its boundary');
  }
  // Preamble and epilogue are no part; readers ignore them, but they would pass.
  let out = maskPlain(text.slice(0, places[0]), tools);
  for (const [place, start] of places.slice(0, -1).entries()) {
    const part = text.slice(start + delimiter.length, places[place + 1]);
    const masked = maskPart(part, tools);
    if (masked !== null) out += delimiter + masked;
  }
  const end = closing + delimiter.length + 2;
  return Buffer.from(`${out}${delimiter}--${maskPlain(text.slice(end), tools)}`, 'latin1');
}

/** Where the delimiter stands at the beginning of a line. */
function delimiters(text: string, delimiter: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(delimiter); at !== -1; at = text.indexOf(delimiter, at + 1)) {
    const behind = text.slice(at + delimiter.length, at + delimiter.length + 2);
    if ((at === 0 || text[at - 1] === '\n') && /^(?:--|[ \t]*\r?\n?)/.test(behind)) places.push(at);
  }
  return places;
}

/** What stands between two delimiters; null: the part goes. */
function maskPart(part: string, tools: BodyTools): string | null {
  const match = /^([ \t]*\r?\n)((?:[^\r\n]+\r?\n)*)(\r?\n)([\s\S]*?)(\r?\n)?$/.exec(part);
  if (match === null) throw new CodedError('BODY_ENCODING', 'a part of the multipart body has no header');
  const [, start = '', headers = '', empty = '', content = '', end = ''] = match;
  const disposition = header(headers, 'content-disposition');
  const name = /[;\s]name="?([^";\r\n]*)"?/i.exec(disposition)?.[1] ?? null;
  const type = header(headers, 'content-type').split(';')[0]!.trim().toLowerCase();
  const coding = header(headers, 'content-transfer-encoding').trim().toLowerCase();
  try {
    const masked = maskContent(
      Buffer.from(content, 'latin1'),
      { name, type, coding, file: /filename/i.test(disposition) },
      tools,
    );
    if (masked === null) return null;
    return start + maskPlain(headers, tools) + empty + masked.toString('latin1') + end;
  } catch (error) {
    if (tools.unreadable === 'drop') return null;
    throw error;
  }
}

interface Part {
  readonly name: string | null;
  readonly type: string;
  readonly coding: string;
  readonly file: boolean;
}

function maskContent(content: Buffer, { name, type, coding, file }: Part, tools: BodyTools): Buffer | null {
  if (coding !== '' && coding !== '7bit' && coding !== '8bit' && coding !== 'binary') {
    throw new CodedError('BODY_ENCODING', `a part of the multipart body is in ${coding}`);
  }
  const textual = type === '' || /^text\/|[/+](?:json|xml|x-ndjson|x-www-form-urlencoded)$/.test(type);
  if (!textual) throw new CodedError('BODY_ENCODING', `a part of the multipart body is of type ${type}`);
  const structured = file || /json|x-www-form/.test(type);
  if (name === null || structured) {
    return maskBody(content, { ...tools, contentType: type === 'text/plain' ? null : type || null }).body;
  }
  const value = content.toString('utf8');
  const masked = maskMember(name, value, tools);
  if (masked === null) return null;
  return masked.value === value ? content : Buffer.from(masked.value);
}

/** The value of a header field of a part, or ''. */
function header(headers: string, name: string): string {
  const lines = headers.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const line = lines.find((one) => one.toLowerCase().startsWith(`${name}:`));
  return line === undefined ? '' : line.slice(name.length + 1);
}

function maskPlain(text: string, tools: BodyTools): string {
  return text === '' ? '' : maskText(Buffer.from(text, 'latin1'), tools).toString('latin1');
}
