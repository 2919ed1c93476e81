const DOMAIN = '[a-z0-9-]{1,63}(?:\\.[a-z0-9-]{1,63}){0,8}\\.[a-z]{2,24}';
/**
 * One character in another spelling: escapes of programming languages, percent and HTML encodings twice over, quoted
 * printable (RFC 2045 section 6.7), UTF-7 (RFC 2152), an address spelled out, and track 1 of a card (ISO 7813), whose
 * beginning looks like a percent encoding.
 */
const SPELLINGS = [
  '\\\\{1,8}(?:x|u0{6}|u00)([0-9a-f]{2})',
  '\\\\{1,8}u\\{0{0,4}([0-9a-f]{2})\\}',
  '\\\\{1,8}([01][0-7]{2})',
  '%25(?:25){0,4}([0-9a-f]{2})',
  '&amp;(?:amp;){0,4}#x0{0,6}([0-9a-f]{2});?',
  '&#x0{0,6}(40)(?![0-9a-f]);?',
  '(?:&amp;(?:amp;){0,4}|&)#0{0,6}(\\d{2,3})(?!\\d);?',
  `(=40(?=${DOMAIN}\\b)|\\+AEA-|\\\\{1,2}100(?=[a-z])|[ \\t]?[[({][ ]?at[ ]?[\\])}][ \\t]?|[ \\t]@[ \\t](?=${DOMAIN}))`,
  '([ \\t]?[[({][ ]?dot[ ]?[\\])}][ \\t]?)',
  '%B(\\d)(?=\\d{11,18}\\^)',
];
const SPELLING = new RegExp(SPELLINGS.join('|'), 'gi');
/** The same and any character in quoted printable, for texts that have more of it than an `=` in front of a number. */
const QUOTED_SPELLING = new RegExp([...SPELLINGS, '=([2-7][0-9a-f])'].join('|'), 'gi');
const QUOTED = /(?:=[2-7][0-9A-F]){2}|=(?:2[BDEF]|3A|5F)|=20[^\s=]{1,12}=[2-7][0-9A-F]/;

/** A text as its reader undoes it, and where each of its characters stands. */
export interface Undone {
  readonly text: string;
  /** Of each spelling: its place in `text`, and where it begins and ends in the original. Ascending. */
  readonly places: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Collects an undone text. */
class Undoing {
  readonly places: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  text = '';
  readonly #original: string;
  #at = 0;

  constructor(original: string) {
    this.#original = original;
  }

  put(start: number, end: number, character: string): void {
    this.text += this.#original.slice(this.#at, start);
    this.places.push(this.text.length);
    this.starts.push(start);
    this.ends.push(end);
    this.text += character;
    this.#at = end;
  }

  done(): Undone | null {
    if (this.places.length === 0) return null;
    this.text += this.#original.slice(this.#at);
    return this;
  }
}

/** The text with every spelling undone; null when it has none. */
export function undo(text: string): Undone | null {
  const undoing = new Undoing(text);
  for (const match of text.matchAll(QUOTED.test(text) ? QUOTED_SPELLING : SPELLING)) {
    const spelled = meaningOf(match);
    if (spelled !== null) undoing.put(match.index, match.index + match[0].length, spelled);
  }
  return undoing.done();
}

/** The character that a spelling stands for; null: none that could be part of a value. */
function meaningOf(match: RegExpExecArray): string | null {
  const [, x, u, octal, percent, entity, at, decimal, sign, dot, first, quoted] = match;
  if (sign !== undefined) return '@';
  if (dot !== undefined) return '.';
  if (first !== undefined) return first;
  const hex = x ?? u ?? percent ?? entity ?? at ?? quoted;
  const code =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : octal !== undefined
        ? Number.parseInt(octal, 8)
        : Number(decimal);
  return isPrintable(code) ? String.fromCharCode(code) : null;
}

const isPrintable = (code: number) => code >= 0x20 && code < 0x7f;
