/** How two rankings of the same candidates differ. */
export interface Displacement {
  /** Mean distance between a candidate's places in the two, in positions; 0: they are the same. */
  readonly positions: number;
  /** Kendall's tau: 1 the same order, -1 the opposite. Pairs that only one ranking has do not count. */
  readonly tau: number;
}

/** Results at the top that are compared: pairs are as many as the square of them. */
const MOST = 200;

/** Compares two rankings, the best candidate first; null when they have fewer than two candidates in common. */
export function displacementOf(one: readonly number[], other: readonly number[]): Displacement | null {
  const places = new Map(other.map((candidate, place) => [candidate, place]));
  const common = one.filter((candidate) => places.has(candidate)).slice(0, MOST);
  if (common.length < 2) return null;
  // Places among what both have: a result that one of them lacks moves nobody.
  const order = common.map((candidate) => places.get(candidate)!);
  const sorted = order.toSorted((a, b) => a - b);
  const place = new Map(sorted.map((at, rank) => [at, rank]));
  const ranks = order.map((at) => place.get(at)!);
  const moved = ranks.reduce((sum, rank, own) => sum + Math.abs(rank - own), 0);
  let agree = 0;
  for (let a = 0; a < ranks.length; a++) {
    for (let b = a + 1; b < ranks.length; b++) agree += ranks[a]! < ranks[b]! ? 1 : -1;
  }
  const pairs = (ranks.length * (ranks.length - 1)) / 2;
  return { positions: moved / ranks.length, tau: agree / pairs };
}

/** A result as an upstream gives it. */
interface Scored {
  readonly index: number;
  readonly score: number | null;
}

/** The candidates of an answer, the best first: by their scores, and as they stand where one has none. */
export function rankingOf(results: readonly Scored[]): number[] {
  const scored = results.every(({ score }) => score !== null);
  const ordered = scored ? results.toSorted((a, b) => b.score! - a.score!) : results;
  return ordered.map(({ index }) => index);
}

/** The ranking of each part of an answer. */
export function rankingsOf({
  parts,
}: {
  readonly parts: readonly { readonly results: readonly Scored[] }[];
}): number[][] {
  return parts.map(({ results }) => rankingOf(results));
}
