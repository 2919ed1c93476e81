import { CLASS, DIGIT, GAP, isAlnum, LETTER } from './bytes.ts';
import type { Text } from './place.ts';

/**
 * Tokens and bytes that one cluster takes; what follows is another. Many more than a number has: the end of a cluster
 * that was cut off is looked at twice.
 */
const MOST_TOKENS = 96;
const MOST_BYTES = 960;
/** A longer token is no part of a number. */
const LONGEST_TOKEN = 48;
/** What is shorter and alone is no number of any kind. */
const SHORTEST = 5;
/** Letters between digits are part of a number when they are as few as in an IBAN. */
const MOST_LETTERS = 5;

/** A small letter less this is the capital. */
const TO_CAPITAL = 0x20;
const SMALL_A = 0x61;

/**
 * Letters and digits that stand near each other: what a number in groups is made of. There is one for all texts, and
 * {@link readCluster} writes over it: texts have as many as they have numbers.
 */
export class Cluster {
  /** How many tokens it has. */
  count = 0;
  /** Addresses of its tokens. */
  readonly starts = new Uint32Array(MOST_TOKENS + 2);
  readonly ends = new Uint32Array(MOST_TOKENS + 2);
  /** Where each token begins in {@link compact}, and where the last ends. */
  readonly offsets = new Uint32Array(MOST_TOKENS + 3);
  /** Whether any token has letters. */
  hasLetters = false;
  /** Its tokens were not cut off from what follows. */
  complete = true;
  /** Classes of the bytes of each token. */
  readonly #classes = new Uint8Array(MOST_TOKENS + 2);
  readonly #bytes = Buffer.alloc(MOST_BYTES + 2 * LONGEST_TOKEN);
  #compact: string | undefined;
  #buffer: Buffer = this.#bytes;

  begin(buffer: Buffer): void {
    this.#buffer = buffer;
    this.#compact = undefined;
    this.count = 0;
    this.hasLetters = false;
    this.complete = true;
  }

  add(start: number, end: number): void {
    const buffer = this.#buffer;
    const { count } = this;
    let seen = 0;
    for (let at = start; at < end; at++) seen |= CLASS[buffer[at]!]!;
    this.starts[count] = start;
    this.ends[count] = end;
    this.#classes[count] = seen;
    this.offsets[count + 1] = this.offsets[count]! + end - start;
    if ((seen & LETTER) !== 0) this.hasLetters = true;
    this.count = count + 1;
  }

  /** Letters and digits in all of its tokens. */
  get size(): number {
    return this.offsets[this.count]!;
  }

  /** Where its first token begins, and where its last ends. */
  get start(): number {
    return this.starts[0]!;
  }
  get end(): number {
    return this.ends[this.count - 1]!;
  }

  hasLetter(token: number): boolean {
    return (this.#classes[token]! & LETTER) !== 0;
  }

  hasDigit(token: number): boolean {
    return (this.#classes[token]! & DIGIT) !== 0;
  }

  /** All tokens without what stands between, in capitals. */
  get compact(): string {
    if (this.#compact === undefined) {
      const bytes = this.#bytes;
      let to = 0;
      for (let token = 0; token < this.count; token++) {
        for (let at = this.starts[token]!; at < this.ends[token]!; at++) {
          const byte = this.#buffer[at]!;
          bytes[to++] = byte < SMALL_A ? byte : byte - TO_CAPITAL;
        }
      }
      this.#compact = bytes.toString('latin1', 0, to);
    }
    return this.#compact;
  }

  /** The tokens from the first to the last, likewise. */
  value(first: number, last: number): string {
    return this.compact.slice(this.offsets[first], this.offsets[last + 1]);
  }
}

/** Reads the cluster around the digit at `at`; false when there is none. Nothing before `from` belongs to it. */
export function readCluster(cluster: Cluster, text: Text, at: number, from: number): boolean {
  const { buffer, high } = text;
  let start = at;
  while (start > from && at - start < LONGEST_TOKEN && isAlnum(buffer[start - 1]!)) start--;
  const first = tokenEnd(buffer, start, high);
  // Most digits in prose are a short word of their own.
  if (first - start > LONGEST_TOKEN || (first - start < SHORTEST && nextToken(text, first) === -1))
    return false;
  cluster.begin(buffer);
  const label = labelBefore(text, start, from);
  if (label !== -1) cluster.add(label, start - 1);
  let next = start;
  while (next !== -1) {
    const end = tokenEnd(buffer, next, high);
    if (end - next > LONGEST_TOKEN) break;
    cluster.add(next, end);
    if (cluster.count >= MOST_TOKENS || cluster.size > MOST_BYTES) {
      cluster.complete = false;
      return true;
    }
    next = nextToken(text, end);
  }
  return cluster.count > 0;
}

function tokenEnd(buffer: Buffer, start: number, high: number): number {
  const limit = Math.min(high, start + LONGEST_TOKEN + 1);
  let end = start;
  while (end < limit && isAlnum(buffer[end]!)) end++;
  return end;
}

/** Where the next token of the cluster begins, or -1: up to three characters away, with digits or letters of a number. */
function nextToken(text: Text, end: number): number {
  const { buffer, high } = text;
  let at = end;
  while (at < high && at - end < 3 && (CLASS[buffer[at]!]! & GAP) !== 0) at++;
  if (at === end || at >= high || !isAlnum(buffer[at]!)) return -1;
  if ((CLASS[buffer[at]!]! & DIGIT) !== 0) return at;
  let capitals = true;
  for (let p = at; p < high && isAlnum(buffer[p]!); p++) {
    if ((CLASS[buffer[p]!]! & DIGIT) !== 0) return at;
    if (buffer[p]! > 0x5a) capitals = false;
    if (p - at >= MOST_LETTERS) return -1;
    // Words of prose are no part of a number: `1984 and 1985`. The groups of an IBAN have four letters.
    if (!capitals && p - at >= 2 && !isFourLetters(text, at, end)) return -1;
  }
  return at;
}

/** Four letters, one sign behind a token that has a letter too, as in `gb29 nwbk`. */
function isFourLetters({ buffer, high }: Text, at: number, end: number): boolean {
  if (at - end !== 1 || at + 4 > high || (at + 4 < high && isAlnum(buffer[at + 4]!))) return false;
  for (let p = at; p < at + 4; p++) if ((CLASS[buffer[p]!]! & LETTER) === 0) return false;
  return end >= 4 && (CLASS[buffer[end - 4]!]! & LETTER) !== 0;
}

/** One to four capitals (or any two letters) with one gap behind them, just before `start`: `GB 29`, `AA 12 34`. */
function labelBefore({ buffer }: Text, start: number, from: number): number {
  if (start - 2 < from || (CLASS[buffer[start - 1]!]! & GAP) === 0) return -1;
  let at = start - 1;
  let capitals = true;
  while (at > from && start - at < 7 && (CLASS[buffer[at - 1]!]! & LETTER) !== 0) {
    at--;
    if (buffer[at]! > 0x5a) capitals = false;
  }
  const size = start - 1 - at;
  if (size < 1 || size > 4 || (!capitals && size > 2)) return -1;
  return at > from && isAlnum(buffer[at - 1]!) ? -1 : at;
}
