import type { CapVerb, DiversifyVerb, FloorVerb, RankObligation, ReorderVerb } from '@rankguard/contract';

/** What the rank verbs of all policies come to. */
export interface RankPlan {
  /** The highest floor that removes, and the highest that moves behind. */
  readonly floors: readonly FloorVerb[];
  readonly caps: readonly CapVerb[];
  readonly diversify: readonly DiversifyVerb[];
  readonly reorder: readonly ReorderVerb[];
  /** The lowest limit; null: none. */
  readonly limit: number | null;
  /** By verb, the policies that asked for it. */
  readonly policies: Readonly<Record<RankObligation['verb'], readonly string[]>>;
}

/** Two policies (or one) that want one candidate in two places: a fault of theirs. */
export interface RankConflict {
  readonly conflict: string;
  readonly policy: string;
}

/**
 * Makes one plan of what all policies ask for: of floors the highest, of caps and shares of the same group the
 * lowest, of limits the lowest. Null: there is nothing to do.
 */
export function planRanking(obligations: readonly RankObligation[]): RankPlan | RankConflict | null {
  if (obligations.length === 0) return null;
  const of = <V extends RankObligation['verb']>(verb: V) =>
    obligations.filter((item): item is Extract<RankObligation, { verb: V }> => item.verb === verb);
  const reorder = agreedMoves(of('reorder'));
  if ('conflict' in reorder) return reorder;
  const limits = of('limit').map(({ results }) => results);
  const policiesOf = (verb: RankObligation['verb']) => [...new Set(of(verb).map(({ policy }) => policy))];
  return {
    floors: strictest(
      of('floor'),
      ({ below }) => below,
      (item) => -item.min_score,
    ),
    caps: strictest(
      of('cap'),
      ({ by, value, over }) => JSON.stringify([by, value, over]),
      ({ max }) => max,
    ),
    diversify: strictest(
      of('diversify'),
      ({ by, top }) => JSON.stringify([by, top]),
      ({ max }) => max,
    ),
    reorder: reorder.moves,
    limit: limits.length === 0 ? null : Math.min(...limits),
    policies: {
      floor: policiesOf('floor'),
      cap: policiesOf('cap'),
      diversify: policiesOf('diversify'),
      reorder: policiesOf('reorder'),
      limit: policiesOf('limit'),
    },
  };
}

/** Of the items with the same key the one that allows least, in an order that depends on nothing but their content. */
function strictest<T>(items: readonly T[], keyOf: (item: T) => string, allows: (item: T) => number): T[] {
  const kept = new Map<string, T>();
  for (const item of items) {
    const key = keyOf(item);
    const other = kept.get(key);
    if (other === undefined || allows(item) < allows(other)) kept.set(key, item);
  }
  return [...kept].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

function agreedMoves(
  items: readonly Extract<RankObligation, { verb: 'reorder' }>[],
): { moves: ReorderVerb[] } | RankConflict {
  const moves = new Map<number, ReorderVerb>();
  for (const item of items) {
    const other = moves.get(item.index);
    if (other !== undefined && (other.move !== item.move || other.places !== item.places)) {
      return { conflict: `contradictory reorders of candidate ${item.index}`, policy: item.policy };
    }
    moves.set(item.index, item);
  }
  return { moves: [...moves.values()].toSorted((a, b) => a.index - b.index) };
}
