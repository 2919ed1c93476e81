/** The bytes that every upstream of this suite answers with, made here for the ones in this process. */

const FILLER = 'and the parcel was sent on its way once more, ';

export function answerText(
  texts: readonly string[],
  spell: (text: string) => string = JSON.stringify,
): string {
  const results = texts.map(
    (text, index) => `{"index":${index},"text":${spell(text)},"score":${1 / (index + 1)}}`,
  );
  return `[${results.join(',')}]`;
}

export function escaped(text: string): string {
  return JSON.stringify(text).replace(/[@4]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

/** Half a megabyte around each document. */
export function long(text: string): string {
  const half = FILLER.repeat(Math.floor(250_000 / FILLER.length));
  return JSON.stringify(half + text + half);
}

export interface ErrorAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export function errorAnswer(name: string, texts: readonly string[]): ErrorAnswer | undefined {
  const message = `invalid input: ${texts.join(' | ')}`;
  const answers: Readonly<Record<string, ErrorAnswer>> = {
    'error-400-json': {
      status: 400,
      type: 'application/json',
      text: JSON.stringify({ error: message, error_type: 'Validation' }),
    },
    'error-500-json': { status: 500, type: 'application/json', text: JSON.stringify({ message }) },
    'error-400-text': { status: 400, type: 'text/plain; charset=utf-8', text: message },
    'error-500-text': { status: 500, type: 'text/plain; charset=utf-8', text: message },
    'error-500-html': {
      status: 500,
      type: 'text/html; charset=utf-8',
      text: `<html><body><pre>${message}</pre></body></html>`,
    },
  };
  return answers[name];
}

export function pieces(body: Buffer, size: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) parts.push(body.subarray(at, at + size));
  return parts;
}

/** Long enough for everything before it to have arrived on its own. */
export const PAUSE_MS = 20;
