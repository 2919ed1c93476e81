import {
  MOST_USAGE_BYTES,
  MOST_USAGE_NAMES,
  USAGE_MEMBERS,
  USAGE_SLOTS,
  USAGE_WINDOW_NAMES,
  type UsageEntry,
  type UsageRow,
  type UsageWindowName,
  usageSlot,
} from '@rankguard/contract/control';

/** What the sidecars of one connection counted. */
export interface UsageBook {
  /** Identities, each times the sidecars that counted for it. */
  readonly parts: number;
  /** Takes what a sidecar counted so far. Numbers never shrink, so that a report may arrive twice or late. */
  take(instance: string, entry: UsageEntry): void;
  /** What all but this sidecar counted, as far as it changed after a version: as much as one message holds. */
  give(instance: string, after: number): Given;
  /** Drops what is in no window any more. */
  sweep(): void;
  /** Drops the identity of which nothing was heard for longest; false when there is none. */
  forget(): boolean;
}

export interface Given {
  readonly entries: readonly UsageEntry[];
  /** To ask after next time. */
  readonly version: number;
  readonly more: boolean;
}

/** Slot, version and numbers of one row behind those of another: an object for each would take five times the memory. */
type Rows = number[];
const WIDTH = 2 + USAGE_MEMBERS.length;
type Part = Record<UsageWindowName, Rows>;

interface Identity {
  version: number;
  known: boolean;
  /** By digest, the version in which it came. */
  readonly names: Map<string, number>;
  readonly parts: Map<string, Part>;
}

/** JSON of a row and of a digest, at most; entries have more around them. */
const ROW_BYTES = 110;
const NAME_BYTES = 25;
const ENTRY_BYTES = 120;

/** Versions of all books of a ledger: a book that was dropped and made anew goes on where askers were told it was. */
export interface Versions {
  last: number;
}

export function createUsageBook(now: () => number, versions: Versions): UsageBook {
  // A Map keeps the order of insertion: the first is the one of which nothing was heard for longest.
  const identities = new Map<string, Identity>();
  let parts = 0;

  function partOf(identity: Identity, instance: string): Part {
    const known = identity.parts.get(instance);
    if (known !== undefined) return known;
    const part: Part = { minute: [], hour: [], day: [] };
    identity.parts.set(instance, part);
    parts += 1;
    return part;
  }

  return {
    get parts() {
      return parts;
    },
    take(instance, { id, known, names, ...windows }) {
      const identity = identities.get(id) ?? { version: 0, known: false, names: new Map(), parts: new Map() };
      versions.last += 1;
      const version = versions.last;
      identity.version = version;
      identity.known ||= known;
      noteNames(identity, names);
      const part = partOf(identity, instance);
      for (const window of USAGE_WINDOW_NAMES) {
        const newest = usageSlot(window, now());
        for (const [slot, ...values] of windows[window]) {
          // A clock may be a little ahead.
          if (slot > newest - USAGE_SLOTS && slot <= newest + 1) raise(part[window], slot, values, version);
        }
      }
      identities.delete(id);
      identities.set(id, identity);
    },
    give(instance, after) {
      const entries: UsageEntry[] = [];
      let bytes = 0;
      let last = after;
      for (const [id, identity] of identities) {
        if (identity.version <= after) continue;
        const entry = entryOf(id, identity, instance, after, now());
        bytes += sizeOf(entry);
        if (bytes > MOST_USAGE_BYTES) return { entries, version: last, more: true };
        if (hasNews(entry)) entries.push(entry);
        last = identity.version;
      }
      return { entries, version: versions.last, more: false };
    },
    sweep() {
      for (const [id, identity] of identities) {
        parts -= sweepParts(identity, now());
        if (identity.parts.size === 0) identities.delete(id);
      }
    },
    forget() {
      const [oldest] = identities;
      if (oldest === undefined) return false;
      parts -= oldest[1].parts.size;
      return identities.delete(oldest[0]);
    },
  };
}

function noteNames(identity: Identity, names: readonly string[]): void {
  for (const name of names) {
    if (identity.names.has(name)) continue;
    identity.names.set(name, identity.version);
    const [oldest] = identity.names.keys();
    if (identity.names.size > MOST_USAGE_NAMES && oldest !== undefined) identity.names.delete(oldest);
  }
}

function raise(rows: Rows, slot: number, values: readonly number[], version: number): void {
  let at = 0;
  while (at < rows.length && rows[at] !== slot) at += WIDTH;
  if (at === rows.length) {
    rows.push(slot, version, ...values);
    return;
  }
  for (const [place, value] of values.entries()) {
    if (value <= (rows[at + 2 + place] ?? 0)) continue;
    rows[at + 2 + place] = value;
    rows[at + 1] = version;
  }
}

function entryOf(
  id: string,
  { known, names, parts }: Identity,
  instance: string,
  after: number,
  nowMs: number,
): UsageEntry {
  const others = [...parts].filter(([name]) => name !== instance).map(([, part]) => part);
  const sums = (window: UsageWindowName) =>
    sumsOf(
      others.map((part) => part[window]),
      after,
      usageSlot(window, nowMs),
    );
  return {
    id,
    known,
    names: [...names].filter(([, version]) => version > after).map(([name]) => name),
    minute: sums('minute'),
    hour: sums('hour'),
    day: sums('day'),
  };
}

/** Per slot the sum over all, where one of them changed. */
function sumsOf(all: readonly Rows[], after: number, newest: number): UsageRow[] {
  const sums = new Map<number, { changed: boolean; readonly values: number[] }>();
  for (const rows of all) {
    for (let at = 0; at < rows.length; at += WIDTH) {
      const [slot = 0, version = 0, ...values] = rows.slice(at, at + WIDTH);
      if (slot <= newest - USAGE_SLOTS) continue;
      const sum = sums.get(slot) ?? { changed: false, values: USAGE_MEMBERS.map(() => 0) };
      sums.set(slot, sum);
      sum.changed ||= version > after;
      for (const [place, value] of values.entries()) sum.values[place]! += value;
    }
  }
  return [...sums]
    .filter(([, { changed }]) => changed)
    .toSorted(([a], [b]) => b - a)
    .slice(0, USAGE_SLOTS)
    .map(([slot, { values }]) => [slot, ...values]);
}

/** A report may have brought nothing but what the asker itself counted. */
function hasNews({ names, minute, hour, day }: UsageEntry): boolean {
  return [names, minute, hour, day].some((list) => list.length > 0);
}

function sizeOf({ names, minute, hour, day }: UsageEntry): number {
  const rows = minute.length + hour.length + day.length;
  return ENTRY_BYTES + names.length * NAME_BYTES + rows * ROW_BYTES;
}

/** How many parts went. */
function sweepParts({ parts }: Identity, nowMs: number): number {
  let gone = 0;
  for (const [instance, part] of parts) {
    for (const window of USAGE_WINDOW_NAMES) {
      const oldest = usageSlot(window, nowMs) - USAGE_SLOTS + 1;
      const rows = part[window];
      part[window] = rows.filter((_, at) => (rows[at - (at % WIDTH)] ?? 0) >= oldest);
    }
    if (part.day.length > 0) continue;
    parts.delete(instance);
    gone += 1;
  }
  return gone;
}
