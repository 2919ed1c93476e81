import type { Entity } from '@rankguard/contract';
import { CLASS, DIGIT, isAlnum } from './bytes.ts';
import type { Cluster } from './clusters.ts';
import {
  type Candidates,
  type Checked,
  formOf,
  type Identifier,
  type Known,
  LONGEST,
  shapeOf,
} from './identifiers/index.ts';
import type { Text } from './place.ts';
import { DICTIONARY, joined, meets, NO_TOPICS, type Topics, topics } from './words.ts';

/** Groups that one number may have, and letters and digits that it has at least. */
const MOST_GROUPS = 8;
export const SHORTEST_NUMBER = 5;
/** Shapes have no larger groups: see `shapeOf`. */
const LARGEST_GROUP = 15;
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
interface Groups {
  readonly cluster: Cluster;
  readonly first: number;
  readonly last: number;
}

/** Groups that may be something, and where they stand. */
interface Window extends Groups {
  readonly start: number;
  readonly end: number;
  /** Whether they are all there is. */
  readonly whole: boolean;
  readonly near: Topics;
  readonly compact: string;
}

/** Looks for identifiers among the groups of a cluster: from each group on, the longest that is one. */
export function findIdentifiers(text: Text, cluster: Cluster, options: NumberOptions): void {
  const { starts, ends, count } = cluster;
  const around = createAround(text, cluster);
  for (let first = 0; first < count; first++) {
    const last = longestFrom(text, cluster, first, around, options);
    if (last >= first) first = last;
    else if (cluster.hasLetter(first) && cluster.hasDigit(first)) {
      behindLabel(text, starts[first]!, ends[first]!, options.known);
    }
  }
}

/** Topics of all words that any of a cluster's groups can have near it; most clusters are not worth asking. */
type Around = () => Topics;

function createAround(text: Text, cluster: Cluster): Around {
  let known: Topics | undefined;
  return () => {
    // Of a number alone they are those that its score is made of.
    known ??=
      cluster.count === 1 && !cluster.hasLetters
        ? text.topics(cluster.start, cluster.end)
        : text.topicsAround(cluster.start, cluster.end);
    return known;
  };
}

function longestFrom(
  text: Text,
  cluster: Cluster,
  first: number,
  around: Around,
  options: NumberOptions,
): number {
  const { starts, ends, count } = cluster;
  const { known } = options;
  const look = (last: number, candidates: Candidates | undefined) =>
    candidates !== undefined && lookAt(text, { cluster, first, last }, candidates, around, options);
  const size = ends[first]! - starts[first]!;
  let found = look(first, ofSize(known, size, !cluster.hasLetter(first))) ? first : -1;
  let shape = size;
  for (let last = first + 1; last < count && last - first < MOST_GROUPS; last++) {
    const next = ends[last]! - starts[last]!;
    if (size > LARGEST_GROUP || next > LARGEST_GROUP) break;
    shape = shapeOf(shape, next);
    const candidates = known.grouped.get(shape);
    if (candidates === undefined) break;
    if (look(last, candidates)) found = last;
  }
  return found;
}

function ofSize(known: Known, size: number, digitsOnly: boolean): Candidates | undefined {
  if (size < SHORTEST_NUMBER || size > LONGEST) return undefined;
  return (digitsOnly ? known.digits : known.mixed)[size];
}

/** Reports each of the candidates that the groups are; whether there is one. */
function lookAt(
  text: Text,
  groups: Groups,
  { all, context, unaided }: Candidates,
  around: Around,
  { threshold }: NumberOptions,
): boolean {
  const { cluster, first, last } = groups;
  const start = cluster.starts[first]!;
  const end = cluster.ends[last]!;
  // A shape that longer ones begin with has nothing of its own.
  if (all.length === 0 || isTied(text, cluster, first, last)) return false;
  const whole = text.isWhole(start, end);
  // What stands around all of the cluster says most often that no word speaks for any of them.
  const aided = whole || unaided.length === all.length || meets(around(), context);
  const list = aided ? all : unaided;
  if (list.length === 0) return false;
  const window = {
    ...groups,
    start,
    end,
    whole,
    near: text.topics(start, end),
    compact: cluster.value(first, last),
  };
  let found = false;
  for (const one of list) {
    const score = scoreOf(text, window, one, threshold(one.entity));
    if (score === 0) continue;
    found = true;
    const reason = score >= SAID ? 'context' : one.check === undefined ? 'form' : 'checksum';
    text.report(one.entity, start, end, score, reason);
  }
  return found;
}

/** Whether more digits are tied to the groups, as in an article number. A label of letters may be. */
function isTied({ buffer, low, high }: Text, cluster: Cluster, first: number, last: number): boolean {
  const start = cluster.starts[first]!;
  const end = cluster.ends[last]!;
  if (start - 1 > low && TIES.has(buffer[start - 1]!) && isAlnum(buffer[start - 2]!)) {
    if (first === 0 ? (CLASS[buffer[start - 2]!]! & DIGIT) !== 0 : cluster.hasDigit(first - 1)) return true;
  }
  return end + 1 < high && TIES.has(buffer[end]!) && (CLASS[buffer[end + 1]!]! & DIGIT) !== 0;
}

const checkOf = (one: Identifier, compact: string): Checked =>
  one.check === undefined ? null : one.check(compact);

/** How sure it is that the groups are this identifier; 0: less than `threshold`. The cheapest questions come first. */
function scoreOf(text: Text, window: Window, one: Identifier, threshold: number): number {
  const { near, whole, compact } = window;
  const single = window.first === window.last;
  const named = meets(near, one.context);
  const form = formOf(one, single);
  if (!named && !(whole && form >= LIKELY) && form < threshold) return 0;
  if (!one.pattern.test(compact) || (!single && !isUsual(text, window, one))) return 0;
  const checked = checkOf(one, compact);
  if (checked === false) return 0;
  const score = named
    ? checked === true
      ? SAID_AND_CHECKED
      : SAID
    : unnamedScore(window, one, form, checked);
  return score < threshold ? 0 : score;
}

/** The score where no word speaks for it. */
function unnamedScore(
  { near, whole, compact }: Window,
  one: Identifier,
  form: number,
  checked: Checked,
): number {
  const score = one.check !== undefined && checked === null ? Math.min(form, one.unproved ?? UNPROVED) : form;
  if (whole && score >= LIKELY) return Math.max(score, ALONE);
  return meets(near, AGAINST) && /^\d+$/.test(compact) ? score * DOUBT : score;
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
  if (at - start < 2 || end - at < SHORTEST_NUMBER || end - at > LONGEST) return;
  const word = DICTIONARY.get(text.slice(start, at).toLowerCase()) ?? NO_TOPICS;
  const compact = text.slice(at, end).toUpperCase();
  for (const one of (/^\d+$/.test(compact) ? known.digits : known.mixed)[compact.length]!.all) {
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
  for (const one of known.digits[compact.length]!.all) {
    if (!meets(field, one.context) || !one.pattern.test(compact)) continue;
    const checked = checkOf(one, compact);
    if (checked !== false)
      text.report(one.entity, text.low, text.high, checked ? SAID_AND_CHECKED : SAID, 'field');
  }
}
