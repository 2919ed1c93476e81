const DOMAIN = '[a-z0-9-]{1,63}(?:\\.[a-z0-9-]{1,63}){0,8}\\.[a-z]{2,24}';
/**
 * One character in another spelling: escapes of programming languages, percent and HTML encodings twice over, quoted
 * printable (RFC 2045 section 6.7), UTF-7 (RFC 2152), an address spelled out, and track 1 of a card (ISO 7813), whose
 * beginning looks like a percent encoding.
 */
const SPELLING = new RegExp(
  [
    '\\\\{1,2}x([0-9a-f]{2})',
    '\\\\{1,2}u\\{0{0,4}([0-9a-f]{2})\\}',
    '%25(?:25){0,4}([0-9a-f]{2})',
    '&amp;(?:amp;){0,4}#x0{0,6}([0-9a-f]{2});?',
    '&#x0{0,6}(40)(?![0-9a-f]);?',
    '(?:&amp;(?:amp;){0,4}|&)#0{0,6}(\\d{2,3})(?!\\d);?',
    `(=40(?=${DOMAIN}\\b)|\\+AEA-|\\\\{1,2}100(?=[a-z])|[ \\t]?[[({][ ]?at[ ]?[\\])}][ \\t]?|[ \\t]@[ \\t](?=${DOMAIN}))`,
    '([ \\t]?[[({][ ]?dot[ ]?[\\])}][ \\t]?)',
    '%B(\\d)(?=\\d{11,18}\\^)',
  ].join('|'),
  'gi',
);
/** Bytes written one by one, in hexadecimal, decimal or binary. */
const BYTES =
  /(?<![0-9a-z])(?:(?:(?:0x)?[0-9a-f]{2}[ :,-]{1,2}){6,4096}(?:0x)?[0-9a-f]{2}(?![0-9a-z])|(?:\d{2,3}[ ,]{1,2}){6,4096}\d{2,3}(?!\w)|(?:[01]{8} ?){6,4096})/gi;

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
  let after = 0;
  for (const { 0: run, index } of text.matchAll(BYTES)) {
    spellings(text, after, index, undoing);
    putBytes(run, index, undoing);
    after = index + run.length;
  }
  spellings(text, after, text.length, undoing);
  return undoing.done();
}

function spellings(text: string, from: number, to: number, undoing: Undoing): void {
  for (const match of text.slice(from, to).matchAll(SPELLING)) {
    const [whole, x, u, percent, entity, at, decimal, sign, dot, first] = match;
    const hex = x ?? u ?? percent ?? entity ?? at;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const spelled = sign !== undefined ? '@' : dot !== undefined ? '.' : first!;
    const isCode = hex !== undefined || decimal !== undefined;
    if (isCode && !isPrintable(code)) continue;
    const start = from + match.index;
    undoing.put(start, start + whole.length, isCode ? String.fromCharCode(code) : spelled);
  }
}

/** The bytes of a run as characters, if all of them are. */
function putBytes(run: string, index: number, undoing: Undoing): void {
  const items = [...run.matchAll(/(?:0x)?([0-9a-f]{2,8})/gi)];
  const base = radixOf(items.map(([, digits]) => digits!));
  if (base === 0) return;
  for (const [place, { 0: whole, 1: digits, index: at }] of items.entries()) {
    const end = items[place + 1]?.index ?? at + whole.length;
    undoing.put(index + at, index + end, String.fromCharCode(Number.parseInt(digits!, base)));
  }
}

/** The base in which all of these are printable ASCII and some are `@`; 0: none. */
function radixOf(items: readonly string[]): number {
  const candidates = items[0]!.length === 8 ? [2] : [16, 10];
  const says = (base: number) => {
    const codes = items.map((digits) => Number.parseInt(digits, base));
    return codes.every(isPrintable) && codes.includes(0x40);
  };
  return candidates.find(says) ?? 0;
}

const isPrintable = (code: number) => code >= 0x20 && code < 0x7f;
