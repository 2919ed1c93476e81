import { CLASS, isAlnum, KEY, LETTER, SPACE } from './bytes.ts';
import { keysIn } from './keys.ts';
import type { Text } from './place.ts';
import { isWallet } from './wallets.ts';
import { meets, topics } from './words.ts';

const DOT = 0x2e;
const SECRET = topics('SECRET');
/** A name in front of `=` or `:` is no longer. */
const LONGEST_NAME = 48;
const LONGEST_VALUE = 512;
/** RFC 7617 and 6750. */
const SCHEME = /(?:basic|bearer|token|apikey|digest)["']?\s+$/i;
/** Prose that is followed by a secret: `the secret key …`, `my password is …`. */
const SAID =
  /(?:(?:secret|access|private|api|account|signing|encryption)[ _-]?key|password|passwd|secret|token|passphrase)(?: is| was|:| =)? ["'`]?$/i;
/** What those two end with, but for signs. */
const ANNOUNCING = /(?:key|password|passwd|secret|token|passphrase|is|was|basic|bearer|digest)$/i;
/** Bytes in front of a run that count. */
const BEFORE = 32;
const MOST_SIGNS = 24;
/** `curl -u user:password`. */
const USER = /(?:^|\s)(?:-u|--user|--proxy-user)[ =]["']?[^\s:"']{1,64}$/;
const PLACEHOLDER =
  /^(?:[*\u2022x.\u2026-]+|null|none|true|false|undefined|\$\{.*|<.*|\{\{.*|redacted|changeme|your[-_].*|example)$/i;
const PRIVATE = 'PRIVATE KEY';

const isKeyByte = (byte: number) => (CLASS[byte]! & KEY) !== 0 || byte === DOT;

/** A run of key characters. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The run of key characters and dots that ends at or after `at`. */
export function runAround(text: Text, at: number, from: number): Run {
  const { buffer, high } = text;
  let start = at;
  while (start > from && isKeyByte(buffer[start - 1]!)) start--;
  let end = at;
  while (end < high && isKeyByte(buffer[end]!)) end++;
  return { start, end, text: text.slice(start, end) };
}

/** Keys, tokens and wallets in a long run; returns how far it has looked. */
export function findSecrets(text: Text, run: Run): number {
  if (text.wants('SECRET')) {
    const stop = findPrivateKey(text, run);
    if (stop > 0) return Math.max(stop, run.end);
    for (const [start, end] of keysIn(run.text)) {
      text.report('SECRET', run.start + start, run.start + end, 1, 'prefix');
    }
    if (isAnnounced(text, run.start)) findSaid(text, run);
  }
  if (text.wants('CRYPTO')) findWallets(text, run);
  return run.end;
}

/** Whether the word in front of a place is one that {@link SAID} or {@link SCHEME} ends with. */
function isAnnounced({ buffer, low }: Text, start: number): boolean {
  const least = Math.max(low, start - BEFORE);
  let end = start;
  while (end > least && (CLASS[buffer[end - 1]!]! & LETTER) === 0) end--;
  // Two spaces, a quote and a sign at most.
  if (end === start || start - end > MOST_SIGNS) return false;
  let first = end;
  while (first > least && (CLASS[buffer[first - 1]!]! & LETTER) !== 0) first--;
  return ANNOUNCING.test(buffer.toString('latin1', first, end));
}

function findSaid(text: Text, run: Run): void {
  const before = text.slice(Math.max(text.low, run.start - BEFORE), run.start);
  if (run.text.length >= 16 && SAID.test(before) && looksRandom(run.text.slice(0, LONGEST_VALUE))) {
    text.report('SECRET', run.start, run.end, 0.8, 'context');
  } else if (run.text.length >= 8 && SCHEME.test(before) && looksRandom(run.text.slice(0, LONGEST_VALUE))) {
    text.report('SECRET', run.start, run.end, 0.9, 'scheme');
  }
}

const SHORTEST_WALLET = 26;

function findWallets(text: Text, run: Run): void {
  // Splitting what is longer than any path with an address in it would cost more than it can find.
  if (run.text.length > 2048 || run.text.length < SHORTEST_WALLET) return;
  for (const { 0: word, index } of run.text.matchAll(/[A-Za-z0-9]{26,62}/g)) {
    if (isAlnumAt(run.text, index - 1) || isAlnumAt(run.text, index + word.length)) continue;
    if (isWallet(word))
      text.report('CRYPTO', run.start + index, run.start + index + word.length, 1, 'checksum');
  }
}

const isAlnumAt = (text: string, at: number) => at >= 0 && at < text.length && isAlnum(text.charCodeAt(at));

/** RFC 7468: from BEGIN to END, or to the text's end when there is none. Returns where it ends, or 0. */
function findPrivateKey(text: Text, run: Run): number {
  const { buffer, low, high } = text;
  const from = Math.max(low, run.start - 160);
  if (text.keyWord < from) return 0;
  const mark = buffer.subarray(from, Math.min(run.end, run.start + 16)).lastIndexOf(PRIVATE);
  if (mark === -1) return 0;
  const begin = buffer.subarray(Math.max(low, from + mark - 40), from + mark).lastIndexOf('-----BEGIN');
  if (begin === -1) return 0;
  const rest = buffer.subarray(run.start, high);
  const end = rest.indexOf('-----END');
  const close = end === -1 ? -1 : rest.indexOf('-----', end + 8);
  const stop = close === -1 ? high : run.start + close + 5;
  text.report('SECRET', Math.max(low, from + mark - 40) + begin, stop, 1, 'form');
  return stop;
}

/** Letters and digits mixed as no word mixes them. */
export function looksRandom(value: string): boolean {
  let [small, capital, digit, other] = [0, 0, 0, 0];
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code >= 0x61 && code <= 0x7a) small = 1;
    else if (code >= 0x41 && code <= 0x5a) capital = 1;
    else if (code >= 0x30 && code <= 0x39) digit = 1;
    else other = 1;
  }
  const kinds = small + capital + digit + other;
  return kinds >= 3 || (kinds === 2 && (digit === 1 || /[a-z][A-Z].*[a-z][A-Z]/.test(value)));
}

/** What a `:` or `=` at `at` gives a value to: a password, a key, the credentials of a URL. Returns the value's end. */
export function findAssigned(text: Text, at: number): number {
  const { buffer, high } = text;
  if (buffer[at] === 0x3a && at + 2 < high && buffer[at + 1] === 0x2f && buffer[at + 2] === 0x2f) {
    return text.wants('URL_CREDENTIALS') ? findUserinfo(text, at) : at;
  }
  if (!text.wants('SECRET')) return at;
  const name = nameBefore(text, at);
  if (
    buffer[at] === 0x3a &&
    mayFollowUser(text, at) &&
    USER.test(text.slice(Math.max(text.low, at - 84), at))
  ) {
    return findValue(text, at, false);
  }
  if (name.length < 2 || !(/^(proxy-?)?authorization$/i.test(name) || meets(text.topicsOf(name), SECRET)))
    return at;
  return findValue(text, at, /authorization/i.test(name));
}

/** Whether `-u`, which all of {@link USER} has, stands in front of a colon and behind any other. */
function mayFollowUser({ buffer, low }: Text, at: number): boolean {
  for (let p = at - 1; p >= low && at - p <= 84 && buffer[p] !== 0x3a; p--) {
    if (buffer[p] === 0x2d && buffer[p + 1] === 0x75) return true;
  }
  return false;
}

function nameBefore(text: Text, at: number): string {
  const { buffer, low } = text;
  let end = at;
  while (end > low && at - end < 3 && ((CLASS[buffer[end - 1]!]! & SPACE) !== 0 || isQuote(buffer[end - 1]!)))
    end--;
  let start = end;
  let seen = 0;
  while (start > low && end - start < LONGEST_NAME && isNameByte(buffer[start - 1]!))
    seen |= CLASS[buffer[--start]!]!;
  // Times, ports and other numbers are no names.
  return (seen & LETTER) === 0 ? '' : text.slice(start, end);
}

const isQuote = (byte: number) => byte === 0x22 || byte === 0x27 || byte === 0x60;
const isNameByte = (byte: number) => isAlnum(byte) || byte === 0x5f || byte === 0x2d || byte === DOT;

function findValue(text: Text, at: number, isHeader: boolean): number {
  const { buffer, high } = text;
  let start = at + 1;
  let spaces = 0;
  while (start < high && start - at < 6 && isBeforeValue(buffer[start]!))
    if (buffer[start++] === 0x20) spaces++;
  if (isHeader) {
    const scheme = /^(?:basic|bearer|token|apikey|digest)\s+/i.exec(
      text.slice(start, Math.min(high, start + 16)),
    );
    if (scheme !== null) start += scheme[0].length;
  }
  const quote = isQuote(buffer[start - 1]!) ? buffer[start - 1]! : 0;
  if (quote === 0 && isTemplate(buffer, start)) return at;
  let end = start;
  while (end < high && end - start < LONGEST_VALUE && !endsValue(buffer[end]!, quote)) end++;
  if (quote === 0) while (end > start && (buffer[end - 1] === DOT || buffer[end - 1] === 0x29)) end--;
  if (!isValue(text.slice(start, end), spaces > 0 && quote === 0)) return at;
  text.report('SECRET', start, end, 0.8, 'name');
  return end;
}

/** `${` or `{{`: what a template puts in is no secret. */
const isTemplate = (buffer: Buffer, at: number) =>
  buffer[at + 1] === 0x7b && (buffer[at] === 0x24 || buffer[at] === 0x7b);

/** Spaces, quotes and arrows between a name's sign and its value. */
const isBeforeValue = (byte: number) => byte === 0x20 || byte === 0x3d || byte === 0x3e || isQuote(byte);

/** Whether this can be a secret; behind `password: ` may also follow a sentence. */
function isValue(value: string, inProse: boolean): boolean {
  if (value.length < 4 || PLACEHOLDER.test(value) || (value.length < 6 && /^\d+$/.test(value))) return false;
  return !inProse || looksRandom(value);
}

function endsValue(byte: number, quote: number): boolean {
  if (quote !== 0) return byte === quote;
  return (
    byte <= 0x20 ||
    isQuote(byte) ||
    byte === 0x2c ||
    byte === 0x3b ||
    byte === 0x26 ||
    byte === 0x3c ||
    byte === 0x7d
  );
}

/** RFC 3986 section 3.2.1: `user:password@`. */
function findUserinfo(text: Text, at: number): number {
  const { buffer, low, high } = text;
  if (at === low || (CLASS[buffer[at - 1]!]! & LETTER) === 0) return at;
  const start = at + 3;
  let end = start;
  let sign = -1;
  let colon = -1;
  for (; end < high && end - start < LONGEST_VALUE; end++) {
    const byte = buffer[end]!;
    if (byte === 0x40) sign = end;
    else if (byte === 0x3a && colon === -1) colon = end;
    else if (
      byte <= 0x20 ||
      byte === 0x2f ||
      byte === 0x3f ||
      byte === 0x23 ||
      byte === 0x22 ||
      byte === 0x3c
    )
      break;
  }
  if (sign === -1 || colon === -1 || colon + 1 >= sign) return at;
  text.report('URL_CREDENTIALS', start, sign, 0.95, 'form');
  return sign;
}

/** A field whose name says that it is a secret: all of a value that is one word, as no sentence is. */
export function findFieldSecret(text: Text): void {
  const { field, low, high } = text;
  if (field === undefined || !meets(field, SECRET) || high - low < 8 || high - low > 4096) return;
  const value = text.slice(low, high);
  if (!/\s/.test(value) && looksRandom(value) && !PLACEHOLDER.test(value))
    text.report('SECRET', low, high, 0.8, 'field');
}
