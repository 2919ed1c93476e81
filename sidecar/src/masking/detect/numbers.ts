import type { Entity } from '@rankguard/contract';
import { CLASS, DIGIT, isAlnum } from './bytes.ts';
import type { Cluster } from './clusters.ts';
import { type Checked, type Identifier, type Known, LONGEST, shapeOf } from './identifiers/index.ts';
import type { Text } from './place.ts';
import { DICTIONARY, joined, meets, NO_TOPICS, topics } from './words.ts';

/** Groups that one number may have, and letters and digits that it has at least. */
const MOST_GROUPS = 8;
const SHORTEST = 5;
/** What looks like another kind of number unless words say so. */
const AGAINST = topics('AGAINST');
/** Scores: words say what it is and the checksum holds; words say what it is; it is all there is. */
const SAID_AND_CHECKED = 0.95;
const SAID = 0.75;
const ALONE = 0.55;
/** The most for what has a checksum that need not hold, and does not. */
const UNPROVED = 0.45;
/** What is likely enough to be counted when it is all there is. */
const LIKELY = 0.2;
/** How much words for something else take away. */
const DOUBT = 0.6;
/** Characters that tie two groups into one number. */
const TIES = new Set([...'-./:_+'].map((character) => character.charCodeAt(0)));

export interface NumberOptions {
  readonly known: Known;
  readonly threshold: (entity: Entity) => number;
}

/** One to eight groups of a cluster. */
interface Window {
  readonly cluster: Cluster;
  readonly first: number;
  readonly last: number;
  readonly compact: string;
}

/** Looks for identifiers among the groups of a cluster: from each group on, the longest that is one. */
export function findIdentifiers(text: Text, cluster: Cluster, options: NumberOptions): void {
  const { starts, ends } = cluster;
  for (let first = 0; first < starts.length; first++) {
    const last = longestFrom(text, cluster, first, options);
    if (last >= first) first = last;
    else if (cluster.letters[first] && cluster.digits[first]) {
      behindLabel(text, starts[first]!, ends[first]!, options.known);
    }
  }
}

function longestFrom(text: Text, cluster: Cluster, first: number, options: NumberOptions): number {
  const { starts, ends, letters } = cluster;
  const { grouped } = options.known;
  let shape = 0;
  let found = -1;
  let digitsOnly = true;
  for (let last = first; last < starts.length && last - first < MOST_GROUPS; last++) {
    const size = ends[last]! - starts[last]!;
    if (letters[last]) digitsOnly = false;
    if (last === first) {
      if (lookAt(text, cluster, first, last, ofSize(options.known, size, digitsOnly), options)) found = last;
    }
    if (size > 15) break;
    shape = shapeOf(shape, size);
    if (last === first) continue;
    const list = grouped.get(shape);
    if (list !== undefined && lookAt(text, cluster, first, last, list, options)) found = last;
  }
  return found;
}

function ofSize(known: Known, size: number, digitsOnly: boolean): readonly Identifier[] {
  if (size < SHORTEST || size > LONGEST) return [];
  return (digitsOnly ? known.digits : known.mixed)[size]!;
}

/** Whether the groups from the first to the last are one of these identifiers. */
function lookAt(
  text: Text,
  cluster: Cluster,
  first: number,
  last: number,
  list: readonly Identifier[],
  options: NumberOptions,
): boolean {
  if (list.length === 0 || isTied(text, cluster, first, last)) return false;
  const { offsets, compact } = cluster;
  const value = compact.slice(offsets[first]!, offsets[last + 1] ?? compact.length);
  return reportAll(text, { cluster, first, last, compact: value }, list, options);
}

/** Reports each identifier that the window is; whether there is one. */
function reportAll(
  text: Text,
  window: Window,
  list: readonly Identifier[],
  { threshold }: NumberOptions,
): boolean {
  let found = false;
  for (const one of list) {
    if (!one.pattern.test(window.compact)) continue;
    const score = scoreOf(text, window, one);
    if (score < threshold(one.entity)) continue;
    found = true;
    const { starts, ends } = window.cluster;
    const reason = score >= SAID ? 'context' : one.check === undefined ? 'form' : 'checksum';
    text.report(one.entity, starts[window.first]!, ends[window.last]!, score, reason);
  }
  return found;
}

