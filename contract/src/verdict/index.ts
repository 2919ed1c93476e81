import type { ReasonCode } from '../reasons/index.ts';
import type { RankObligation } from './ranking.ts';

export * from './ranking.ts';

/** Why a verdict is what it is: a code of the catalogue and a sentence that is safe to show (masked). */
export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
  /** The policy that said so, as `namespace/name` (`name` for a cluster policy). */
  readonly policy?: string;
  /** The policy's own code, as in `deny contains {"code": …}`. */
  readonly policyCode?: string;
}

export const STRATEGIES = ['redact', 'partial', 'token', 'surrogate', 'remove', 'null'] as const;
/** What replaces a masked value. */
export type Strategy = (typeof STRATEGIES)[number];

/** Masks one place of the facts, e.g. `documents[*].fields.email` or `query`. */
export interface MaskObligation {
  readonly path: string;
  readonly with: Strategy;
  readonly policy: string;
}
/** Removes the candidate with this index (the caller's numbering), before scoring. */
export interface DropObligation {
  readonly index: number;
  readonly reason: string;
  readonly policy: string;
}
/** The call may have at most this many documents. */
export interface LimitObligation {
  readonly documents: number;
  /** true: the rest is cut off; false: the call is denied. */
  readonly truncate: boolean;
  readonly policy: string;
}

export interface Obligations {
  readonly mask: readonly MaskObligation[];
  readonly drop: readonly DropObligation[];
  /** The lowest limit of all policies, or null. */
  readonly limit: LimitObligation | null;
  /** What is done to the results, in no order that matters; of both phases together. */
  readonly rank: readonly RankObligation[];
}

/** The value that a decision yields. Only faults throw. */
export type Verdict =
  | { readonly kind: 'allow'; readonly by: readonly string[]; readonly obligations: Obligations }
  | { readonly kind: 'deny'; readonly reason: Reason; readonly others: readonly Reason[] }
  | { readonly kind: 'hold'; readonly tier: string; readonly reason: Reason };

export const NO_OBLIGATIONS: Obligations = Object.freeze({ mask: [], drop: [], limit: null, rank: [] });
