import { hashOf, readable, wordsOf } from './text.ts';

/** Words of one shingle. */
const SHINGLE = 3;
/** Bands of rows of a min-hash signature: documents that are 0.8 alike meet in a band with probability 0.985. */
const BANDS = 8;
const ROWS = 4;
const LEAST_ALIKE = 0.8;
/** Comparisons of one document: more candidates than this in its bands are copies of each other. */
const MOST_COMPARED = 8;
/** Odd multipliers and offsets of the hash functions; any fixed ones do. */
const FUNCTIONS = Array.from({ length: BANDS * ROWS }, (_, at) => [
  Math.imul(2 * at + 1, 0x9e3779b1) | 1,
  Math.imul(at + 1, 0x85ebca6b),
]) as readonly (readonly [number, number])[];

export interface Duplicate {
  /** Place in the list that was given. */
  readonly at: number;
  /** Place of the earlier one that it is like. */
  readonly of: number;
  /** Jaccard similarity of their three-word shingles. */
  readonly score: number;
}

/**
 * Documents that say nearly what an earlier one says: min-hash over shingles (Broder, On the resemblance and
 * containment of documents, 1997), checked by their exact similarity. The time is linear in the text.
 */
export function findDuplicates(texts: readonly string[]): readonly Duplicate[] {
  const shingles = texts.map(shinglesOf);
  const bands = new Map<string, number[]>();
  const found: Duplicate[] = [];
  for (const [at, own] of shingles.entries()) {
    if (own.size === 0) continue;
    const keys = bandKeys(own);
    const candidates = new Set(keys.flatMap((key) => bands.get(key) ?? []));
    let best: Duplicate | undefined;
    for (const of of [...candidates].slice(0, MOST_COMPARED)) {
      const score = similarity(own, shingles[of] as ReadonlySet<number>);
      if (score >= LEAST_ALIKE && score > (best?.score ?? 0)) best = { at, of, score };
    }
    if (best !== undefined) {
      found.push({ ...best, score: Math.round(best.score * 100) / 100 });
      continue;
    }
    // Only what is not a copy itself is compared with: the first of many copies stands for them all.
    for (const key of keys) {
      const members = bands.get(key);
      if (members === undefined) bands.set(key, [at]);
      else members.push(at);
    }
  }
  return found;
}

function shinglesOf(text: string): ReadonlySet<number> {
  const words = wordsOf(readable(text));
  const shingles = new Set<number>();
  if (words.length === 0) return shingles;
  for (let at = 0; at + SHINGLE <= words.length; at += 1) {
    shingles.add(hashOf(words.slice(at, at + SHINGLE).join(' ')));
  }
  if (words.length < SHINGLE) shingles.add(hashOf(words.join(' ')));
  return shingles;
}

function bandKeys(shingles: ReadonlySet<number>): readonly string[] {
  const signature = new Uint32Array(FUNCTIONS.length).fill(0xffff_ffff);
  for (const shingle of shingles) {
    for (let at = 0; at < FUNCTIONS.length; at += 1) {
      const [multiplier, offset] = FUNCTIONS[at]!;
      let hash = Math.imul(shingle ^ offset, multiplier);
      hash = (hash ^ (hash >>> 15)) >>> 0;
      if (hash < signature[at]!) signature[at] = hash;
    }
  }
  return Array.from({ length: BANDS }, (_, band) =>
    [band, ...signature.subarray(band * ROWS, (band + 1) * ROWS)].join(' '),
  );
}

function similarity(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const shingle of small) if (large.has(shingle)) shared += 1;
  return shared / (a.size + b.size - shared);
}
