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

const IDENTITY: ReadonlySet<string> = new Set(['', '7bit', '8bit', 'binary']);

/** RFC 2045, section 6. What is encoded again has lines of the length that mail may have. */
interface Transfer {
  /** Throws BODY_ENCODING for what is not in the encoding. */
  decode(content: Buffer): Buffer;
  encode(plain: Buffer): Buffer;
}

const CODINGS: ReadonlyMap<string, Transfer> = new Map([
  [
    'base64',
    {
      decode(content) {
        const text = content.toString('latin1').replace(/\s+/g, '');
        if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1)
          throw new CodedError(
            'BODY_ENCODING',
            'a part of the multipart body is not the base64 that it says',
          );
        return Buffer.from(text, 'base64');
      },
      encode: (plain) => Buffer.from((plain.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n')),
    },
  ],
  [
    'quoted-printable',
    {
      decode(content) {
        const text = content.toString('latin1').replace(/=[ \t]*\r?\n/g, '');
        if (/=(?![0-9A-Fa-f]{2})/.test(text))
          throw new CodedError(
            'BODY_ENCODING',
            'a part of the multipart body is not the quoted-printable that it says',
          );
        const plain = text.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        return Buffer.from(plain, 'latin1');
      },
      encode: quotedPrintable,
    },
  ],
]);

/** Each line in pieces of at most 72 characters, with soft line breaks between. */
function quotedPrintable(plain: Buffer): Buffer {
  const lines = plain.toString('latin1').split('\r\n');
  const encoded = lines.map((line) => {
    const units = line.replace(/[^\t\x20-\x3c\x3e-\x7e]|[\t ]$/g, (sign) => {
      return `=${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
    });
    return (units.match(/(?:=..|[^=]){1,24}/gs) ?? []).join('=\r\n');
  });
  return Buffer.from(encoded.join('\r\n'), 'latin1');
}

interface Part {
  readonly name: string | null;
  readonly type: string;
  readonly coding: string;
  readonly file: boolean;
}

function maskContent(content: Buffer, { name, type, coding, file }: Part, tools: BodyTools): Buffer | null {
  const transfer = IDENTITY.has(coding) ? null : CODINGS.get(coding);
  if (transfer === undefined)
    throw new CodedError('BODY_ENCODING', 'a part of the multipart body is in an encoding that is not known');
  if (transfer !== null) {
    const plain = transfer.decode(content);
    const masked = maskContent(plain, { name, type, coding: '', file }, tools);
    if (masked === null) return null;
    return masked.equals(plain) ? content : transfer.encode(masked);
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
