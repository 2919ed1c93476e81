import { createBoundedMap } from '../identity/bounded-map.ts';
import { createRolling, type Rolling } from './rolling.ts';

const MOST_NAMES = 64;
const LONGEST_NAME = 256;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** What is counted, in the order of the numbers. */
export const MEMBERS = ['calls', 'documents', 'rows', 'cost', 'denied'] as const;

/** What is remembered of one identity on one connection. */
export interface Entry {
  readonly minute: Rolling;
  readonly hour: Rolling;
  readonly day: Rolling;
  readonly datasets: Set<string>;
  readonly models: Set<string>;
  /** Milliseconds since the epoch; before it the identity may have been forgotten. */
  readonly since: number;
}

export interface Entries {
  /** A newcomer's counts are complete from here on: whoever was forgotten later could be the next newcomer. */
  readonly completeSince: number;
  find(name: string): Entry | undefined;
  /** Adds to all windows, in the order of {@link MEMBERS}. */
  count(name: string, atMs: number, values: readonly number[]): Entry;
}

export function createEntries(most: number, now: () => number): Entries {
  const entries = createBoundedMap<Entry>(most);
  let completeSince = now();

  function entryOf(name: string): Entry {
    const known = entries.get(name);
    if (known !== undefined) return known;
    if (entries.size >= most) completeSince = now();
    const entry: Entry = {
      minute: createRolling(MINUTE_MS, MEMBERS.length),
      hour: createRolling(HOUR_MS, MEMBERS.length),
      day: createRolling(DAY_MS, MEMBERS.length),
      datasets: new Set(),
      models: new Set(),
      since: completeSince,
    };
    entries.set(name, entry);
    return entry;
  }

  return {
    get completeSince() {
      return completeSince;
    },
    find: (name) => entries.get(name),
    count(name, atMs, values) {
      const entry = entryOf(name);
      for (const window of [entry.minute, entry.hour, entry.day]) window.add(atMs, values);
      return entry;
    },
  };
}

/** Names come from callers: a long one is known by its beginning. */
export function cut(name: string): string {
  return name.slice(0, LONGEST_NAME);
}

/** Keeps the newest names. */
export function remember(names: Set<string>, name: string | null): void {
  if (name === null) return;
  const short = cut(name);
  if (names.has(short)) return;
  const [oldest] = names;
  if (names.size >= MOST_NAMES && oldest !== undefined) names.delete(oldest);
  names.add(short);
}
