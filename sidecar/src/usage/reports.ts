import {
  type ConnectionKey,
  MOST_USAGE_BYTES,
  MOST_USAGE_NAMES,
  type UsageEntry,
  type UsageReport,
} from '@rankguard/contract/control';
import type { Entries, Entry } from './entries.ts';
import type { Digest, Shared } from './shared.ts';

/** Of one report: calls wait while it is made. */
const MOST_ENTRIES = 128;

/** What this sidecar counted and nobody was told yet. */
export interface Reports {
  changed(identity: string, atMs: number): void;
  /** Everything has to be told anew. */
  restart(): void;
  /** As much as one message holds. Until `told` or `untold` there is no other one. */
  next(connection: ConnectionKey, ends: boolean): UsageReport;
  told(): void;
  /** Nobody knows whether it arrived: it is told again. */
  untold(): void;
}

export function createReports(deps: {
  readonly instance: string;
  readonly entries: Entries;
  readonly shared: Pick<Shared, 'current'>;
  readonly now: () => number;
}): Reports {
  const { instance, entries, shared, now } = deps;
  /** By identity, when it first changed since it was last told. */
  const pending = new Map<string, number>();
  const inFlight = new Map<string, number>();

  function take(digest: Digest): readonly UsageEntry[] {
    const taken: UsageEntry[] = [];
    let size = 0;
    for (const [identity, since] of pending) {
      if (taken.length === MOST_ENTRIES) break;
      const entry = entries.find(identity);
      if (entry !== undefined) {
        const told = describe(digest, identity, entry, since, now());
        size += JSON.stringify(told).length + 1;
        if (size > MOST_USAGE_BYTES) break;
        taken.push(told);
        inFlight.set(identity, since);
      }
      pending.delete(identity);
    }
    return taken;
  }

  return {
    changed(identity, atMs) {
      if (!pending.has(identity)) pending.set(identity, atMs);
    },
    restart() {
      inFlight.clear();
      for (const name of entries.names()) pending.set(name, 0);
    },
    next(connection, ends) {
      const ledger = shared.current();
      const taken = ledger === undefined ? [] : take(ledger.digest);
      return {
        connection,
        instance,
        ledger: ledger?.id ?? null,
        after: ledger?.version ?? 0,
        complete: ledger !== undefined && pending.size === 0,
        ends,
        entries: taken,
      };
    },
    told: () => inFlight.clear(),
    untold() {
      for (const [identity, since] of inFlight)
        pending.set(identity, Math.min(since, pending.get(identity) ?? since));
      inFlight.clear();
    },
  };
}

/** Only what may have changed: numbers of older slots were told before. */
function describe(
  digest: Digest,
  identity: string,
  entry: Entry,
  sinceMs: number,
  nowMs: number,
): UsageEntry {
  const names = [
    ...[...entry.datasets].map((name) => digest('dataset', identity, name)),
    ...[...entry.models].map((name) => digest('model', identity, name)),
  ];
  return {
    id: digest('identity', identity),
    known: entry.known,
    names: names.slice(0, MOST_USAGE_NAMES),
    minute: entry.minute.rows(sinceMs, nowMs),
    hour: entry.hour.rows(sinceMs, nowMs),
    day: entry.day.rows(sinceMs, nowMs),
  };
}
