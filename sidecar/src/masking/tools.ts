import type { YamlBudget } from '../facts/yaml-text.ts';
import type { JsonReader } from '../json/index.ts';
import type { AnyDetector } from './any-detector.ts';
import type { Plan } from './plan.ts';
import type { Scanner } from './scanner.ts';
import type { Replacer } from './strategies.ts';
import type { Issued, MaskNote } from './types.ts';

/** What masking a text needs, the same for every text of a call. */
export interface Tools {
  readonly plan: Plan;
  readonly detector: AnyDetector;
  readonly scanner: Scanner;
  readonly replacer: Replacer;
  /** A reader for JSON in strings, one per depth. */
  readonly nestedReader: (depth: number) => JsonReader;
  /** What may still be parsed as YAML in this body. */
  readonly yaml: YamlBudget;
  /** Counts one masked value; `where` is asked only when somebody wants to know. */
  /** Where tokens and surrogates are noted for one call, if they are. */
  readonly issued: Issued | null;
  /** String tokens of the outermost text in which nothing is looked for. */
  readonly except: ReadonlySet<number>;
  readonly report: (note: Omit<MaskNote, 'path'>, where: () => string) => void;
}

/** What is known of the place of a text inside another one. */
export interface Outside {
  readonly depth: number;
  /** The member that holds it. */
  readonly name: string | undefined;
  readonly where: () => string;
}

export const OUTERMOST: Outside = { depth: 0, name: undefined, where: () => '$' };
