import type { Entity } from '@rankguard/contract';
import type { Kernel } from '../../kernel/index.ts';
import { CLASS, SPACE } from './bytes.ts';
import { topicsNear } from './context.ts';
import type { Blob } from './encoded.ts';
import { joined, meets, NO_TOPICS, type Topics } from './words.ts';

/** What a recogniser says of a place in the text in hand. Addresses in the kernel's memory. */
export interface Found {
  entity: Entity;
  start: number;
  end: number;
  score: number;
  reason: string;
}

export interface TextOptions {
  readonly kernel: Kernel;
  /** The kernel's memory. */
  readonly buffer: Buffer;
  readonly low: number;
  readonly high: number;
  /** Topics of the member that holds the text; undefined: nothing holds it. */
  readonly field: () => Topics | undefined;
  readonly wants: (entity: Entity) => boolean;
}

/** One text that is looked at, decoded and folded, and what was found in it. */
export class Text {
  readonly buffer: Buffer;
  readonly low: number;
  readonly high: number;
  readonly found: Found[] = [];
  /** Encoded texts in it, to be looked at afterwards. */
  readonly blobs: Blob[] = [];
  readonly wants: (entity: Entity) => boolean;
  readonly #kernel: Kernel;
  readonly #fieldOf: () => Topics | undefined;
  #field: Topics | undefined | null = null;
  #whole: readonly [number, number] | undefined;

  constructor({ kernel, buffer, low, high, field, wants }: TextOptions) {
    this.#kernel = kernel;
    this.buffer = buffer;
    this.low = low;
    this.high = high;
    this.#fieldOf = field;
    this.wants = wants;
  }

  get field(): Topics | undefined {
    if (this.#field === null) this.#field = this.#fieldOf();
    return this.#field;
  }

  /** ASCII of [start, end); other bytes become characters of their own. */
  slice(start: number, end: number): string {
    return this.buffer.toString('latin1', start, end);
  }

  /** Topics of the words near a place and of the member's name. */
  topics(start: number, end: number): Topics {
    return joined(topicsNear(this.#kernel, start, end, this.low, this.high), this.field ?? NO_TOPICS);
  }

  says(topics: Topics, start: number, end: number): boolean {
    const { field } = this;
    return (field !== undefined && meets(field, topics)) || meets(this.topics(start, end), topics);
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
