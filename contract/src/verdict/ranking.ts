/** Removes results that score lower, or those that have no score, or moves them behind all others. */
export interface FloorVerb {
  readonly verb: 'floor';
  readonly min_score: number;
  /** `last` for clients that expect as many results as they sent candidates. */
  readonly below: 'remove' | 'last';
}
/** At most `max` results of one group; the best of the group stay. */
export interface CapVerb {
  readonly verb: 'cap';
  /** Attribute of the candidate that names its group: `id`, or a path below `fields`. */
  readonly by: string;
  /** The one group that is capped; null: each. */
  readonly value: string | number | boolean | null;
  readonly max: number;
  readonly over: 'remove' | 'last';
}
/** Among the first `top` results at most this many of one group; the others move down. */
export interface DiversifyVerb {
  readonly verb: 'diversify';
  readonly by: string;
  readonly top: number;
  /** Greater of 1 and the share of `top`, rounded down. */
  readonly max: number;
}
/** Moves one candidate up or down. */
export interface ReorderVerb {
  readonly verb: 'reorder';
  /** The candidate, in the caller's numbering. */
  readonly index: number;
  readonly move: 'boost' | 'demote';
  /** How far; null: to the front, or to the end. */
  readonly places: number | null;
}
/** Keeps the best `results`. */
export interface ResultLimitVerb {
  readonly verb: 'limit';
  readonly results: number;
}

/** What a policy may do to the results of a ranking. Scores stay with their documents. */
export type RankVerb = FloorVerb | CapVerb | DiversifyVerb | ReorderVerb | ResultLimitVerb;
export type RankObligation = RankVerb & { readonly policy: string };

/** The verbs in the order in which they run, whatever the order of the policies. */
export const RANK_VERBS = [
  'floor',
  'cap',
  'diversify',
  'reorder',
  'limit',
] as const satisfies readonly RankVerb['verb'][];
/** Members of an item of `rank`, by verb. */
export const RANK_MEMBERS = {
  floor: { required: ['min_score'], optional: ['below'] },
  cap: { required: ['by', 'max'], optional: ['value', 'over'] },
  diversify: { required: ['by', 'top'], optional: ['max', 'max_share'] },
  reorder: { required: ['index', 'move'], optional: ['places'] },
  limit: { required: ['results'], optional: [] },
} as const satisfies Record<RankVerb['verb'], { required: readonly string[]; optional: readonly string[] }>;

/** Verbs that can put a result into the place of another one. */
export const MIXING_VERBS: readonly RankVerb['verb'][] = ['cap', 'diversify', 'reorder'];

/** `id`, or `fields.` and member names: what a group can be named by. */
export const GROUP_PATH = /^(id|fields(\.[^.*[\]]+)+)$/;
