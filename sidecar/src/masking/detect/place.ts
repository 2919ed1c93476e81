import type { Entity } from '@rankguard/contract';
import type { Kernel } from '../../kernel/index.ts';
import { CLASS, SPACE } from './bytes.ts';
import { topicsAround, topicsNear } from './context.ts';
import type { Blob } from './encoded.ts';
import { joined, NO_TOPICS, type Topics } from './words.ts';

/** What a recogniser says of a place in the text in hand. Addresses in the kernel's memory. */
export interface Found {
  entity: Entity;
  start: number;
  end: number;
  score: number;
  reason: string;
}

/** What the texts of one search share. */
export interface Shared {
  readonly kernel: Kernel;
  /** The kernel's memory. */
  readonly buffer: Buffer;
  readonly wants: (entity: Entity) => boolean;
  /** What a member's name says of its value. */
  readonly topicsOf: (name: string) => Topics;
  /** Topics of the member that holds a token; undefined: nothing holds it. */
  readonly fieldOf: (token: number) => Topics | undefined;
}

/** One text that is looked at, decoded and folded, and what was found in it. */
export class Text {
  readonly low: number;
  readonly high: number;
  readonly found: Found[] = [];
  /** Encoded texts in it, to be looked at afterwards. */
  readonly blobs: Blob[] = [];
  readonly #shared: Shared;
  readonly #token: number;
  #field: Topics | undefined | null = null;
  /** The place whose topics were asked last: several recognisers ask about the same. */
  #nearStart = -1;
  #nearEnd = -1;
  #near = NO_TOPICS;
  #whole: readonly [number, number] | undefined;
  readonly buffer: Buffer;
  /** Where `PRIVATE KEY` was seen last. */
  keyWord = -1;

  constructor(shared: Shared, token: number, low: number, high: number) {
    this.#shared = shared;
    this.#token = token;
    this.buffer = shared.buffer;
    this.low = low;
    this.high = high;
  }

  wants(entity: Entity): boolean {
    return this.#shared.wants(entity);
  }

  topicsOf(name: string): Topics {
    return this.#shared.topicsOf(name);
  }

  get field(): Topics | undefined {
    if (this.#field === null) this.#field = this.#shared.fieldOf(this.#token);
    return this.#field;
  }

  /** ASCII of [start, end); other bytes become characters of their own. */
  slice(start: number, end: number): string {
    return this.buffer.toString('latin1', start, end);
  }

  /** Topics of the words near a place and of the member's name. */
  topics(start: number, end: number): Topics {
    if (start !== this.#nearStart || end !== this.#nearEnd) {
      this.#nearStart = start;
      this.#nearEnd = end;
      this.#near = joined(
        topicsNear(this.#shared.kernel, start, end, this.low, this.high),
        this.field ?? NO_TOPICS,
      );
    }
    return this.#near;
  }

  /** Topics of the words in so many bytes in front of a place. */
  topicsBefore(start: number, bytes: number): Topics {
    return topicsNear(this.#shared.kernel, start, start, Math.max(this.low, start - bytes), start);
  }

  /** Of the words near a place, of the member's name, and of the words within: those of no place in [start, end) are others. */
  topicsAround(start: number, end: number): Topics {
    const around = topicsAround(this.#shared.kernel, start, end, this.low, this.high);
    return joined(around, this.field ?? NO_TOPICS);
  }

  /** Whether [start, end) is all there is: a text without a member that holds it, but for white space around. */
  isWhole(start: number, end: number): boolean {
    if (this.field !== undefined) return false;
    if (this.#whole === undefined) {
      let [first, last] = [this.low, this.high];
      while (first < last && (CLASS[this.buffer[first]!]! & SPACE) !== 0) first++;
      while (last > first && (CLASS[this.buffer[last - 1]!]! & SPACE) !== 0) last--;
      this.#whole = [first, last];
    }
    return start === this.#whole[0] && end === this.#whole[1];
  }

  report(entity: Entity, start: number, end: number, score: number, reason: string): void {
    this.found.push({ entity, start, end, score, reason });
  }
}
