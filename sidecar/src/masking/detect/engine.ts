import type { Entity } from '@rankguard/contract';
import type { Kernel } from '../../kernel/index.ts';
import { Ranges } from '../ranges.ts';
import { CLASS, DIGIT, isAlnum } from './bytes.ts';
import { loadDictionary } from './context.ts';
import { type Blob, DECODING_BUDGET } from './encoded.ts';
import { Findings, kindsOf, numberOf, type Why } from './findings.ts';
import { type Shared, Text } from './place.ts';
import { createRecognisers, DIGITS, PLACE, type Recognisers } from './recognisers.ts';
import type { DetectorOptions } from './types.ts';
import { NO_TOPICS, type Topics, topicsOfName } from './words.ts';

/** A finding takes six bytes at least: `a@b.cc`. */
const SHORTEST = 6;
/** Bytes that the kernel looks at together, unless one text has more: its scratch is eleven times as long. */
const BATCH = 256 * 1024;
/** Encodings within encodings. */
const DEEPEST = 2;
const ENTRY = 16;
/** Words of an entry. */
const WORDS = 4;
/** Names of members whose topics are remembered; callers choose them, so there must be an end. */
const REMEMBERED = 2048;

/** The name of the member that holds a token; undefined when nothing does. */
export type NameOf = (token: number) => string | undefined;

/** Finds personal data in many texts of one body at once. */
export interface Engine {
  /** Findings in `ranges` of the text, part by part, ascending and apart from each other. Uses the kernel's scratch. */
  find(bytes: Uint8Array, ranges: Ranges, nameOf?: NameOf): Findings;
}

/** Where things stand in the kernel's scratch. */
interface Layout {
  /** Where the body would begin. */
  readonly base: number;
  /** The first of the texts. */
  readonly first: number;
  readonly list: number;
  readonly out: number;
  readonly marks: number;
  readonly pairs: number;
}

/** Texts that are looked at together, from the first to before the last, and where they stand in the body. */
interface Batch {
  readonly first: number;
  readonly last: number;
  readonly low: number;
  readonly high: number;
}

/** Merged findings of one text, in its own coordinates until they are located. */
interface Merged {
  start: number;
  end: number;
  longest: number;
  kinds: number[];
  why: Why | undefined;
}

/** Addresses of a text. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** An encoded text that is still to be looked at. */
interface Pending extends Blob {
  readonly token: number;
}

const nameless: NameOf = () => undefined;
const align = (address: number) => (address + 15) & ~15;

export function createEngine(options: DetectorOptions): Engine {
  const { kernel, entities } = options;
  const wanted = new Set(entities);
  const recognisers = createRecognisers(options);
  const own = (['EMAIL_ADDRESS', 'US_SSN', 'CREDIT_CARD'] as const).map((entity) => wanted.has(entity));
  const topicsOf = createTopicsMemory();
  const always = (options.deny ?? []).length > 0;

  function find(bytes: Uint8Array, ranges: Ranges, nameOf: NameOf = nameless): Findings {
    return new Search(
      { kernel, wanted, recognisers, own, topicsOf, depth: 0, always, nameOf },
      bytes,
      ranges,
    ).run();
  }
  return { find };
}

interface SearchOptions {
  readonly kernel: Kernel;
  readonly wanted: ReadonlySet<Entity>;
  readonly recognisers: Recognisers;
  /** Which of the kernel's own three entities are wanted. */
  readonly own: readonly boolean[];
  readonly topicsOf: (name: string) => Topics;
  readonly depth: number;
  /** Whether texts without an anchor are looked at too. */
  readonly always: boolean;
  readonly nameOf: NameOf;
}

/** One look at the texts of a body. */
class Search {
  readonly #options: SearchOptions;
  readonly #bytes: Uint8Array;
  readonly #ranges: Ranges;
  #layout!: Layout;
  readonly #findings = new Findings();
  readonly #pending: Pending[] = [];
  #budget = DECODING_BUDGET;

  constructor(options: SearchOptions, bytes: Uint8Array, ranges: Ranges) {
    this.#options = options;
    this.#bytes = bytes;
    this.#ranges = ranges;
  }

  run(): Findings {
    const { count } = this.#ranges;
    this.#ranges.signs = new Uint32Array(count);
    for (let first = 0; first < count; ) {
      const batch = this.#batchFrom(first);
      this.#layout = this.#lay(batch);
      this.#lookAtBatch(batch);
      first = batch.last;
    }
    return this.#pending.length === 0 ? this.#findings : this.#open();
  }

