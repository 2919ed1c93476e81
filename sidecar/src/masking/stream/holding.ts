import { folded } from '../values.ts';

/** Characters around a value in which words speak for or against it: as far as the detectors look. */
export const CONTEXT = 96;
/** The longest value that is written in groups: an IBAN of 34 characters with its spaces, and some. */
const GROUPED = 64;
/** Characters beyond ASCII for one that is shown: a letter of two units and a mark. */
const SPREAD = 4;
/** Fewer digits than these, in neighbouring words, are no value. */
const LEAST_DIGITS = 5;

const KEY_BEGINS = /-----BEGIN[A-Z0-9 ]{0,40}(?:-{0,5}$|PRIVATE KEY(?: BLOCK)?-----)/g;
const KEY_ENDS = '-----END ';
const KEY_END = /^-----END [^\n]{0,60}?(?:-----|\n)/;
const DIGIT = /\p{Nd}/u;
const DIGITS = /\p{Nd}/gu;
/** Scripts that are written without spaces: each character is a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\u3000-\u303f]/u;
const SPACE = /\s/;

/**
 * Where the part of a text begins that may still become part of a value when more text follows: its last word,
 * the groups of digits before it, and a private key that has not ended.
 */
export function openFrom(text: string, from: number): number {
  const word = lastWord(text, from);
  const groups = groupsBefore(text, word, from);
  const encoded = Math.min(wrappedFrom(text, word, from), rowFrom(text, word, from));
  return Math.min(groups, encoded, spelledFrom(text, word, from), openKey(text, from));
}

/** A line of base64 or hexadecimal digits that goes on in the next. */
const ENCODED_LINE = /[A-Za-z0-9+/_-]{14,}$/;
/** Characters at the end of a line that count. */
const LONGEST_LINE = 1024;

/** Goes back over the lines of an encoded text: all of one length but the last. */
function wrappedFrom(text: string, word: number, from: number): number {
  let first = word;
  let length = 0;
  let behind = text.length - word;
  for (let at = word; at > from; at = first) {
    const end = endOfWordBefore(text, at, from);
    if (text.slice(end, at).split('\n').length !== 2) break;
    const line = ENCODED_LINE.exec(text.slice(Math.max(from, end - LONGEST_LINE), end))?.[0];
    if (line === undefined || line.length < behind || (length > 0 && line.length !== length)) break;
    behind = 0;
    length = line.length;
    first = end - length;
    // A word in front of the line is where the lines begin.
    if (first > from && !SPACE.test(text[first - 1]!)) break;
  }
  return first;
}

/** One byte, or the beginning of one, in hexadecimal, decimal or binary. */
const BYTE = /^(?:(?:0x)?[0-9a-f]{0,2}|\d{3}|[01]{1,8})[,:-]?$/i;
/** What a row of bytes is held back of at most. */
const LONGEST_ROW = 2048;

/** Goes back over bytes that are written one by one. */
function rowFrom(text: string, word: number, from: number): number {
  const least = Math.max(from, word - LONGEST_ROW);
  if (!BYTE.test(text.slice(word, word + 12))) return word;
  let first = word;
  while (first > least) {
    const end = endOfWordBefore(text, first, least);
    const start = startOfWord(text, end, least);
    if (end === start || end - start > 9 || !BYTE.test(text.slice(start, end))) break;
    first = start;
  }
  return first;
}

function lastWord(text: string, from: number): number {
  let at = text.length;
  while (at > from && !SPACE.test(text[at - 1]!) && !UNSPACED.test(text[at - 1]!)) at--;
  return at;
}

/** `[at]`, `( dot )` and `@`, or the beginning of one: what joins the words of an address. */
const JOINT = /^(?:[[({](?:[ad]|at|do|dot)?[\])}]?|(?:at|dot)[\])}]?|@|[\])}])$/i;
/** Words and joints of an address that is spelled out. */
const MOST_WORDS = 16;

