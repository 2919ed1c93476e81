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
  /** Grows with each change. */
  readonly version: number;
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

interface Row {
  values: readonly number[];
  version: number;
}
type Part = Readonly<Record<UsageWindowName, Map<number, Row>>>;

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

export function createUsageBook(now: () => number): UsageBook {
  // A Map keeps the order of insertion: the first is the one of which nothing was heard for longest.
  const identities = new Map<string, Identity>();
  let version = 0;
  let parts = 0;

  function partOf(identity: Identity, instance: string): Part {
    const known = identity.parts.get(instance);
    if (known !== undefined) return known;
    const part: Part = { minute: new Map(), hour: new Map(), day: new Map() };
    identity.parts.set(instance, part);
    parts += 1;
    return part;
  }

  return {
    get version() {
      return version;
    },
    get parts() {
      return parts;
    },
    take(instance, { id, known, names, ...windows }) {
      const identity = identities.get(id) ?? { version: 0, known: false, names: new Map(), parts: new Map() };
      version += 1;
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
      return { entries, version, more: false };
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

function raise(rows: Map<number, Row>, slot: number, values: readonly number[], version: number): void {
  const row = rows.get(slot);
  if (row === undefined) {
    rows.set(slot, { values, version });
    return;
  }
  const raised = row.values.map((value, at) => Math.max(value, values[at] ?? 0));
  if (raised.every((value, at) => value === row.values[at])) return;
  row.values = raised;
  row.version = version;
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
function sumsOf(all: readonly ReadonlyMap<number, Row>[], after: number, newest: number): UsageRow[] {
  const changed = new Set<number>();
  for (const rows of all)
    for (const [slot, { version }] of rows)
      if (version > after && slot > newest - USAGE_SLOTS) changed.add(slot);
  const slots = [...changed].toSorted((a, b) => b - a).slice(0, USAGE_SLOTS);
  return slots.map((slot) => {
    const values = all.flatMap((rows) => rows.get(slot) ?? []).map((row) => row.values);
    return [slot, ...USAGE_MEMBERS.map((_, at) => values.reduce((sum, row) => sum + (row[at] ?? 0), 0))];
  });
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
      for (const slot of part[window].keys()) if (slot < oldest) part[window].delete(slot);
    }
    if (part.day.size > 0) continue;
    parts.delete(instance);
    gone += 1;
  }
  return gone;
}
