import { isIP } from 'node:net';
import { ADDRESS, CLASS, isAlnum } from './bytes.ts';
import type { Text } from './place.ts';
import { meets, topics } from './words.ts';

/** No address has more characters. */
const LONGEST = 48;
const DOT = 0x2e;
const COLON = 0x3a;
const DASH = 0x2d;
const PERCENT = 0x25;
const SLASH = 0x2f;
const MACS = [
  { size: 17, signAt: 2, pattern: /^[0-9A-F]{2}([:-])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}$/i },
  { size: 14, signAt: 4, pattern: /^(?:[0-9A-F]{4}\.){2}[0-9A-F]{4}$/i },
];
/** Nobody's device: unset and broadcast. */
const NOBODY = /^(?:0[^1-9A-F]*)+$|^(?:f[^0-9A-E]*)+$/i;
const IPV4 = /(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)/y;
/** A zone (RFC 4007) and the length of a prefix. */
const ZONE = /^%[A-Za-z0-9]{1,16}/;
const PREFIX = /^\/\d{1,4}(?![\w/])/;
const AGAINST = topics('AGAINST');
const FOR = topics('IP');
/** Bytes in front of an address in which `version` is said of it. */
const CLOSE = 24;

/** Looks at the network address around `at`, if there is one; returns where the run of its characters ends. */
export function findAddress(text: Text, at: number, from: number): number {
  const { buffer, high } = text;
  let start = at;
  while (start > from && at - start < LONGEST && (CLASS[buffer[start - 1]!]! & ADDRESS) !== 0) start--;
  let end = start;
  let dots = 0;
  let colons = 0;
  for (; end < high && (CLASS[buffer[end]!]! & ADDRESS) !== 0; end++) {
    if (buffer[end] === DOT) dots++;
    else if (buffer[end] === COLON) colons++;
    if (end - start > LONGEST) return Math.max(end, at + 1);
  }
  if ((colons > 4 || dots > 1 || buffer[start + 2] === DASH) && text.wants('MAC_ADDRESS'))
    findMac(text, start, end, at);
  if ((colons > 1 || dots > 2) && text.wants('IP_ADDRESS')) findIp(text, start, end, colons, dots);
  return Math.max(end, at + 1);
}

function findIp(text: Text, start: number, end: number, colons: number, dots: number): void {
  if (colons > 1 && findIp6(text, start, end)) return;
  if (dots > 2) findIp4(text, start, end);
}

/** A hardware address that begins where the run does, or stands at the place looked at. */
export function findMac(text: Text, start: number, end: number, at: number): void {
  for (const mac of MACS) {
    const inside = Math.max(start, Math.min(at, end - mac.size));
    if (isMac(text, start, mac)) return;
    if (inside !== start && isMac(text, inside, mac)) return;
  }
}

/** Reports the hardware address that begins at `first`, if there is one. */
function isMac(text: Text, first: number, { size, signAt, pattern }: (typeof MACS)[number]): boolean {
  const { buffer, low, high } = text;
  const last = first + size;
  // Tried only where a sign stands between its first groups: runs are as many as a text has numbers.
  if (last > high || isAlnum(buffer[first + signAt]!)) return false;
  if ((last < high && isPart(buffer[last]!)) || (first > low && isPart(buffer[first - 1]!))) return false;
  const value = text.slice(first, last);
  if (!pattern.test(value) || NOBODY.test(value)) return false;
  text.report('MAC_ADDRESS', first, last, 0.9, 'form');
  return true;
}

const isPart = (byte: number) => isAlnum(byte) || byte === DASH;

/** RFC 4291. In `name::1` the address is what follows the name's letters, unless that is all hexadecimal too. */
function findIp6(text: Text, start: number, end: number): boolean {
  const { buffer, low, high } = text;
  let first = start;
  let last = end;
  while (
    last > first &&
    (buffer[last - 1] === DOT || (buffer[last - 1] === COLON && buffer[last - 2] !== COLON))
  )
    last--;
  while (first < last && (buffer[first] === DOT || (buffer[first] === COLON && buffer[first + 1] !== COLON)))
    first++;
  const touchedBehind = last < high && isAlnum(buffer[last]!);
  const value = text.slice(first, last);
  const touchedBefore = first > low && isAlnum(buffer[first - 1]!);
  if (touchedBehind || (touchedBefore && !value.includes('.'))) return false;
  const inside = touchedBefore ? Math.max(0, value.search(/\d{4}:|::/)) : 0;
  if (isIP(value.slice(inside)) !== 6) return false;
  const stop = withSuffix(text, last, true);
  // `::` alone or between names is a sign of many programming languages.
  const score = value.length - inside < 3 || (value.length < 10 && !/\d/.test(value)) ? 0.1 : 0.9;
  text.report('IP_ADDRESS', first + inside, stop, score, 'form');
  return true;
}

function withSuffix({ buffer, high }: Text, end: number, zones: boolean): number {
  if (end >= high || (buffer[end] !== PERCENT && buffer[end] !== SLASH)) return end;
  let stop = end;
  const rest = buffer.toString('latin1', end, Math.min(high, end + 24));
  const zone = zones ? (ZONE.exec(rest)?.[0].length ?? 0) : 0;
  stop += zone;
  return stop + (PREFIX.exec(rest.slice(zone))?.[0].length ?? 0);
}

/** Whether a fifth number follows: the version of a program, an object identifier. */
function isNumbered({ buffer, high }: Text, at: number): boolean {
  return buffer[at] === DOT && at + 1 < high && buffer[at + 1]! >= 0x30 && buffer[at + 1]! <= 0x39;
}

function findIp4(text: Text, start: number, end: number): void {
  const { buffer, low, high } = text;
  const value = text.slice(start, end);
  // Behind the beginning or a colon: `port:`, `::ffff:`.
  for (const place of new Set([0, value.lastIndexOf(':') + 1])) {
    IPV4.lastIndex = place;
    const first = start + place;
    const found = IPV4.exec(value);
    if (found === null || (first > low && isAlnum(buffer[first - 1]!))) continue;
    const last = first + found[0].length;
    if (last < high && (isAlnum(buffer[last]!) || (buffer[first] === 0x30 && isNumbered(text, last))))
      continue;
    const near = text.topics(first, last);
    // A word that stands further off speaks only against small numbers.
    const against = /\d{3}/.test(found[0]) ? text.topicsBefore(first, CLOSE) : near;
    const isVersion = meets(against, AGAINST) && !meets(near, FOR);
    text.report('IP_ADDRESS', first, withSuffix(text, last, false), isVersion ? 0.3 : 0.8, 'form');
    return;
  }
}
