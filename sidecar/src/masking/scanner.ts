import { CodedError, type Entity } from '@rankguard/contract';
import type { Kernel } from '../kernel/index.ts';

/** Entities by the kernel's numbers for them (kernel/assembly/findings.ts). */
const ENTITY_NUMBERS: readonly (Entity | undefined)[] = [undefined, 'EMAIL_ADDRESS', 'US_SSN', 'CREDIT_CARD'];
const WEAK_SSN = 4;
/** An SSN and nothing else. */
const JUST_SSN = 2 | (1 << (8 + 2));
const WORDS = 4;
/** No detector finds anything in fewer bytes: `a@b.cc`. */
export const SHORTEST = 6;
/** A number that is worth a look: nine digits. */
export const SHORTEST_NUMBER = 9;

/**
 * What the detectors found, by number: where, and a word for the kinds that take part. Kept as numbers: a dense
 * body has thousands of findings.
 */
export class Findings {
  readonly #words: Uint32Array;
  readonly count: number;

  constructor(words: Uint32Array) {
    this.#words = words;
    this.count = words.length / WORDS;
  }

  token(finding: number): number {
    return this.#words[finding * WORDS]!;
  }
  start(finding: number): number {
    return this.#words[finding * WORDS + 1]!;
  }
  end(finding: number): number {
    return this.#words[finding * WORDS + 2]!;
  }
  kinds(finding: number): number {
    return this.#words[finding * WORDS + 3]!;
  }
  /** Whether it is an SSN only if the name of its field says so. */
  isWeak(finding: number): boolean {
    return (this.kinds(finding) & 0xff) === WEAK_SSN;
  }
  /** Makes a weak finding a real one. */
  promote(finding: number): void {
    this.#words[finding * WORDS + 3] = JUST_SSN;
  }
}

/** The entities in a word of kinds: first the one that names the finding (the longest). */
export function entitiesOf(kinds: number): Entity[] {
  const naming = ENTITY_NUMBERS[kinds & 0xff];
  if (naming === undefined) throw new CodedError('MASKING_FAULT', 'the kernel reported an unknown entity');
  const others = ENTITY_NUMBERS.filter(
    (entity, number) => ((kinds >>> (8 + number)) & 1) === 1 && entity !== naming,
  );
  return [naming, ...others.filter((entity) => entity !== undefined)];
}

/** Parts of one text to be looked at. */
export class Ranges {
  words = new Uint32Array(256 * WORDS);
  count = 0;
  longest = 0;

  add(token: number, start: number, end: number, isNumber: boolean): void {
    const at = this.count * WORDS;
    if (at === this.words.length) {
      const wider = new Uint32Array(at * 2);
      wider.set(this.words);
      this.words = wider;
    }
    this.words[at] = token;
    this.words[at + 1] = start;
    this.words[at + 2] = end;
    this.words[at + 3] = isNumber ? 1 : 0;
    this.count++;
    if (end - start > this.longest) this.longest = end - start;
  }
}

/** The kernel's detectors. Works in the kernel's scratch only: a document that the kernel holds stays valid. */
export interface Scanner {
  /** Findings in `ranges` of the text, part by part, ascending and apart from each other. */
  find(bytes: Uint8Array, ranges: Ranges): Findings;
  /** The folded view of a text: escapes, encodings and look-alike characters resolved. */
  fold(bytes: Uint8Array): string;
  /**
   * Where ranges of a JSON string's decoded UTF-8 stand in its text. `pairs` are starts and ends, ascending,
   * apart and not empty; they are replaced.
   */
  locate(text: Uint8Array, pairs: Uint32Array): void;
}

export function createScanner(kernel: Kernel): Scanner {
  const align = (address: number) => (address + 15) & ~15;

  function find(bytes: Uint8Array, ranges: Ranges): Findings {
    if (ranges.count === 0) return new Findings(new Uint32Array(0));
    const capacity = Math.ceil(bytes.length / SHORTEST) + 1;
    const list = align(bytes.length + kernel.padding);
    const out = list + ranges.count * 16;
    const view = out + capacity * 16;
    const base = kernel.scratch(view + ranges.longest + kernel.padding);
    kernel.u8.set(bytes, base);
    kernel.u32.set(ranges.words.subarray(0, ranges.count * WORDS), (base + list) >>> 2);
    const run = kernel.exports['findPersonalData']!;
    const count = run(base, base + list, ranges.count, base + view, base + out, capacity);
    const from = (base + out) >>> 2;
    return new Findings(kernel.u32.slice(from, from + count * WORDS));
  }

  function fold(bytes: Uint8Array): string {
    const view = align(bytes.length + kernel.padding);
    const base = kernel.scratch(view + bytes.length + kernel.padding);
    kernel.u8.set(bytes, base);
    const length = kernel.exports['foldText']!(base, base + bytes.length, base + view);
    return Buffer.from(kernel.u8.buffer, base + view, length).toString();
  }

  function locate(text: Uint8Array, pairs: Uint32Array): void {
    const list = align(text.length + kernel.padding);
    const view = align(list + pairs.length * 4);
    const base = kernel.scratch(view + text.length + kernel.padding);
    kernel.u8.set(text, base);
    kernel.u32.set(pairs, (base + list) >>> 2);
    kernel.exports['locateDecoded']!(base, base + text.length, base + view, base + list, pairs.length / 2);
    pairs.set(kernel.u32.subarray((base + list) >>> 2, ((base + list) >>> 2) + pairs.length));
  }

  return { find, fold, locate };
}
