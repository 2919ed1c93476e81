import type {
  CallRecord,
  CapVerb,
  DiversifyVerb,
  FloorVerb,
  RankVerb,
  ReorderVerb,
} from '@rankguard/contract';
import type { RankPlan } from './plan.ts';

export { attributeOf } from './attributes.ts';
export { planRanking, type RankConflict, type RankPlan } from './plan.ts';

/** One result of a ranking, as rank verbs see it. */
export interface Ranked {
  /** Place in the upstream's answer, 0 is the best. */
  readonly place: number;
  /** The candidate, in the caller's numbering. */
  readonly index: number;
  readonly score: number | null;
}

export type RankEffect = CallRecord['ranking'][number];

export interface Ranking {
  /** Places of the upstream's answer, in the order in which they are to be sent; what is missing is removed. */
  readonly order: readonly number[];
  readonly effects: readonly RankEffect[];
}

/** The group of a candidate under an attribute; the same text is the same group. */
export type GroupOf = (index: number, by: string) => string;

/**
 * Applies the plan to one ranking, best first. Pure and stable: what no verb names keeps its order.
 * A candidate without the attribute belongs to the group of those without it.
 */
export function rank(results: readonly Ranked[], plan: RankPlan, groupOf: GroupOf): Ranking {
  const effects: RankEffect[] = [];
  const step = (verb: RankVerb['verb'], before: readonly Ranked[], after: readonly Ranked[]) => {
    const removed = before.length - after.length;
    const kept = new Set(after);
    const rest = before.filter((one) => kept.has(one));
    const moved = rest.filter((one, at) => one !== after[at]).length;
    if (removed > 0 || moved > 0) effects.push({ verb, removed, moved, policies: plan.policies[verb] });
    return after;
  };
  const floored = plan.floors.reduce(floor, { head: results, tail: [] });
  step('floor', results, joined(floored));
  const capped = plan.caps.reduce((split, verb) => cap(split, verb, groupOf), floored);
  step('cap', joined(floored), joined(capped));
  const diversified = { ...capped, head: diversify(capped.head, plan.diversify, groupOf) };
  let list = step('diversify', joined(capped), joined(diversified));
  list = step('reorder', list, reorder(list, plan.reorder));
  if (plan.limit !== null) list = step('limit', list, list.slice(0, plan.limit));
  return { order: list.map(({ place }) => place), effects };
}

/** `tail`: what was moved behind all others. */
interface Split {
  readonly head: readonly Ranked[];
  readonly tail: readonly Ranked[];
}

function joined({ head, tail }: Split): readonly Ranked[] {
  return [...head, ...tail];
}

/** Divides the head; what does not stay goes to the tail or away. */
function divide({ head, tail }: Split, others: 'remove' | 'last', stays: (one: Ranked) => boolean): Split {
  const staying = head.filter(stays);
  if (others === 'remove' || staying.length === head.length) return { head: staying, tail };
  const kept = new Set(staying);
  return { head: staying, tail: [...tail, ...head.filter((one) => !kept.has(one))] };
}

function floor(split: Split, { min_score: least, below }: FloorVerb): Split {
  const stays = ({ score }: Ranked) => score !== null && score >= least;
  const divided = divide(split, below, stays);
  // What another floor moved behind may lie below this one as well.
  return below === 'remove' ? { ...divided, tail: divided.tail.filter(stays) } : divided;
}

function cap(split: Split, { by, value, max, over }: CapVerb, groupOf: GroupOf): Split {
  const seen = new Map<string, number>();
  const only = value === null ? null : JSON.stringify(value);
  const stays = ({ index }: Ranked) => {
    const group = groupOf(index, by);
    if (only !== null && group !== only) return true;
    const count = (seen.get(group) ?? 0) + 1;
    seen.set(group, count);
    return count <= max;
  };
  const divided = divide(split, over, stays);
  return over === 'remove' ? { ...divided, tail: divided.tail.filter(stays) } : divided;
}

/**
 * Fills the places one after the other with the best result that keeps every share; where none does, the order
 * stays as it is from there on, for nothing is left to mix in.
 */
function diversify(
  head: readonly Ranked[],
  verbs: readonly DiversifyVerb[],
  groupOf: GroupOf,
): readonly Ranked[] {
  if (verbs.length === 0) return head;
  const windows = verbs.map((verb) => ({ ...verb, seen: new Map<string, number>() }));
  const left = [...head];
  const placed: Ranked[] = [];
  const last = Math.max(...verbs.map(({ top }) => top));
  while (placed.length < last && left.length > 0) {
    const open = windows.filter(({ top }) => placed.length < top);
    const at = left.findIndex(({ index }) =>
      open.every(({ by, max, seen }) => (seen.get(groupOf(index, by)) ?? 0) < max),
    );
    if (at === -1) break;
    const [next] = left.splice(at, 1) as [Ranked];
    for (const { by, seen } of windows) {
      const group = groupOf(next.index, by);
      seen.set(group, (seen.get(group) ?? 0) + 1);
    }
    placed.push(next);
  }
  return [...placed, ...left];
}

/** First all that go to the front or the end, in the order they have; then steps, the best first. */
function reorder(list: readonly Ranked[], moves: readonly ReorderVerb[]): readonly Ranked[] {
  if (moves.length === 0) return list;
  const byIndex = new Map(moves.map((move) => [move.index, move]));
  const target = ({ index }: Ranked) => {
    const move = byIndex.get(index);
    if (move === undefined || move.places !== null) return 0;
    return move.move === 'boost' ? -1 : 1;
  };
  const result = list.toSorted((a, b) => target(a) - target(b));
  const steps = result.filter(({ index }) => (byIndex.get(index)?.places ?? null) !== null);
  const boosted = steps.filter(({ index }) => byIndex.get(index)?.move === 'boost');
  const demoted = steps.filter(({ index }) => byIndex.get(index)?.move === 'demote').toReversed();
  for (const one of [...boosted, ...demoted]) {
    const places = byIndex.get(one.index)?.places ?? 0;
    const from = result.indexOf(one);
    result.splice(from, 1);
    const to = byIndex.get(one.index)?.move === 'boost' ? from - places : from + places;
    result.splice(Math.min(Math.max(to, 0), result.length), 0, one);
  }
  return result;
}
