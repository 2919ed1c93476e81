import metadata from 'libphonenumber-js/min/metadata';
import { CLASS, DIGIT, GAP, LETTER } from './bytes.ts';
import type { Cluster } from './clusters.ts';
import type { Text } from './place.ts';
import { meets, topics } from './words.ts';

/** ITU-T E.164: at most 15 digits, with the country's code. */
const MOST_DIGITS = 15;
export const FEWEST_DIGITS = 7;
const LONGEST = 40;
const PLUS = 0x2b;
const OPEN = 0x28;
const ZERO = 0x30;
const ONE = 0x31;
const PHONE = topics('PHONE');
const AGAINST = topics('AGAINST');
const NOT_PHONE = topics(
  'CARD',
  'BANK',
  'SSN',
  'TAX',
  'LICENSE',
  'PASSPORT',
  'RECORD',
  'IP',
  'ROUTING',
  'HEALTH',
  'DOCTOR',
);
/** A number from its first sign on: groups of digits, and an extension. */
const NUMBER =
  /^\+?(?:\(\+?\d{1,5}\)[ -]?)?\d(?:[ ./-]{0,2}(?:\(\d{1,4}\)[ -]?)?\d)+(?:\s?(?:x|ext\.?|extension)\s?\d{1,6}(?![A-Za-z0-9]))?/i;
/** What follows the number itself. */
const EXTENSION = /\s?(?:x|ext).*$/i;
const EXTENSION_ROOM = 16;
const NANP = /^(?:1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]?\d{4}$/;
const DATE = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})$/;

/**
 * Numbers without the country's code by calling code, from Google's metadata. `+44 (0)20 …` repeats the prefix of calls
 * inside the country.
 */
function nationalByCode(): ReadonlyMap<string, RegExp> {
  const byCode = new Map<string, RegExp>();
  for (const [code, names] of Object.entries(metadata.country_calling_codes)) {
    const patterns = names.flatMap((name) => {
      const entry: readonly unknown[] | undefined =
        metadata.countries[name as keyof typeof metadata.countries];
      return entry === undefined ? [] : [`(?:${String(entry[2])})`];
    });
    if (patterns.length > 0) byCode.set(code, new RegExp(`^0?(?:${patterns.join('|')})$`));
  }
  return byCode;
}

/** Looks for telephone numbers in a cluster. */
export function createPhones(): (text: Text, cluster: Cluster) => void {
  const byCode = nationalByCode();

  /** Whether a number with its country's code is one that the country gives out. */
  function isInternational(digits: string): boolean {
    for (let size = 1; size <= 3; size++) {
      const national = byCode.get(digits.slice(0, size));
      if (national !== undefined) return national.test(digits.slice(size));
    }
    return false;
  }

  /** The score of a number that says by itself that it is one; 0: it does not. */
  function ownScore(value: string, digits: string): number {
    if (value[0] === '+') return isInternational(digits) ? 0.95 : digits.length >= 8 ? 0.6 : 0;
    const abroad = /^(?:00|011)/.exec(digits)?.[0];
    if (abroad !== undefined && isInternational(digits.slice(abroad.length))) return 0.7;
    return NANP.test(value.replace(EXTENSION, '')) ? 0.65 : 0;
  }

  function scoreOf(text: Text, value: string, digits: string, start: number, end: number): number {
    const own = ownScore(value, digits);
    if (own > 0) return own;
    const near = text.topics(start, end);
    const other = meets(near, NOT_PHONE);
    if (meets(near, PHONE)) return other && digits.length > 12 ? 0.3 : 0.7;
    if (other || meets(near, AGAINST) || DATE.test(value)) return 0.2;
    return isNational(value, digits) ? 0.5 : 0.3;
  }

  /** The number that begins at a token, if there is one; returns its end. `limit` is where it ends at the latest. */
  function look(text: Text, token: number, limit: number, onlyFormed: boolean): number {
    if (!hasDigits(text, token, limit)) return token;
    let start = signBefore(text, token);
    const read = (from: number) => NUMBER.exec(text.slice(from, Math.min(limit, from + LONGEST)))?.[0];
    let value = read(start);
    if (value === undefined && start !== token) {
      start = token;
      value = read(start);
    }
    if (value === undefined) return token;
    const digits = value.replace(EXTENSION, '').replace(/\D/g, '');
    if (digits.length < FEWEST_DIGITS || digits.length > MOST_DIGITS) return token;
    const end = start + value.length;
    if (isGlued(text, start, end, NANP.test(value))) return token;
    const score = onlyFormed ? ownScore(value, digits) : scoreOf(text, value, digits, start, end);
    if (score <= 0.3) return token;
    text.report('PHONE_NUMBER', start, end, score, score > 0.6 ? 'form' : 'context');
    return end;
  }

  return function findPhones(text, cluster) {
    const { starts, ends, count } = cluster;
    // In a row of groups a number may begin anywhere only if it says so itself.
    let fresh = true;
    for (let at = 0; at < count; ) {
      const start = starts[at]!;
      if (!fresh && !mayBegin(text, cluster, at)) {
        at++;
        continue;
      }
      const limit = limitOf(text, cluster, at);
      const end: number = fresh || mayBeFormed(text, cluster, at) ? look(text, start, limit, !fresh) : start;
      at++;
      fresh = end > start || cluster.hasLetter(at - 1);
      while (at < count && starts[at]! < end) at++;
      if (at < count && end > ends[at]!) at++;
    }
  };
}

