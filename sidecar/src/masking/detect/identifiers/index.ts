import type { Entity } from '@rankguard/contract';
import { joined, NO_TOPICS, type Topics } from '../words.ts';
import { AMERICAS } from './americas.ts';
import { ASIA_PACIFIC } from './asia-pacific.ts';
import { EUROPE } from './europe.ts';
import type { Identifier } from './types.ts';

export type { Checked, Identifier } from './types.ts';

/** The longest of them, in letters and digits. */
export const LONGEST = 18;

/** What the letters and digits of one length or shape can be. */
export interface Candidates {
  readonly all: readonly Identifier[];
  /** Words that speak for one of them. */
  readonly context: Topics;
  /** Those that count without such words and beside other text. */
  readonly unaided: readonly Identifier[];
}

/** Identifiers by their length without separators: those that may be digits only, and all. */
export interface Known {
  readonly digits: readonly Candidates[];
  readonly mixed: readonly Candidates[];
  /**
   * Those that are written in groups, by the sizes of the groups: see {@link shapeOf}. A shape that some begin with has
   * an entry, though it may be an empty one.
   */
  readonly grouped: ReadonlyMap<number, Candidates>;
}

/** The sizes of up to eight groups as one number; none is larger than 15. */
export const shapeOf = (before: number, size: number): number => before * 16 + size;

const ALL: readonly Identifier[] = [...AMERICAS, ...EUROPE, ...ASIA_PACIFIC];
/** A pattern that begins so takes no number of digits only. */
const LETTER_FIRST = /^\^(?:\(\?[!=][^)]*\))*(?:\[A-[^\]]*\]|[A-Z])(?!\{0)/;

/** The score of an identifier, in one piece or in groups, that neither words nor a checksum change. */
export const formOf = (one: Identifier, single: boolean): number =>
  single ? one.bare : (one.formed ?? one.bare);

/** The identifiers of these entities, by length. `threshold`: the score from which each counts. */
export function identifiersOf(entities: ReadonlySet<Entity>, threshold: (entity: Entity) => number): Known {
  const wanted = ALL.filter(({ entity }) => entities.has(entity));
  const candidates = (all: readonly Identifier[], single: boolean): Candidates => ({
    all,
    context: all.reduce((topics, one) => joined(topics, one.context), NO_TOPICS),
    unaided: all.filter((one) => formOf(one, single) >= threshold(one.entity)),
  });
  const byLength = Array.from({ length: LONGEST + 1 }, (_, length) =>
    wanted.filter(({ lengths }) => lengths.includes(length)),
  );
  const of = (counts: (pattern: RegExp) => boolean) =>
    byLength.map((list) =>
      candidates(
        list.filter(({ pattern }) => counts(pattern)),
        true,
      ),
    );
  const grouped = new Map([...shapesOf(wanted)].map(([shape, all]) => [shape, candidates(all, false)]));
  return {
    grouped,
    mixed: of(({ source }) => /[A-Z]/.test(source)),
    digits: of(({ source }) => !LETTER_FIRST.test(source) && !isLetterLast(source)),
  };
}

/** Identifiers by the sizes of their groups, and nothing for the shapes that they begin with. */
function shapesOf(wanted: readonly Identifier[]): ReadonlyMap<number, readonly Identifier[]> {
  const shapes = new Map<number, readonly Identifier[]>();
  for (const one of wanted) {
    for (const form of one.forms ?? []) {
      let shape = 0;
      for (const size of form.split('-').map(Number)) {
        shape = shapeOf(shape, size);
        if (!shapes.has(shape)) shapes.set(shape, []);
      }
      shapes.set(shape, [...shapes.get(shape)!, one]);
    }
  }
  return shapes;
}

/** Whether all that a pattern takes ends with a letter. */
function isLetterLast(source: string): boolean {
  const inner = source.replace(/^\^\(?/, '').replace(/\)?\$$/, '');
  return inner.split('|').every((alternative) => alternative.endsWith('[A-Z]'));
}
