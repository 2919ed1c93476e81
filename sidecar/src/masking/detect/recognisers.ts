import type { Entity } from '@rankguard/contract';
import { apartBlobs, type BlobsDone, blobsAtDigit, blobsOfRun } from './blobs.ts';
import { CLASS, DIGIT, isAlnum, LETTER } from './bytes.ts';
import { Cluster, readCluster } from './clusters.ts';
import { findGrouped } from './grouped.ts';
import { findIbans, SHORTEST_IBAN } from './iban.ts';
import { identifiersOf } from './identifiers/index.ts';
import { findAddress, findMac } from './network.ts';
import { findIdentifiers, findNumber, SHORTEST_NUMBER } from './numbers.ts';
import { createPhones, FEWEST_DIGITS } from './phone.ts';
import type { Found, Text } from './place.ts';
import { findAnnounced } from './secret-words.ts';
import { findAssigned, findFieldSecret, findSecrets, runAround } from './secrets.ts';
import { DEFAULT_THRESHOLD, type DetectorOptions } from './types.ts';

/** Kinds of anchors, as kernel/assembly/anchors.ts numbers them. */
export const DIGITS = 1;
const LONG = 2;
const WORD = 4;
/** The place in an anchor's word. */
export const PLACE = 0x1fff_ffff;
const COLON = 0x3a;
/** Tokens of a cluster that was cut off, which the next one looks at again. */
const OVERLAP = 8;

/** Up to where a text has been looked at, by what is looked for. */
interface Done extends BlobsDone {
  numbers: number;
  address: number;
  run: number;
  assigned: number;
  announced: number;
}

const doneUpTo = (low: number): Done => ({
  numbers: low,
  address: low,
  run: low,
  assigned: low,
  announced: low,
  row: low,
  word: low,
  wrapped: low,
});

/** What looks at the anchors of a text. */
export interface Recognisers {
  /** `anchors` are the kernel's words, with places from `base` on. Puts what it finds into the text. */
  text(text: Text, anchors: Uint32Array, base: number): void;
  number(text: Text): void;
}

export function createRecognisers({
  entities,
  thresholds = {},
  allow = [],
  deny = [],
}: DetectorOptions): Recognisers {
  const wanted = new Set(entities);
  const findPhones = createPhones();
  const cluster = new Cluster();
  const threshold = (entity: Entity) => thresholds[entity] ?? DEFAULT_THRESHOLD;
  const options = { known: identifiersOf(wanted, threshold), threshold };
  const isAllowed = createAllowed(allow);
  const addresses = wanted.has('IP_ADDRESS') || wanted.has('MAC_ADDRESS');
  const secrets = wanted.has('SECRET') || wanted.has('URL_CREDENTIALS');

  function numbers(text: Text, at: number, from: number): number {
    if (!readCluster(cluster, text, at, from)) return at + 1;
    const { size } = cluster;
    if (size >= SHORTEST_IBAN && wanted.has('IBAN_CODE')) findIbans(text, cluster);
    if (size >= SHORTEST_NUMBER) findIdentifiers(text, cluster, options);
    if (size >= FEWEST_DIGITS && wanted.has('PHONE_NUMBER')) findPhones(text, cluster);
    const { starts, count, complete, end } = cluster;
    return complete ? end : starts[Math.max(1, count - OVERLAP)]!;
  }

  function long(text: Text, at: number, done: Done): number {
    const run = runAround(text, at, done.run);
    const end = findSecrets(text, run);
    if (wanted.has('MAC_ADDRESS')) findMac(text, run.start, run.end, run.start);
    blobsOfRun(text, run, done);
    return end;
  }

  function look(text: Text, anchors: Uint32Array, base: number): void {
    // How far each kind has been looked at.
    const done = doneUpTo(text.low);
    for (const anchor of anchors) lookAt(text, base + (anchor & PLACE), anchor >>> 29, done);
    if (text.blobs.length > 1) text.blobs.splice(0, Infinity, ...apartBlobs(text.blobs));
    if (wanted.has('SECRET')) findFieldSecret(text);
    if (deny.length > 0) findDenied(text, deny);
  }

  function lookAt(text: Text, at: number, kind: number, done: Done): void {
    if (kind === LONG) {
      if (at >= done.run) done.run = long(text, at, done);
    } else if (kind === WORD) {
      if (at >= done.announced && wanted.has('SECRET')) done.announced = findAnnounced(text, at);
    } else {
      if (at >= done.address) done.address = address(text, at, kind, done.address);
      if (kind === DIGITS) digits(text, at, done);
      else assigned(text, at, done);
    }
  }

  function assigned(text: Text, at: number, done: Done): void {
    if (at >= done.assigned && secrets) done.assigned = findAssigned(text, at);
  }

  function digits(text: Text, at: number, done: Done): void {
    findGrouped(text, at);
    blobsAtDigit(text, at, done);
    if (at >= done.numbers) done.numbers = numbers(text, at, done.numbers);
  }

  function address(text: Text, at: number, kind: number, from: number): number {
    return addresses && (kind === DIGITS || mayBeAddress(text, at)) ? findAddress(text, at, from) : from;
  }

  function keep(text: Text): void {
    const counts = ({ entity, start, end, score }: Found) =>
      score >= threshold(entity) &&
      !(allow.length > 0 && isAllowed(entity, text.slice(start, end))) &&
      !isThreeOfFour(text, start, end);
    const { found } = text;
    let kept = 0;
    for (const one of found) if (counts(one)) found[kept++] = one;
    found.length = kept;
  }

  return {
    text(text, anchors, base) {
      look(text, anchors, base);
      if (text.found.length > 0) keep(text);
    },
    number(text) {
      findNumber(text, options);
      if (text.found.length > 0) keep(text);
    },
  };
}

