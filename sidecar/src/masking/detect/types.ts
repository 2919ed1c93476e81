import type { Entity } from '@rankguard/contract';
import type { Kernel } from '../../kernel/index.ts';
import type { Engine } from './engine.ts';

/** One value that was found. Findings of one text are ascending and do not overlap. */
export interface Finding {
  /** What it is; of several that overlap, the one that names the whole. */
  readonly entity: Entity;
  /** Half open. Bytes of the text in `detect`, UTF-16 code units in `detectText`. Whole escapes only. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1: how sure it is. 1 is a checksum that holds, or a form that nothing else has. */
  readonly score: number;
  /** Why, in a few words, without the value: `checksum`, `context`, `field`, `prefix`, … */
  readonly reason: string;
}

/** What is known about a text from outside. */
export interface DetectContext {
  /** Name of the member that holds it: `ssn`, `Patient-Id`, … Speaks for and against what the text may be. */
  readonly field?: string;
  /** The text is the digits of a JSON number: it is what its field says, or a payment card. */
  readonly isNumber?: boolean;
}

export interface DetectorOptions {
  /** Its scratch is used: not while somebody else's scratch is in use. */
  readonly kernel: Kernel;
  /** What is looked for. */
  readonly entities: readonly Entity[];
  /** Least score per entity, 0 to 1; an entity that is not named has {@link DEFAULT_THRESHOLD}. */
  readonly thresholds?: Readonly<Partial<Record<Entity, number>>>;
  /** Values that are never found, compared by letters and digits only, without case. */
  readonly allow?: readonly string[];
  /** Values that are always found, likewise compared, as whole words. */
  readonly deny?: readonly { readonly value: string; readonly entity: Entity }[];
}

/** The score from which a finding counts, unless a threshold is given for its entity. */
export const DEFAULT_THRESHOLD = 0.5;

/** Finds personal data and secrets. Keeps nothing between calls; takes time linear in the text. */
export interface Detector extends Engine {
  /**
   * Looks at [start, end) of `bytes`: plain text or what stands between the quotes of a JSON string, escapes
   * and all. UTF-8, valid or not.
   */
  detect(bytes: Uint8Array, start: number, end: number, context?: DetectContext): Finding[];
  /** The same for decoded text. */
  detectText(text: string, context?: DetectContext): Finding[];
}
