import type { Identity, Projection, ResolvedConnection, UsageFacts, UsageWindow } from '@rankguard/contract';
import type { ConnectionKey, UsageReport, UsageShares } from '@rankguard/contract/control';
import { reaches } from '../policy/projection.ts';
import { createEntries, cut, type Entry, remember } from './entries.ts';
import { createExposure, type Exposure, type Shown } from './exposure.ts';
import { createReports } from './reports.ts';
import { createShared, type NameKind, type Others } from './shared.ts';

export type { Shown } from './exposure.ts';

/** Whose calls are counted together. */
export interface UsageKey {
  /** `namespace/name` */
  readonly connection: string;
  readonly kind: Identity['kind'];
  readonly issuer: string | null;
  readonly subject: string | null;
}

export function usageKey({ namespace, name }: ResolvedConnection, identity: Identity): UsageKey {
  const { kind, issuer, subject } = identity;
  return { connection: `${namespace}/${name}`, kind, issuer, subject };
}

/** One call after its end. */
export interface CountedCall {
  readonly dataset: string | null;
  readonly model: string | null;
  /** Candidates that were sent. */
  readonly documents: number;
  /** Results that were handed out. */
  readonly rows: number;
  /** Search units of what was sent. */
  readonly cost: number;
  /** Refused by identity, policy or a bound of the connection. */
  readonly denied: boolean;
  /** Nothing refused it, and nothing failed: what it used is not new any more. */
  readonly answered: boolean;
  /** Its results in their final order; empty when nobody looks at exposure. */
  readonly shown: readonly Shown[];
}

export interface UsageWindows {
  /** What this identity did before the call at hand. */
  read(key: UsageKey, call: { readonly dataset: string | null; readonly model: string | null }): UsageFacts;
  add(key: UsageKey, call: CountedCall): void;
  /** What the other sidecars of the connection have to hear; null when nothing is shared. */
  readonly sharing: UsageSharing | null;
}

/** Whether a policy that reaches this looks at more than this sidecar alone can count. Exposure is not shared. */
export function isShared(projection: Projection): boolean {
  return ['minute', 'hour', 'day', 'novel', 'lag'].some((member) => reaches(projection, ['usage', member]));
}

/** One report at a time: each is followed by `take` or `untold`. */
export interface UsageSharing {
  report(connection: ConnectionKey, ends: boolean): UsageReport;
  /** Takes the answer to the last report; false: there is more to tell or to hear at once. */
  take(shares: UsageShares): boolean;
  /** The last report had no answer. */
  untold(): void;
  /** As the facts say it: seconds, or null. */
  lag(): number | null;
}

export interface UsageOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A random name of this process, when other sidecars of the connection are to be told what it counts. */
  readonly instance?: string;
  /** Identities that are remembered; about 2 KB each. Those not seen for longest are forgotten. */
  readonly identities?: number;
}

const MOST_IDENTITIES = 4096;

/**
 * Counts what each identity does on each connection, in this process's memory, and adds what other sidecars say that
 * they counted. A window slides by a twelfth of its length. A restart begins anew: `since` says from when on the
 * counts are complete, `lag` how old what the others counted is.
 */
export function createUsageWindows(options: UsageOptions): UsageWindows {
  const { now, identities = MOST_IDENTITIES, instance } = options;
  const entries = createEntries(identities, now);
  const exposures = new Map<string, Exposure>();
  const shared = createShared(identities, now);
  const reports = instance === undefined ? undefined : createReports({ instance, entries, shared, now });
  let asked = { at: 0, complete: false };

  const sharing: UsageSharing | null =
    reports === undefined
      ? null
      : {
          report(connection, ends) {
            const report = reports.next(connection, ends);
            asked = { at: now(), complete: report.complete };
            return report;
          },
          take(shares) {
            const other = shared.take(shares, asked.at);
            // Entries that were made with another key were not taken.
            if (other) reports.restart();
            else reports.told();
            return !other && asked.complete && !shares.more;
          },
          untold: reports.untold,
          lag: () => shared.lag(now()),
        };
  return {
    sharing,
    read(key, { dataset, model }) {
      const name = textOf(key);
      const entry = entries.find(name);
      const others = shared.others(name);
      const at = now();
      const isNew = (kind: NameKind, names: ReadonlySet<string> | undefined, asked: string | null) =>
        asked !== null && names?.has(cut(asked)) !== true && !others.has(kind, cut(asked));
      const since = Math.max(entry?.since ?? entries.completeSince, shared.completeSince);
      return {
        ...windowsOf(entry, others, at),
        novel: {
          identity: entry?.known !== true && !others.known,
          dataset: isNew('dataset', entry?.datasets, dataset),
          model: isNew('model', entry?.models, model),
        },
        exposure: exposures.get(key.connection)?.read(at) ?? {},
        since: Math.ceil(since / 1000),
        lag: shared.lag(at),
      };
    },
    add(key, { dataset, model, answered, shown, ...call }) {
      const at = now();
      const name = textOf(key);
      const entry = entries.count(name, at, [1, call.documents, call.rows, call.cost, call.denied ? 1 : 0]);
      reports?.changed(name, at);
      // What was refused is not known to anybody yet.
      if (!answered) return;
      entry.known = true;
      remember(entry.datasets, dataset);
      remember(entry.models, model);
      if (shown.length > 0) {
        const exposure = exposures.get(key.connection) ?? createExposure();
        exposures.set(key.connection, exposure);
        exposure.add(at, shown);
      }
    },
  };
}

function textOf({ connection, kind, issuer, subject }: UsageKey): string {
  return JSON.stringify([connection, kind, issuer, subject]);
}

function windowsOf(entry: Entry | undefined, others: Others, nowMs: number) {
  const both = (window: 'minute' | 'hour' | 'day'): UsageWindow => {
    const own = entry?.[window].sums(nowMs) ?? [];
    const [calls = 0, documents = 0, rows = 0, cost = 0, denied = 0] = others[window].map(
      (value, at) => value + (own[at] ?? 0),
    );
    return { calls, documents, rows, cost, denied };
  };
  return { minute: both('minute'), hour: both('hour'), day: both('day') };
}