/** What is allowed only with its punctuation: `1.2.34.5` is not `12.3.4.5`. */
const EXACT: ReadonlySet<Entity> = new Set(['EMAIL_ADDRESS', 'IP_ADDRESS', 'URL_CREDENTIALS', 'SECRET']);

/** Whether a value is one of those that are never found. */
function createAllowed(allow: readonly string[]): (entity: Entity, value: string) => boolean {
  const allowed = new Set(allow.map(normalised));
  const exactly = new Set(allow.map((value) => value.toLowerCase()));
  return (entity, value) =>
    EXACT.has(entity) ? exactly.has(value.toLowerCase()) : allowed.has(normalised(value));
}

/** Whether twelve digits in three groups are a part of a card's sixteen in four. */
function isThreeOfFour({ buffer, low, high }: Text, start: number, end: number): boolean {
  if (end - start !== 14) return false;
  const isDigit = (at: number) => (CLASS[buffer[at]!]! & DIGIT) !== 0;
  const four = (at: number) =>
    at >= low && at + 4 <= high && isDigit(at) && isDigit(at + 1) && isDigit(at + 2) && isDigit(at + 3);
  const ends = (at: number) => at >= high || !isAlnum(buffer[at]!);
  const sign = buffer[start + 4]!;
  if (!(sign === 0x20 || sign === 0x2d) || !four(start) || !four(start + 5) || !four(start + 10))
    return false;
  const behind = buffer[end] === sign && four(end + 1) && ends(end + 5);
  return behind || (buffer[start - 1] === sign && four(start - 5));
}

const normalised = (value: string) => value.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Values that the profile names, as whole words, without case. */
function findDenied(text: Text, deny: NonNullable<DetectorOptions['deny']>): void {
  const { low, high, buffer } = text;
  const all = text.slice(low, high).toLowerCase();
  for (const { value, entity } of deny) {
    const wanted = Buffer.from(value.toLowerCase()).toString('latin1');
    if (wanted === '') continue;
    for (let at = all.indexOf(wanted); at !== -1; at = all.indexOf(wanted, at + wanted.length)) {
      const start = low + at;
      const end = start + wanted.length;
      const inWord = (start > low && isAlnum(buffer[start - 1]!)) || (end < high && isAlnum(buffer[end]!));
      if (!inWord) text.report(entity, start, end, 1, 'denied');
    }
  }
}

/** A colon between hexadecimal digits or colons. */
function mayBeAddress({ buffer, low, high }: Text, at: number): boolean {
  if (buffer[at] !== COLON || at + 1 >= high) return false;
  const behind = buffer[at + 1]!;
  if (behind === COLON) return true;
  return (
    at > low &&
    (CLASS[behind]! & (DIGIT | LETTER)) !== 0 &&
    (CLASS[buffer[at - 1]!]! & (DIGIT | LETTER)) !== 0
  );
}
