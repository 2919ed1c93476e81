import { USAGE_MEMBERS, USAGE_WINDOWS } from '@rankguard/contract/control';
import { createBoundedMap } from '../identity/bounded-map.ts';
import { createRolling, type Rolling } from './rolling.ts';

const MOST_NAMES = 64;
const LONGEST_NAME = 256;

export interface Windows {
  readonly minute: Rolling;
  readonly hour: Rolling;
  readonly day: Rolling;
}

export function createWindows(): Windows {
  const rolling = (ms: number) => createRolling(ms, USAGE_MEMBERS.length);
  const { minute, hour, day } = USAGE_WINDOWS;
  return { minute: rolling(minute), hour: rolling(hour), day: rolling(day) };
}

/** What is remembered of one identity on one connection. */
export interface Entry extends Windows {
  /** Whether some call of it was answered. */
  known: boolean;
  readonly datasets: Set<string>;
  readonly models: Set<string>;
  /** Milliseconds since the epoch; before it the identity may have been forgotten. */
  readonly since: number;
}

export interface Entries {
  /** A newcomer's counts are complete from here on: whoever was forgotten later could be the next newcomer. */
  readonly completeSince: number;
  find(name: string): Entry | undefined;
  names(): Iterable<string>;
  /** Adds to all windows, in the order of USAGE_MEMBERS. */
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
      ...createWindows(),
      known: false,
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
    names: entries.keys,
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
