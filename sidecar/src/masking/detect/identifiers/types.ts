import type { Entity } from '@rankguard/contract';
import type { Topics } from '../words.ts';

/** What a check says of letters and digits that have the right form. */
export type Checked =
  /** The checksum holds. */
  | true
  /** Well formed; nothing proves it, for there is no checksum or not always one. */
  | null
  | false;

/** A number or code that an authority gives out. */
export interface Identifier {
  readonly entity: Entity;
  /** Upper-case letters and digits without separators. */
  readonly pattern: RegExp;
  /** Lengths that the pattern takes. */
  readonly lengths: readonly number[];
  readonly check?: (text: string) => Checked;
  /**
   * How it is written: sizes of the groups, e.g. `3-3-4`. One piece is always read. Other groupings count only where
   * words say what it is.
   */
  readonly forms?: readonly string[];
  /** What may stand between two groups, one character; the same everywhere unless `mixed`. */
  readonly gaps?: string;
  readonly mixed?: boolean;
  /** Words that speak for it. */
  readonly context: Topics;
  /** The score in one piece and without such words: how rarely something else looks like it. */
  readonly bare: number;
  /** The most when its check gives null; 0.45 unless given. */
  readonly unproved?: number;
  /** The score when grouped as usual. */
  readonly formed?: number;
}
