import { CodedError, type Entity } from '@rankguard/contract';
import type { Kernel } from '../kernel/index.ts';

/** Numbers of the kernel's kinds (kernel/assembly/findings.ts). */
const KINDS: readonly (Entity | 'WEAK_SSN' | undefined)[] = [
  undefined,
  'EMAIL_ADDRESS',
  'US_SSN',
  'CREDIT_CARD',
  'WEAK_SSN',
];
const WORDS = 4;
/** No detector finds anything in fewer bytes: `a@b.cc`. */
export const SHORTEST = 6;
/** A number that is worth a look: nine digits. */
export const SHORTEST_NUMBER = 9;

/** A value that a detector found. `WEAK_SSN` is one only if the name of its field says so. */
export interface Finding {
  readonly token: number;
  readonly start: number;
  readonly end: number;
  readonly kind: Entity | 'WEAK_SSN';
  /** Every kind that has a part in these bytes; `kind` is the longest. */
  readonly all: readonly Entity[];
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
  find(bytes: Uint8Array, ranges: Ranges): Finding[];
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

  function find(bytes: Uint8Array, ranges: Ranges): Finding[] {
    if (ranges.count === 0) return [];
    const capacity = Math.ceil(bytes.length / SHORTEST) + 1;
    const list = align(bytes.length + kernel.padding);
    const out = list + ranges.count * 16;
    const view = out + capacity * 16;
    const base = kernel.scratch(view + ranges.longest + kernel.padding);
    kernel.u8.set(bytes, base);
    kernel.u32.set(ranges.words.subarray(0, ranges.count * WORDS), (base + list) >>> 2);
    const run = kernel.exports['findPersonalData']!;
    const count = run(base, base + list, ranges.count, base + view, base + out, capacity);
    return read(kernel.u32, (base + out) >>> 2, count);
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

function read(words: Uint32Array, from: number, count: number): Finding[] {
  const findings: Finding[] = [];
  for (let at = from; at < from + count * WORDS; at += WORDS) {
    const kinds = words[at + 3]!;
    const kind = KINDS[kinds & 0xff];
    if (kind === undefined) throw new CodedError('MASKING_FAULT', 'the kernel reported an unknown entity');
    findings.push({
      token: words[at]!,
      start: words[at + 1]!,
      end: words[at + 2]!,
      kind,
      all: entitiesOf(kinds),
    });
  }
  return findings;
}

const COMBINATIONS = new Map<number, readonly Entity[]>();

function entitiesOf(kinds: number): readonly Entity[] {
  const known = COMBINATIONS.get(kinds >>> 8);
  if (known !== undefined) return known;
  const made = KINDS.filter(
    (kind, bit): kind is Entity =>
      kind !== undefined && kind !== 'WEAK_SSN' && ((kinds >>> (8 + bit)) & 1) === 1,
  );
  COMBINATIONS.set(kinds >>> 8, made);
  return made;
}
