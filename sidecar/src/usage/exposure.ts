import { USAGE_WINDOWS } from '@rankguard/contract/control';
import { createRolling, type Rolling } from './rolling.ts';

/** One result as it was shown: the fields of its document that policies reach, and its place, 0 the best. */
export interface Shown {
  readonly rank: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

const MOST_FIELDS = 16;
const MOST_VALUES = 256;
const LONGEST_VALUE = 128;

export interface Exposure {
  add(nowMs: number, shown: readonly Shown[]): void;
  /** Per field and value the exposure within a day. */
  read(nowMs: number): Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/**
 * How much of a page each group of documents had. A result counts 1 / log2(rank + 2), the discount of Singh and
 * Joachims, Fairness of Exposure in Rankings (KDD 2018). Only short texts and truth values are groups; after 16
 * fields, and after 256 values of one, new ones are not counted.
 */
export function createExposure(): Exposure {
  const fields = new Map<string, Map<string, Rolling>>();

  function counterOf(field: string, value: string): Rolling | undefined {
    let values = fields.get(field);
    if (values === undefined) {
      if (fields.size >= MOST_FIELDS) return undefined;
      values = new Map();
      fields.set(field, values);
    }
    const known = values.get(value);
    if (known !== undefined || values.size >= MOST_VALUES) return known;
    const counter = createRolling(USAGE_WINDOWS.day, 1);
    values.set(value, counter);
    return counter;
  }

  return {
    add(nowMs, shown) {
      for (const { rank, fields: own } of shown) {
        const weight = [1 / Math.log2(rank + 2)];
        for (const [field, value] of Object.entries(own)) {
          if (!isGroup(value)) continue;
          counterOf(field, String(value))?.add(nowMs, weight);
        }
      }
    },
    read(nowMs) {
      const read = new Map<string, Readonly<Record<string, number>>>();
      for (const [field, values] of fields) {
        const live = [...values].map(([value, counter]) => [value, counter.sums(nowMs)[0] ?? 0] as const);
        for (const [value, sum] of live) if (sum === 0) values.delete(value);
        if (values.size === 0) fields.delete(field);
        read.set(field, Object.fromEntries(live.filter(([, sum]) => sum > 0)));
      }
      return Object.fromEntries(read);
    },
  };
}

function isGroup(value: unknown): boolean {
  return typeof value === 'boolean' || (typeof value === 'string' && value.length <= LONGEST_VALUE);
}