/** Where the groups from one on have as many digits as a number at most; the last may have an extension behind it. */
function limitOf(text: Text, { starts, ends, count }: Cluster, first: number): number {
  let digits = 0;
  let at = first;
  for (; at < count; at++) {
    digits += ends[at]! - starts[at]!;
    if (digits > MOST_DIGITS) break;
  }
  if (at === first) return ends[first]!;
  return at === count ? Math.min(text.high, ends[at - 1]! + EXTENSION_ROOM) : ends[at - 1]!;
}

/** Whether as many digits as a number has follow each other from here on. Without them no pattern need be tried. */
function hasDigits({ buffer }: Text, token: number, limit: number): boolean {
  const stop = Math.min(limit, token + LONGEST);
  let digits = 0;
  for (let at = token; at < stop; at++) {
    if ((CLASS[buffer[at]!]! & DIGIT) !== 0) digits++;
    else if (at === token || !isInNumber(buffer[at]!)) break;
    if (digits === FEWEST_DIGITS) return true;
  }
  return false;
}

/** What stands between the digits of {@link NUMBER}: a space, `.`, `/`, `-`, `(` and `)`. */
const isInNumber = (byte: number) =>
  byte === 0x20 || (byte >= 0x2d && byte <= 0x2f) || byte === 0x28 || byte === 0x29;

/** Whether a number with a form of its own may begin here: `+`, `(`, `00`, or three digits, three and four. */
function mayBegin({ buffer, low }: Text, { starts, ends, count }: Cluster, at: number): boolean {
  const start = starts[at]!;
  const before = start > low ? buffer[start - 1]! : 0;
  if (before === PLUS || before === OPEN || (buffer[start] === ZERO && buffer[start + 1] === ZERO))
    return true;
  return ends[at]! - start === 3 && at + 1 < count && ends[at + 1]! - starts[at + 1]! >= 3;
}

/** Whether what begins here can have a form of its own: {@link NANP} is told by its groups before any pattern is tried. */
function mayBeFormed({ buffer, low }: Text, { starts, ends, count }: Cluster, at: number): boolean {
  const start = starts[at]!;
  if (start > low && buffer[start - 1] === PLUS) return true;
  if (start - 1 > low && buffer[start - 1] === OPEN && buffer[start - 2] === PLUS) return true;
  if (buffer[start] === ZERO && (buffer[start + 1] === ZERO || buffer[start + 1] === ONE)) return true;
  const sizeOf = (group: number) => (group < count ? ends[group]! - starts[group]! : 0);
  const area = buffer[start] === ONE && sizeOf(at) === 1 ? at + 1 : at;
  if (sizeOf(area) !== 3 || buffer[starts[area]!]! <= ONE) return false;
  const exchange = sizeOf(area + 1);
  return exchange >= 7 || (exchange === 3 && sizeOf(area + 2) >= 4);
}

/** `+`, `(` or both in front of a number belong to it. */
function signBefore({ buffer, low }: Text, start: number): number {
  let at = start;
  if (at > low && buffer[at - 1] === 0x28) at--;
  if (at > low && buffer[at - 1] === 0x2b) at--;
  return at;
}

/** Whether letters or tied digits touch the number. A word may run into one that has a form of its own. */
function isGlued({ buffer, low, high }: Text, start: number, end: number, formed: boolean): boolean {
  const before = start > low ? CLASS[buffer[start - 1]!]! : 0;
  const behind = end < high ? CLASS[buffer[end]!]! : 0;
  if ((before & (formed ? DIGIT : DIGIT | LETTER)) !== 0 || (behind & (DIGIT | LETTER)) !== 0) return true;
  return (
    (start - 2 >= low && isTie(buffer, start - 1, start - 2)) ||
    (end + 1 < high && isTie(buffer, end, end + 1))
  );
}

/** Whether a sign ties a digit next to it to the number. */
function isTie(buffer: Buffer, sign: number, next: number): boolean {
  return (
    buffer[sign] !== 0x20 && (CLASS[buffer[sign]!]! & GAP) !== 0 && (CLASS[buffer[next]!]! & DIGIT) !== 0
  );
}

/** A number with the prefix of calls inside a country, in groups of two to five. */
function isNational(value: string, digits: string): boolean {
  if (value[0] === '(') return digits.length >= 8 && digits.length <= 11;
  if (digits[0] !== '0' || digits[1] === '0' || digits.length < 9 || digits.length > 11) return false;
  const groups = value.split(/[ ./-]/);
  return groups.length >= 2 && groups.every((group) => group.length >= 2 && group.length <= 8);
}