/** Whether more digits are tied to the groups, as in an article number. A label of letters may be. */
function isTied(
  { buffer, low, high }: Text,
  { starts, ends, digits }: Cluster,
  first: number,
  last: number,
): boolean {
  const start = starts[first]!;
  const end = ends[last]!;
  if (start - 1 > low && TIES.has(buffer[start - 1]!) && isAlnum(buffer[start - 2]!)) {
    if (first === 0 ? (CLASS[buffer[start - 2]!]! & DIGIT) !== 0 : digits[first - 1]) return true;
  }
  return end + 1 < high && TIES.has(buffer[end]!) && (CLASS[buffer[end + 1]!]! & DIGIT) !== 0;
}

const checkOf = (one: Identifier, compact: string): Checked =>
  one.check === undefined ? null : one.check(compact);

/** How sure it is that the groups are this identifier; 0: they are not. */
function scoreOf(text: Text, window: Window, one: Identifier): number {
  const { cluster, first, last, compact } = window;
  if (first !== last && !isUsual(text, window, one)) return 0;
  const checked = checkOf(one, compact);
  if (checked === false) return 0;
  const start = cluster.starts[first]!;
  const end = cluster.ends[last]!;
  const near = text.topics(start, end);
  if (meets(near, one.context)) return checked === true ? SAID_AND_CHECKED : SAID;
  const score = formScore(one, first === last, checked);
  if (score >= LIKELY && text.isWhole(start, end)) return Math.max(score, ALONE);
  return meets(near, AGAINST) && /^\d+$/.test(compact) ? score * DOUBT : score;
}

function formScore(one: Identifier, single: boolean, checked: Checked): number {
  const score = single ? one.bare : (one.formed ?? one.bare);
  return one.check !== undefined && checked === null ? Math.min(score, one.unproved ?? UNPROVED) : score;
}

/** Whether the groups stand apart as the identifier's do, with the same sign between all of them unless signs may differ. */
function isUsual({ buffer }: Text, { cluster, first, last }: Window, one: Identifier): boolean {
  const { gaps = ' -.', mixed = false } = one;
  const { starts, ends } = cluster;
  const sign = buffer[ends[first]!]!;
  for (let at = first + 1; at <= last; at++) {
    const end = ends[at - 1]!;
    if (starts[at]! - end !== 1 || !gaps.includes(String.fromCharCode(buffer[end]!))) return false;
    if (!mixed && buffer[end] !== sign) return false;
  }
  return true;
}

/** A number right behind a word: `SSN219456780`. */
function behindLabel(text: Text, start: number, end: number, known: Known): void {
  const { buffer } = text;
  let at = start;
  while (at < end && (CLASS[buffer[at]!]! & DIGIT) === 0) at++;
  if (at - start < 2 || end - at < SHORTEST || end - at > LONGEST) return;
  const word = DICTIONARY.get(text.slice(start, at).toLowerCase()) ?? NO_TOPICS;
  const compact = text.slice(at, end).toUpperCase();
  for (const one of (/^\d+$/.test(compact) ? known.digits : known.mixed)[compact.length]!) {
    const checked = one.pattern.test(compact) ? checkOf(one, compact) : false;
    if (checked === false) continue;
    const near = checked === true ? joined(word, text.topics(start, end)) : word;
    const score = labelledScore(one, checked, meets(near, one.context));
    if (score > 0) text.report(one.entity, at, end, score, 'context');
  }
}

function labelledScore(one: Identifier, checked: Checked, named: boolean): number {
  if (named) return checked === true ? SAID_AND_CHECKED : SAID;
  return checked === true && one.bare >= 0.8 ? one.bare : 0;
}

/** A JSON number is what the name of its member says, and nothing without. */
export function findNumber(text: Text, { known }: NumberOptions): void {
  const compact = text.slice(text.low, text.high);
  const { field } = text;
  if (field === undefined || !/^\d{5,18}$/.test(compact)) return;
  for (const one of known.digits[compact.length]!) {
    if (!meets(field, one.context) || !one.pattern.test(compact)) continue;
    const checked = checkOf(one, compact);
    if (checked !== false)
      text.report(one.entity, text.low, text.high, checked ? SAID_AND_CHECKED : SAID, 'field');
  }
}
