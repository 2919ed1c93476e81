import type { Identity, ResolvedConnection, UsageFacts, UsageWindow } from '@rankguard/contract';
import { createEntries, cut, MEMBERS, remember } from './entries.ts';
import { createExposure, type Exposure, type Shown } from './exposure.ts';
import type { Rolling } from './rolling.ts';

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
  readonly rows: number;
  readonly cost: number;
  /** Refused by identity, policy or a bound of the connection. */
  readonly denied: boolean;
  /** Its results in their final order; empty when nobody looks at exposure. */
  readonly shown: readonly Shown[];
}

/** What one replica counted for one identity since it was last asked: what replicas tell each other. */
export interface UsageShare extends UsageKey {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly calls: number;
  readonly documents: number;
  readonly rows: number;
  readonly cost: number;
  readonly denied: number;
}

export interface UsageWindows {
  /** What this identity did before the call at hand. */
  read(key: UsageKey, call: { readonly dataset: string | null; readonly model: string | null }): UsageFacts;
  add(key: UsageKey, call: CountedCall): void;
  /** This replica's counts since it was last asked, for other replicas. Empty unless `shared`. */
  takeShares(): readonly UsageShare[];
  /** Adds what other replicas counted; also with none it says that they were heard of. */
  addShares(shares: readonly UsageShare[]): void;
}

export interface UsageOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Counts are also kept for {@link UsageWindows.takeShares}. */
  readonly shared?: boolean;
  /** Identities that are remembered; about 2 KB each. Those not seen for longest are forgotten. */
  readonly identities?: number;
}

const MOST_IDENTITIES = 4096;

/**
 * Counts what each identity does on each connection, in this process's memory. A window slides by a twelfth of its
 * length. A restart begins anew: `since` says from when on the counts are complete.
 */
export function createUsageWindows(options: UsageOptions): UsageWindows {
  const { now, shared = false, identities = MOST_IDENTITIES } = options;
  const entries = createEntries(identities, now);
  const exposures = new Map<string, Exposure>();
  const pending = new Map<string, UsageShare>();
  let heard: number | null = null;

  return {
    read(key, { dataset, model }) {
      const entry = entries.find(textOf(key));
      const at = now();
      return {
        minute: windowOf(entry?.minute, at),
        hour: windowOf(entry?.hour, at),
        day: windowOf(entry?.day, at),
        novel: {
          identity: entry === undefined,
          dataset: dataset !== null && entry?.datasets.has(cut(dataset)) !== true,
          model: model !== null && entry?.models.has(cut(model)) !== true,
        },
        exposure: exposures.get(key.connection)?.read(at) ?? {},
        since: Math.ceil((entry?.since ?? entries.completeSince) / 1000),
        lag: heard === null ? null : Math.max(0, (at - heard) / 1000),
      };
    },
    add(key, call) {
      const at = now();
      const { dataset, model, denied, shown } = call;
      const values = denied ? [1, 0, 0, 0, 1] : [1, call.documents, call.rows, call.cost, 0];
      const entry = entries.count(textOf(key), at, values);
      if (shared) addTo(pending, key, at, values, identities);
      // What was refused is not known to anybody yet.
      if (denied) return;
      remember(entry.datasets, dataset);
      remember(entry.models, model);
      if (shown.length > 0) {
        const exposure = exposures.get(key.connection) ?? createExposure();
        exposures.set(key.connection, exposure);
        exposure.add(at, shown);
      }
    },
    takeShares() {
      const shares = [...pending.values()];
      pending.clear();
      return shares;
    },
    addShares(shares) {
      heard = now();
      for (const share of shares) {
        const values = MEMBERS.map((member) => share[member]);
        entries.count(textOf(share), Math.min(share.at, heard), values);
      }
    },
  };
}

function textOf({ connection, kind, issuer, subject }: UsageKey): string {
  return JSON.stringify([connection, kind, issuer, subject]);
}

function windowOf(rolling: Rolling | undefined, nowMs: number): UsageWindow {
  const [calls = 0, documents = 0, rows = 0, cost = 0, denied = 0] = rolling?.sums(nowMs) ?? [];
  return { calls, documents, rows, cost, denied };
}

function addTo(
  pending: Map<string, UsageShare>,
  key: UsageKey,
  at: number,
  values: readonly number[],
  most: number,
): void {
  const name = textOf(key);
  const known = pending.get(name);
  if (known === undefined && pending.size >= most) return;
  const [calls = 0, documents = 0, rows = 0, cost = 0, denied = 0] = values;
  const { connection, kind, issuer, subject } = key;
  pending.set(name, {
    connection,
    kind,
    issuer,
    subject,
    at,
    calls: (known?.calls ?? 0) + calls,
    documents: (known?.documents ?? 0) + documents,
    rows: (known?.rows ?? 0) + rows,
    cost: (known?.cost ?? 0) + cost,
    denied: (known?.denied ?? 0) + denied,
  });
}