  /** The texts from one on that the kernel looks at together. */
  #batchFrom(first: number): Batch {
    const { words, count } = this.#ranges;
    let low = words[first * WORDS + 1]!;
    let high = words[first * WORDS + 2]!;
    let last = first + 1;
    for (; last < count; last++) {
      const from = Math.min(low, words[last * WORDS + 1]!);
      const to = Math.max(high, words[last * WORDS + 2]!);
      if (to - from > BATCH) break;
      low = from;
      high = to;
    }
    return { first, last, low, high };
  }

  /** Has the kernel look at texts. Their places count from where the whole body would begin. */
  #lay({ first, last, low, high }: Batch): Layout {
    const { kernel } = this.#options;
    const length = high - low;
    const count = last - first;
    const capacity = Math.ceil(length / SHORTEST) + 1;
    const list = align(length + kernel.padding);
    const out = list + count * ENTRY;
    const marks = out + capacity * ENTRY;
    const pairs = align(marks + (Math.ceil(length * 1.25) + count + 16) * 4);
    const signs = pairs + capacity * 8;
    const views = align(signs + count * 4);
    const at = kernel.scratch(views + length + count * 32 + kernel.padding);
    const base = at - low;
    kernel.u8.set(this.#bytes.subarray(low, high), at);
    kernel.u32.set(this.#ranges.words.subarray(first * WORDS, last * WORDS), (at + list) >>> 2);
    loadDictionary(kernel);
    const find = kernel.exports['findPersonalData']!;
    find(base, at + list, count, at + views, at + out, capacity, at + marks, at + signs);
    const firstSign = (at + signs) >>> 2;
    this.#ranges.signs.set(kernel.u32.subarray(firstSign, firstSign + count), first);
    return { base, first, list: at + list, out: at + out, marks: at + marks, pairs: at + pairs };
  }

  #lookAtBatch({ first, last }: Batch): void {
    const { u32, u8 } = this.#options.kernel;
    const { list } = this.#layout;
    const shared = this.#share(Buffer.from(u8.buffer as ArrayBuffer));
    let mark = 0;
    let finding = 0;
    for (let range = first; range < last; range++) {
      const at = (list >>> 2) + (range - first) * WORDS;
      const lastMark = u32[at + 2]!;
      const lastFinding = u32[at + 3]!;
      this.#look(range, shared, mark, lastMark, finding, lastFinding);
      mark = lastMark;
      finding = lastFinding;
    }
  }

  /** Looks at one text: its anchors and findings are those from the first to before the last. */
  #look(range: number, shared: Shared, mark: number, lastMark: number, first: number, last: number): void {
    const { recognisers, kernel, always } = this.#options;
    const { base, list, first: firstRange } = this.#layout;
    const { u32 } = kernel;
    const at = (list >>> 2) + (range - firstRange) * WORDS;
    const low = base + u32[at]!;
    const high = base + u32[at + 1]!;
    const token = this.#ranges.words[range * WORDS]!;
    const folded = u32[at]! !== this.#ranges.words[range * WORDS + 1]!;
    const isNumber = this.#ranges.words[range * WORDS + 3] === 1;
    // Most texts have nothing to look at.
    const empty = mark === lastMark && first === last && !isNumber && !always;
    if (empty && !maySecret(shared.buffer, low, high)) return;
    const anchors = this.#uncovered(mark, lastMark, first, last, { low, high });
    if (
      !empty &&
      !isNumber &&
      !folded &&
      anchors.length === 0 &&
      !always &&
      !maySecret(shared.buffer, low, high)
    ) {
      this.#settleOwn(token, first, last);
      return;
    }
    const text = new Text(shared, token, low, high);
    if (isNumber) recognisers.number(text);
    else {
      recognisers.text(text, anchors, base);
      this.#takeBlobs(text);
    }
    if (!folded && text.found.length === 0 && text.blobs.length === 0) this.#settleOwn(token, first, last);
    else this.#settle(range, text, first, last);
  }

  /** Takes the kernel's findings as they are. */
  #settleOwn(token: number, first: number, last: number): void {
    const { u32 } = this.#options.kernel;
    const words = this.#layout.out >>> 2;
    for (let at = words + first * WORDS; at < words + last * WORDS; at += WORDS) {
      const kinds = this.#packed(u32[at + 3]!);
      if (kinds !== 0) this.#findings.add(token, u32[at + 1]!, u32[at + 2]!, kinds);
    }
  }

  /** The kernel's word for its kinds as findings have it; 0: none is wanted. Nearly all are of one kind. */
  #packed(word: number): number {
    const naming = word & 0xff;
    if (word >>> 8 === 1 << naming) return this.#options.own[naming - 1] ? naming : 0;
    return kindsOf(this.#ownKinds(word));
  }

  /** The anchors without digits of the kernel's own findings, unless they may be a part of something longer. */
  #uncovered(mark: number, lastMark: number, first: number, last: number, text: Bounds): Uint32Array {
    const { base, marks, out } = this.#layout;
    const { u8, u32 } = this.#options.kernel;
    const from = (marks >>> 2) + mark;
    const to = (marks >>> 2) + lastMark;
    if (first === last || from === to) return u32.subarray(from, to);
    let kept = from;
    let at = (out >>> 2) + first * WORDS;
    const end = (out >>> 2) + last * WORDS;
    for (let word = from; word < to; word++) {
      const anchor = u32[word]!;
      const place = anchor & PLACE;
      while (at < end && u32[at + 2]! <= place) at += WORDS;
      const inside =
        at < end && u32[at + 1]! <= place && anchor >>> 29 === DIGITS && this.#packed(u32[at + 3]!) !== 0;
      if (inside && isApart(u8, base + u32[at + 1]!, base + u32[at + 2]!, text)) continue;
      u32[kept++] = anchor;
    }
    return u32.subarray(from, kept);
  }

  #share(buffer: Buffer): Shared {
    const { kernel, wanted, nameOf, topicsOf } = this.#options;
    return {
      kernel,
      buffer,
      topicsOf,
      wants: (entity) => wanted.has(entity),
      fieldOf: (token) => {
        const name = nameOf(token);
        return name === undefined ? undefined : topicsOf(name);
      },
    };
  }

  #takeBlobs(text: Text): void {
    if (this.#options.depth >= DEEPEST) return;
    for (const { decoded } of text.blobs) this.#budget -= decoded.length;
    if (this.#budget < 0) text.blobs.length = 0;
  }

  /** Notes what was found in one text, by the kernel and here. */
  #settle(range: number, text: Text, first: number, last: number): void {
    const { words } = this.#ranges;
    const token = words[range * 4]!;
    const start = words[range * 4 + 1]!;
    const merged = this.#merge(text, first, last);
    if (merged.length === 0 && text.blobs.length === 0) return;
    const folded = text.low !== this.#layout.base + start;
    const blobs = this.#options.depth < DEEPEST ? text.blobs : [];
    if (folded) this.#locate(range, text, merged, blobs);
    else {
      const shift = this.#layout.base;
      for (const one of merged) {
        one.start -= shift;
        one.end -= shift;
      }
      for (const blob of blobs)
        this.#pending.push({ ...blob, token, start: blob.start - shift, end: blob.end - shift });
    }
    for (const one of merged) this.#findings.add(token, one.start, one.end, kindsOf(one.kinds), one.why);
  }

  /** What overlaps becomes one, so that no piece of either is left over; the longest names it. */
  #merge(text: Text, first: number, last: number): Merged[] {
    const { u32 } = this.#options.kernel;
    const { out, base } = this.#layout;
    const all: Merged[] = [];
    for (let at = (out >>> 2) + first * 4; at < (out >>> 2) + last * 4; at += 4) {
      const kinds = this.#ownKinds(u32[at + 3]!);
      if (kinds.length === 0) continue;
      const [start, end] = [base + u32[at + 1]!, base + u32[at + 2]!];
      all.push({ start, end, longest: end - start, kinds, why: undefined });
    }
    if (text.found.length === 0) return all;
    for (const { entity, start, end, score, reason } of text.found) {
      all.push({ start, end, longest: end - start, kinds: [numberOf(entity)], why: { score, reason } });
    }
    return joinOverlaps(all);
  }

  /** The kernel's word for its kinds as numbers of entities that are wanted. */
  #ownKinds(word: number): number[] {
    const naming = word & 0xff;
    const kinds: number[] = [];
    if (this.#options.own[naming - 1]) kinds.push(naming);
    for (let kind = 1; kind <= 3; kind++) {
      if (kind !== naming && ((word >>> (8 + kind)) & 1) === 1 && this.#options.own[kind - 1])
        kinds.push(kind);
    }
    return kinds;
  }

  /** Turns places of a folded view into places of the text. */
  #locate(range: number, text: Text, merged: readonly Merged[], blobs: readonly Blob[]): void {
    const { kernel } = this.#options;
    const { base, pairs } = this.#layout;
    const [token, start, end] = this.#ranges.words.subarray(range * 4, range * 4 + 3);
    const locate = (places: readonly { start: number; end: number }[]) => {
      const { u32 } = kernel;
      for (const [at, place] of places.entries()) {
        u32[(pairs >>> 2) + at * 2] = place.start - text.low;
        u32[(pairs >>> 2) + at * 2 + 1] = place.end - text.low;
      }
      kernel.exports['locateFolded']!(base + start!, base + end!, text.low, pairs, places.length);
      return places.map(
        (_, at) =>
          [start! + u32[(pairs >>> 2) + at * 2]!, start! + u32[(pairs >>> 2) + at * 2 + 1]!] as const,
      );
    };
    for (const [at, [from, to]] of locate(merged).entries()) {
      merged[at]!.start = from;
      merged[at]!.end = to;
    }
    for (const [at, [from, to]] of locate(blobs).entries()) {
      this.#pending.push({ token: token!, decoded: blobs[at]!.decoded, start: from, end: to });
    }
  }

  /** Looks into encoded texts, and adds those that hold something as a whole. */
  #open(): Findings {
    const inner = new Ranges();
    const decoded = Buffer.concat(this.#pending.map((blob) => blob.decoded));
    let at = 0;
    for (const [place, blob] of this.#pending.entries()) {
      inner.add(place, at, at + blob.decoded.length, false);
      at += blob.decoded.length;
    }
    const { depth, nameOf } = this.#options;
    const nameOfBlob: NameOf = (place) => nameOf(this.#pending[place]!.token);
    const options = { ...this.#options, depth: depth + 1, nameOf: nameOfBlob };
    const found = new Search(options, decoded, inner).run();
    return found.count === 0 ? this.#findings : this.#withBlobs(found);
  }

  /** The findings of the text and the encoded texts that hold some, by part and in order. */
  #withBlobs(found: Findings): Findings {
    const byToken = new Map<number, Merged[]>();
    for (let range = 0; range < this.#ranges.count; range++) byToken.set(this.#ranges.words[range * 4]!, []);
    const add = (token: number, start: number, end: number, kinds: number, why: Why) => {
      byToken.get(token)!.push({ start, end, longest: end - start, kinds: bytesOf(kinds), why });
    };
    const own = this.#findings;
    for (let at = 0; at < own.count; at++) {
      add(own.token(at), own.start(at), own.end(at), own.kinds(at), own.why(at));
    }
    for (let at = 0; at < found.count; at++) {
      const { token, start, end } = this.#pending[found.token(at)]!;
      add(token, start, end, found.kinds(at), { score: found.why(at).score, reason: 'encoded' });
    }
    const result = new Findings();
    for (const [token, group] of byToken) {
      for (const { start, end, kinds, why } of joinOverlaps(group)) {
        result.add(token, start, end, kindsOf(kinds), why);
      }
    }
    return result;
  }
}

/** Whether a text may be a secret by its field's name: one word of no more than a key's length. */
function maySecret(buffer: Buffer, low: number, high: number): boolean {
  if (high - low < 8 || high - low > 4096) return false;
  for (let at = low; at < high; at++) if (buffer[at]! <= 0x20) return false;
  return true;
}

/** Whether no digit is near enough to a finding to belong to the same number, nor a letter. */
function isApart(u8: Uint8Array, start: number, end: number, { low, high }: Bounds): boolean {
  const before = start > low && (isAlnum(u8[start - 1]!) || (start - 1 > low && isDigit(u8[start - 2]!)));
  const behind = end < high && (isAlnum(u8[end]!) || (end + 1 < high && isDigit(u8[end + 1]!)));
  return !before && !behind;
}

const isDigit = (byte: number) => (CLASS[byte]! & DIGIT) !== 0;

function bytesOf(kinds: number): number[] {
  const numbers: number[] = [];
  for (let rest = kinds >>> 0; rest !== 0; rest >>>= 8) numbers.push(rest & 0xff);
  return numbers;
}

function joinOverlaps<One extends Merged>(all: One[]): One[] {
  all.sort((a, b) => a.start - b.start || b.end - a.end);
  const joined: One[] = [];
  for (const one of all) {
    const last = joined.at(-1);
    if (last === undefined || one.start >= last.end) {
      joined.push(one);
      continue;
    }
    const better =
      one.longest > last.longest ||
      (one.longest === last.longest && (one.why?.score ?? 1) > (last.why?.score ?? 1));
    const kinds = better ? [...one.kinds, ...last.kinds] : [...last.kinds, ...one.kinds];
    last.kinds = [...new Set(kinds)];
    if (better) {
      last.why = one.why;
      last.longest = one.longest;
    }
    last.end = Math.max(last.end, one.end);
  }
  return joined;
}

/** Topics of members' names, remembered. */
function createTopicsMemory(): (name: string) => Topics {
  const known = new Map<string, Topics>();
  return (name) => {
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const made = name === '' ? NO_TOPICS : topicsOfName(name);
    if (known.size >= REMEMBERED) known.clear();
    known.set(name, made);
    return made;
  };
}
