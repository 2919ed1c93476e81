import type { Entity } from '@rankguard/contract';
import { AMERICAS } from './americas.ts';
import { ASIA_PACIFIC } from './asia-pacific.ts';
import { EUROPE } from './europe.ts';
import type { Identifier } from './types.ts';

export type { Checked, Identifier } from './types.ts';

/** The longest of them, in letters and digits. */
export const LONGEST = 18;

/** Identifiers by their length without separators: those that may be digits only, and all. */
export interface Known {
  readonly digits: readonly (readonly Identifier[])[];
  readonly mixed: readonly (readonly Identifier[])[];
  /** Those that are written in groups, by the sizes of the groups: see {@link shapeOf}. */
  readonly grouped: ReadonlyMap<number, readonly Identifier[]>;
}

/** The sizes of up to eight groups as one number; none is larger than 15. */
export const shapeOf = (before: number, size: number): number => before * 16 + size;

const ALL: readonly Identifier[] = [...AMERICAS, ...EUROPE, ...ASIA_PACIFIC];
/** A pattern that begins so takes no number of digits only. */
const LETTER_FIRST = /^\^(?:\(\?[!=][^)]*\))*(?:\[A-[^\]]*\]|[A-Z])(?!\{0)/;

/** The identifiers of these entities, by length. */
export function identifiersOf(entities: ReadonlySet<Entity>): Known {
  const wanted = ALL.filter(({ entity }) => entities.has(entity));
  const mixed = Array.from({ length: LONGEST + 1 }, (_, length) =>
    wanted.filter(({ lengths }) => lengths.includes(length)),
  );
  const grouped = new Map<number, Identifier[]>();
  for (const one of wanted) {
    for (const form of one.forms ?? []) {
      const shape = form.split('-').map(Number).reduce(shapeOf, 0);
      grouped.set(shape, [...(grouped.get(shape) ?? []), one]);
    }
  }
  return {
    grouped,
    mixed: mixed.map((list) => list.filter(({ pattern }) => /[A-Z]/.test(pattern.source))),
    digits: mixed.map((list) => list.filter(({ pattern }) => !LETTER_FIRST.test(pattern.source))),
  };
}
