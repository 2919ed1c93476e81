import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { CodedError } from '@rankguard/contract';
import {
  CONTROL_ROUTES,
  connectionKey,
  type PodIdentity,
  readUsageShares,
  type UsageReport,
  type UsageShares,
} from '@rankguard/contract/control';
import type { ControlPorts } from './ports.ts';
import type { ReplicaClient } from './replica-client.ts';
import { createUsageBook, type UsageBook } from './usage-book.ts';

/**
 * What sidecars counted, in the memory of one replica. It knows identities by digests, and is soft state: another
 * leader begins a ledger of its own, which the sidecars fill.
 */
export interface UsageLedger {
  exchange(pod: PodIdentity, report: UsageReport): UsageShares;
}

interface Kept {
  readonly book: UsageBook;
  /** By UID of a pod, when it last told everything, in milliseconds. */
  readonly heard: Map<string, number>;
  /** Unix seconds from which on nothing was forgotten for want of room. */
  since: number;
}

/** Identities times sidecars, in all connections; about 2 KB each. */
const MOST_PARTS = 20_000;
const SWEEP_MS = 60_000;
/** Who was silent for so long is not waited for. */
const SILENT_MS = 600_000;
/** After its start a ledger waits for the pods that there are; then only for those it has heard of. */
const GATHERING_MS = 60_000;
const NEXT_MS = 2_000;
/** A sidecar that is the only one of its connection. */
const ALONE_MS = 10_000;
const LONGEST_MS = 30_000;
/** Reports that a leader answers in a second, whatever the number of pods. */
const PER_SECOND = 50;

export function createUsageLedger(deps: {
  readonly guardedPods: ControlPorts['guardedPods'];
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly mostParts?: number;
}): UsageLedger {
  const { guardedPods, now, mostParts = MOST_PARTS } = deps;
  const ledger = randomUUID();
  const secret = randomBytes(32);
  const startedAt = now();
  const versions = { last: 0 };
  const kept = new Map<string, Kept>();
  let swept = now();

  function keptOf(name: string): Kept {
    const known = kept.get(name) ?? { book: createUsageBook(now, versions), heard: new Map(), since: 0 };
    kept.set(name, known);
    return known;
  }
  function sweep(): void {
    if (now() - swept < SWEEP_MS) return;
    swept = now();
    for (const [name, { book, heard }] of kept) {
      book.sweep();
      for (const [uid, at] of heard) if (now() - at > SILENT_MS) heard.delete(uid);
      if (book.parts === 0 && heard.size === 0) kept.delete(name);
    }
  }
  /** The connection with the most identities makes room: it does not push out what others counted. */
  function makeRoom(): void {
    const all = [...kept.values()];
    while (all.reduce((sum, { book }) => sum + book.parts, 0) > mostParts) {
      const largest = all.reduce((most, each) => (each.book.parts > most.book.parts ? each : most));
      if (!largest.book.forget()) return;
      largest.since = Math.ceil(now() / 1000);
    }
  }
  function nextMs(alone: boolean): number {
    if (alone) return ALONE_MS;
    const sidecars = [...kept.values()].reduce((sum, { heard }) => sum + heard.size, 0);
    return Math.min(Math.max(NEXT_MS, (sidecars * 1000) / PER_SECOND), LONGEST_MS);
  }

  return {
    exchange(pod, { connection, instance, after, complete, ends, entries, ...report }) {
      sweep();
      const name = connectionKey(connection);
      const own = keptOf(name);
      const teller = `${pod.uid} ${instance}`;
      const isOurs = report.ledger === ledger;
      if (isOurs) for (const entry of entries) own.book.take(teller, entry);
      makeRoom();
      if (isOurs && complete) own.heard.set(pod.uid, now());
      if (ends) own.heard.delete(pod.uid);
      const others = othersOf(own, guardedPods(connection), pod.uid, now() - startedAt < GATHERING_MS);
      const given = own.book.give(teller, isOurs ? after : 0);
      return {
        ledger,
        key: createHmac('sha256', secret).update(name).digest('base64url'),
        ageMs: ageOf(own.heard, others, now()),
        since: own.since,
        nextMs: nextMs(others.length === 0),
        ...given,
      };
    },
  };
}

/** Pods whose counts matter to this one. */
function othersOf({ heard }: Kept, guarded: readonly string[], own: string, gathering: boolean): string[] {
  return guarded.filter((uid) => uid !== own && (gathering || heard.has(uid)));
}

function ageOf(heard: Kept['heard'], others: readonly string[], nowMs: number): number | null {
  const ages = others.map((uid) => {
    const at = heard.get(uid);
    return at === undefined ? null : Math.max(0, nowMs - at);
  });
  return ages.includes(null) ? null : Math.max(0, ...ages.map((age) => age ?? 0));
}

/** The leader keeps the ledger; the other replicas ask it. */
export interface Usage {
  exchange(pod: PodIdentity, report: UsageReport): Promise<UsageShares>;
  /** What another replica asks for a pod. Throws CONTROL_UNAVAILABLE when this one does not lead. */
  forwarded(pod: PodIdentity, report: UsageReport): UsageShares;
}

export function createUsage(deps: {
  readonly ports: Pick<ControlPorts, 'leader' | 'guardedPods'>;
  readonly ask: ReplicaClient['post'];
  readonly now: () => number;
}): Usage {
  const { ports, ask } = deps;
  const ledger = createUsageLedger({ guardedPods: ports.guardedPods, now: deps.now });
  return {
    async exchange(pod, report) {
      const leader = ports.leader();
      if (leader === null) throw new CodedError('CONTROL_UNAVAILABLE', 'no replica leads now');
      if (leader.self) return ledger.exchange(pod, report);
      const url = `${leader.url}${CONTROL_ROUTES.forwardedUsage}`;
      const shares = readUsageShares(await asked(ask, url, JSON.stringify({ pod, report })));
      if (shares === undefined)
        throw new CodedError('CONTROL_UNAVAILABLE', "the leader's answer is not usage");
      return shares;
    },
    forwarded(pod, report) {
      if (ports.leader()?.self !== true) {
        throw new CodedError('CONTROL_UNAVAILABLE', 'this replica does not lead');
      }
      return ledger.exchange(pod, report);
    },
  };
}

async function asked(ask: ReplicaClient['post'], url: string, body: string): Promise<unknown> {
  try {
    return await ask(url, body);
  } catch (cause) {
    throw new CodedError('CONTROL_UNAVAILABLE', 'the leader cannot be asked', { cause });
  }
}