/** Goes back over words that joints may make an address: `maria [at] example [dot] org`. */
function spelledFrom(text: string, word: number, from: number): number {
  const least = Math.max(from, word - CONTEXT);
  let at = word;
  let current = text.slice(word);
  for (let words = 0; words < MOST_WORDS && at > least; words++) {
    const start = startOfWord(text, endOfWordBefore(text, at, least), least);
    const before = text.slice(start, at).trim();
    const joins = (words === 0 && current === '') || JOINT.test(current) || JOINT.test(before);
    if (before === '' || !joins) break;
    at = start;
    current = before;
  }
  return at;
}

/** Goes back over words with a digit, or without letters, that may belong to the same value. */
function groupsBefore(text: string, word: number, from: number): number {
  const least = Math.max(from, word - (isAscii(text.slice(-GROUPED)) ? GROUPED : SPREAD * GROUPED));
  let first = word;
  for (let at = word; at > least; ) {
    const end = endOfWordBefore(text, at, least);
    const start = startOfWord(text, end, least);
    const group = text.slice(start, end);
    if (group === '' || !maySpan(group)) break;
    if (DIGIT.test(plain(group))) first = start;
    at = start;
  }
  // Prose behind a number ends it, but for the groups of letters in an IBAN.
  const ends = word < text.length && !maySpan(text.slice(word));
  return ends && !IBAN_START.test(plain(text.slice(first, first + 5 * SPREAD))) ? word : first;
}

/** Letters of Greek and Cyrillic look like Latin ones. */
const IBAN_START = /^[A-Za-z\u0370-\u04ff]{2}\d\d/;
const CAPITALS = /^[A-Z\u0370-\u04ff]{1,5}$/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
const isAscii = (text: string) => /^[\u0000-\u007f]*$/.test(text);
const plain = (text: string) => (isAscii(text) ? text : folded(text));

/** Capitals stand between the digits of an IBAN; marks between those of a phone number. */
function maySpan(group: string): boolean {
  const word = plain(group);
  return DIGIT.test(word) || !/\p{L}/u.test(word) || CAPITALS.test(word);
}

function endOfWordBefore(text: string, before: number, from: number): number {
  let at = before;
  while (at > from && SPACE.test(text[at - 1]!)) at--;
  return at;
}

function startOfWord(text: string, end: number, from: number): number {
  let at = end;
  while (at > from && !SPACE.test(text[at - 1]!)) at--;
  return at;
}

/** Where a private key begins that has no end yet; the length of the text when there is none. */
export function openKey(text: string, from: number): number {
  let end = text.lastIndexOf(KEY_ENDS);
  // Half of an end is none yet.
  if (end !== -1 && !KEY_END.test(text.slice(end, end + 80))) {
    end = end === 0 ? -1 : text.lastIndexOf(KEY_ENDS, end - 1);
  }
  const behind = Math.max(from, end);
  KEY_BEGINS.lastIndex = behind;
  return KEY_BEGINS.exec(text)?.index ?? text.length;
}

/** A run of words with digits. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/**
 * Runs of words with at least five digits that end in the last {@link CONTEXT} characters: what they are may
 * depend on words that have not come yet.
 */
export function undecidedRuns(text: string, from: number): Run[] {
  const runs: Run[] = [];
  const least = Math.max(from, text.length - CONTEXT - GROUPED);
  const words = /\S+/g;
  words.lastIndex = startOfWord(text, least, Math.max(from, least - GROUPED));
  let open: { start: number; end: number; digits: number } | null = null;
  const close = () => {
    if (open !== null && open.digits >= LEAST_DIGITS && open.end > text.length - CONTEXT) runs.push(open);
    open = null;
  };
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    const [word] = match;
    const digits = plain(word).match(DIGITS)?.length ?? 0;
    const end = match.index + word.length;
    if (digits === 0 && (open === null || !maySpan(word))) close();
    else if (open === null) open = { start: match.index, end, digits };
    else open = { start: open.start, end, digits: open.digits + digits };
  }
  close();
  return runs;
}
