import { undo } from './spellings.ts';
import type { MaskLabel } from './types.ts';

const FORMAT = /\p{Cf}|\p{Default_Ignorable_Code_Point}/gu;
/** Tags of Unicode in a row: ASCII that is not shown. */
const TAGS = /[\u{e0020}-\u{e007e}]{2,}/gu;
/** Blocks of marks that combine with letters of any alphabet. */
const MARKS =
  /[\u0300-\u036f]|[\u0483-\u0489]|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\ufe20-\ufe2f]/g;
/** The first digits of the scripts' decimal digits; each has ten in a row (Unicode, general category Nd). */
const DIGIT = /\p{Nd}/gu;

/** A text with look-alikes as the plain characters they stand for. */
export function folded(value: string): string {
  return value
    .replace(MARKS, '')
    .replace(TAGS, (tags) =>
      [...tags].map((tag) => String.fromCharCode(tag.codePointAt(0)! - 0xe0000)).join(''),
    )
    .normalize('NFKC')
    .replace(FORMAT, '')
    .replace(DIGIT, plainDigit);
}

/** A text as a reader sees it, and where its parts stand in the text it was made from. */
export interface FoldedView {
  readonly text: string;
  /** Offsets of the original for a start and an end in the view. */
  start(at: number): number;
  end(at: number): number;
}

export function foldedView(original: string): FoldedView {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
  if (/^[\u0000-\u007f]*$/.test(original)) return { text: original, start: (at) => at, end: (at) => at };
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  let at = 0;
  for (const character of original) {
    const plain = folded(character);
    for (let unit = 0; unit < plain.length; unit++) {
      starts.push(at);
      ends.push(at + character.length);
    }
    text += plain;
    at += character.length;
  }
  return { text, start: (place) => starts[place] ?? at, end: (place) => ends[place - 1] ?? 0 };
}

/** Digits stand in rows of ten, so the row's zero is the last character before which no digit of the row stands. */
function plainDigit(digit: string): string {
  const code = digit.codePointAt(0)!;
  if (code < 0x80) return digit;
  let value = 0;
  while (value < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}

/** What is the same value to a person: addresses without case, numbers without separators. */
export function normalisedValue(entity: MaskLabel, value: string): string {
  if (entity === 'FIELD') return value.normalize('NFC').trim();
  const plain = folded(decoded(value)).trim();
  if (entity === 'EMAIL_ADDRESS') return plain.toLowerCase();
  if (VERBATIM.has(entity)) return plain;
  const letters = plain.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase();
  return entity === 'PHONE_NUMBER' ? letters.replace(/^00/, '') : letters;
}

/** Case and punctuation make these different values. */
const VERBATIM: ReadonlySet<string> = new Set(['SECRET', 'CRYPTO', 'URL_CREDENTIALS', 'IP_ADDRESS']);

/** JSON escapes, percent and HTML encodings of a value, undone; as it is when they are not well formed. */
export function decoded(value: string): string {
  const plain = (undo(value)?.text ?? value)
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (whole, hex?: string, decimal?: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
  if (!/%[0-9a-f]{2}/i.test(plain)) return plain;
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}
