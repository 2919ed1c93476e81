import type { CallRecord, ReasonCode } from '@rankguard/contract';
import {
  type AuditBatch,
  type AuditEntry,
  type AuditKind,
  type ConnectionKey,
  MOST_AUDIT_ENTRIES,
  MOST_AUDIT_MESSAGE,
} from '@rankguard/contract/control';
import { createBackoff, type Sleep, sleep } from './backoff.ts';
import type { ControlClient } from './client.ts';

/** Tells the operator what people should hear of. Notices only: the record of a call is its log line. */
export interface AuditShipper {
  call(record: CallRecord): void;
  guard(reason: ReasonCode, message: string): void;
  /** Happenings that were never shipped, since the start. */
  dropped(): number;
  /** Ships what is left, for as long as two seconds. */
  close(): Promise<void>;
}

type Happening = Omit<AuditEntry, 'count' | 'last'>;

/** Between two batches; the first happening after a quiet time leaves at once. */
const PAUSE_MS = 2_000;
const LAST_MS = 2_000;

export function createAuditShipper(deps: {
  readonly connection: ConnectionKey;
  readonly client: Pick<ControlClient, 'audit'>;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly random?: () => number;
  readonly sleep?: Sleep;
}): AuditShipper {
  const { connection, client, now } = deps;
  const rest = deps.sleep ?? sleep;
  const stop = new AbortController();
  const backoff = createBackoff(deps.random ?? Math.random);
  let entries = new Map<string, AuditEntry>();
  let dropped = 0;
  let droppedEver = 0;
  let shipping: Promise<void> | undefined;

  function note(happening: Happening, count = 1): void {
    const name = JSON.stringify(happening);
    const known = entries.get(name);
    if (known === undefined && entries.size >= MOST_AUDIT_ENTRIES) {
      dropped += count;
      droppedEver += count;
      return;
    }
    const last = Math.floor(now() / 1000);
    entries.set(name, { ...happening, count: (known?.count ?? 0) + count, last });
    if (!stop.signal.aborted) shipping ??= ship().finally(() => (shipping = undefined));
  }

  function take(): AuditBatch {
    const batch = { connection, entries: [...entries.values()], dropped };
    entries = new Map();
    dropped = 0;
    return batch;
  }

  /** What could not be sent waits with what came meanwhile. */
  function putBack(batch: AuditBatch): void {
    const later = entries;
    entries = new Map(batch.entries.map((entry) => [nameOf(entry), entry]));
    dropped += batch.dropped;
    for (const { count, last: _, ...happening } of later.values()) note(happening, count);
  }

  async function send(signal: AbortSignal): Promise<boolean> {
    const batch = take();
    try {
      await client.audit(batch, signal);
      return true;
    } catch {
      putBack(batch);
      return false;
    }
  }

  async function ship(): Promise<void> {
    while (entries.size > 0 && !stop.signal.aborted) {
      if (await send(stop.signal)) {
        backoff.reset();
        await rest(PAUSE_MS, stop.signal);
      } else await rest(backoff.next(), stop.signal);
    }
  }

  return {
    call({ verdict, reason, policy, policyCode, message }) {
      if (verdict === 'allow' || reason === null) return;
      const kind: AuditKind = verdict === 'deny' ? 'denial' : 'fault';
      note({ kind, reason, policy, policyCode, message: short(message) });
    },
    guard: (reason, message) =>
      note({ kind: 'guard', reason, policy: null, policyCode: null, message: short(message) }),
    dropped: () => droppedEver,
    async close() {
      stop.abort();
      await shipping;
      if (entries.size > 0) await send(AbortSignal.timeout(LAST_MS));
    },
  };
}

function nameOf({ kind, reason, policy, policyCode, message }: AuditEntry): string {
  return JSON.stringify({ kind, reason, policy, policyCode, message });
}

/** Reasons without text would not be read by the other side. */
function short(text: string | null): string | null {
  return text === null || text === '' ? null : text.slice(0, MOST_AUDIT_MESSAGE);
}
