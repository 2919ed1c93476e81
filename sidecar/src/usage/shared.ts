import { createHmac } from 'node:crypto';
import {
  MOST_USAGE_NAMES,
  USAGE_DIGEST,
  USAGE_MEMBERS,
  USAGE_WINDOW_NAMES,
  type UsageEntry,
  type UsageShares,
  usageSlot,
} from '@rankguard/contract/control';
import { type BoundedMap, createBoundedMap } from '../identity/bounded-map.ts';
import { createWindows, type Windows } from './entries.ts';

/** What other sidecars counted for one identity. */
export interface Others {
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly day: readonly number[];
  readonly known: boolean;
  /** Whether it was answered for this data set or model. */
  has(kind: NameKind, name: string): boolean;
}

export type NameKind = 'dataset' | 'model';

/** What one leading operator has told. */
interface Ledger {
  readonly id: string;
  /** `version` of its last answer. */
  version: number;
  readonly digest: Digest;
  readonly entries: BoundedMap<OthersEntry>;
  /** When another took its place, in milliseconds. */
  until: number;
}

interface OthersEntry extends Windows {
  known: boolean;
  readonly names: Set<string>;
}

/** What an identity, or a name that it used, is called in a ledger. */
export type Digest = (kind: 'identity' | NameKind, identity: string, name?: string) => string;

/**
 * What other sidecars of the connection counted, by ledger. Sums are lower bounds of the truth in every ledger, so that the
 * highest of them is the best one: a new leader does not know what a pod counted that has gone.
 */
export interface Shared {
  current(): { readonly id: string; readonly version: number; readonly digest: Digest } | undefined;
  /** Takes an answer to a report of `askedAt`; true: its ledger is another than before. */
  take(shares: UsageShares, askedAt: number): boolean;
  others(identity: string): Others;
  /** Seconds since everything that the others had counted was known here; null: it never was. */
  lag(nowMs: number): number | null;
  /** Milliseconds since the epoch from which on nothing was left out; 0: nothing ever was. */
  readonly completeSince: number;
}

/** An operator changes its leader when it is upgraded, with two or three replicas. */
const MOST_LEDGERS = 3;

export function createShared(most: number, now: () => number): Shared {
  const ledgers: Ledger[] = [];
  let heard: number | null = null;
  let completeSince = 0;

  function ledgerOf({ ledger: id, key }: UsageShares): Ledger {
    const at = ledgers.findIndex((each) => each.id === id);
    const [known] = at === -1 ? [] : ledgers.splice(at, 1);
    const [before] = ledgers;
    if (before !== undefined && at !== 0) before.until = now();
    const ledger = known ?? {
      ...{ id, version: 0, until: 0 },
      digest: createDigest(key, most),
      entries: createBoundedMap<OthersEntry>(most),
    };
    ledgers.unshift(ledger);
    const dropped = ledgers.length > MOST_LEDGERS ? ledgers.pop() : undefined;
    if (dropped !== undefined) completeSince = Math.max(completeSince, dropped.until);
    return ledger;
  }
  function entryOf({ entries }: Ledger, id: string): OthersEntry {
    const known = entries.get(id);
    if (known !== undefined) return known;
    if (entries.size >= most) completeSince = now();
    const entry = { ...createWindows(), known: false, names: new Set<string>() };
    entries.set(id, entry);
    return entry;
  }

  return {
    current: () => ledgers[0],
    take(shares, askedAt) {
      const before = ledgers[0]?.id;
      const ledger = ledgerOf(shares);
      for (const each of shares.entries) merge(entryOf(ledger, each.id), each, now());
      ledger.version = shares.version;
      completeSince = Math.max(completeSince, shares.since * 1000);
      if (!shares.more && shares.ageMs !== null) heard = Math.max(heard ?? 0, askedAt - shares.ageMs);
      return before !== shares.ledger;
    },
    others: (identity) => othersIn(ledgers, identity, now()),
    lag: (nowMs) => (heard === null ? null : Math.max(0, (nowMs - heard) / 1000)),
    get completeSince() {
      return completeSince;
    },
  };
}

function createDigest(key: string, most: number): Digest {
  const secret = Buffer.from(key, 'base64url');
  const { algorithm, bytes } = USAGE_DIGEST;
  // Each call asks for that of its identity, which takes longer than all else that it asks of the windows.
  const known = createBoundedMap<string>(most);
  return (...what) => {
    const text = JSON.stringify(what);
    const before = known.get(text);
    if (before !== undefined) return before;
    const digest = createHmac(algorithm, secret).update(text).digest();
    const short = digest.subarray(0, bytes).toString('base64url');
    known.set(text, short);
    return short;
  };
}

function merge(entry: OthersEntry, { known, names, ...windows }: UsageEntry, nowMs: number): void {
  entry.known ||= known;
  for (const name of names) {
    entry.names.add(name);
    const [oldest] = entry.names;
    if (entry.names.size > MOST_USAGE_NAMES && oldest !== undefined) entry.names.delete(oldest);
  }
  for (const window of USAGE_WINDOW_NAMES) {
    // A clock may be a little ahead; one that is far ahead must not take the place of what is counted now.
    const newest = usageSlot(window, nowMs) + 1;
    for (const [slot, ...values] of windows[window]) if (slot <= newest) entry[window].raise(slot, values);
  }
}

const NOTHING = USAGE_MEMBERS.map(() => 0);

function othersIn(ledgers: readonly Ledger[], identity: string, nowMs: number): Others {
  const found = ledgers.flatMap(({ digest, entries }) => {
    const entry = entries.get(digest('identity', identity));
    return entry === undefined ? [] : [{ digest, entry }];
  });
  const highest = (window: keyof Windows) =>
    found
      .map(({ entry }) => entry[window].sums(nowMs))
      .reduce((most, sums) => most.map((value, at) => Math.max(value, sums[at] ?? 0)), NOTHING);
  return {
    minute: highest('minute'),
    hour: highest('hour'),
    day: highest('day'),
    known: found.some(({ entry }) => entry.known),
    has: (kind, name) => found.some(({ digest, entry }) => entry.names.has(digest(kind, identity, name))),
  };
}
