import type { PodIdentity } from './messages.ts';
import type { ConnectionKey } from './routes.ts';
import { bool, count, list, member, type Read, readConnection, readPod, text } from './values.ts';

/** Milliseconds of the windows in which usage is counted. */
export const USAGE_WINDOWS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
export type UsageWindowName = keyof typeof USAGE_WINDOWS;
export const USAGE_WINDOW_NAMES = Object.keys(USAGE_WINDOWS) as readonly UsageWindowName[];

/** A window is counted in this many slots, and slides by one of them. */
export const USAGE_SLOTS = 12;

/** The slot of a time in unix milliseconds: the same in all sidecars whose clocks agree. */
export function usageSlot(window: UsageWindowName, ms: number): number {
  return Math.floor(ms / (USAGE_WINDOWS[window] / USAGE_SLOTS));
}

/** What is counted, in the order of the numbers of a {@link UsageRow}. */
export const USAGE_MEMBERS = ['calls', 'documents', 'rows', 'cost', 'denied'] as const;

/** A slot, and what was counted in it so far in the order of {@link USAGE_MEMBERS}: never a difference, so that it may arrive twice. */
export type UsageRow = readonly [slot: number, ...values: number[]];

/** What was counted for one identity. */
export interface UsageEntry extends Readonly<Record<UsageWindowName, readonly UsageRow[]>> {
  /** {@link USAGE_DIGEST} of the identity: the operator learns no name. */
  readonly id: string;
  /** Whether some call of it was answered. */
  readonly known: boolean;
  /** Digests of the data sets and models that were answered for. */
  readonly names: readonly string[];
}

/** What one sidecar counted, and what it wants to hear. */
export interface UsageReport {
  readonly connection: ConnectionKey;
  /** Made at random when a sidecar starts: it counts from nothing then. */
  readonly instance: string;
  /** The ledger with whose key the digests are made; null: none is known yet, and there are no entries. */
  readonly ledger: string | null;
  /** `version` of that ledger's last answer; 0: none. */
  readonly after: number;
  /** false: more entries follow in another report. */
  readonly complete: boolean;
  /** The sidecar ends: nobody has to wait for its reports. */
  readonly ends: boolean;
  readonly entries: readonly UsageEntry[];
}

/** What the other sidecars of a connection counted, all of them together, as far as it is new to the asker. */
export interface UsageShares {
  /** What one leading operator has gathered. Another one begins anew, with another key, and takes no entries until they are made with it. */
  readonly ledger: string;
  /** 32 bytes in base64url for {@link USAGE_DIGEST}; of this ledger and connection. */
  readonly key: string;
  readonly version: number;
  /** Another report brings more. */
  readonly more: boolean;
  /** Milliseconds since every other sidecar has reported; 0: there is no other. null: one was not heard of yet. */
  readonly ageMs: number | null;
  /** Unix seconds from which on nothing was left out for want of room; 0: nothing ever was. */
  readonly since: number;
  /** When to report again, in milliseconds. */
  readonly nextMs: number;
  readonly entries: readonly UsageEntry[];
}

/** What a replica of the operator hands to the leader for a pod. */
export interface ForwardedUsage {
  readonly pod: PodIdentity;
  readonly report: UsageReport;
}

/** HMAC-SHA256 (RFC 2104) with the ledger's key, of JSON text that says what is meant; its first 16 bytes in base64url. */
export const USAGE_DIGEST = { algorithm: 'sha256', bytes: 16, characters: 22 } as const;

/** A list of entries ends before this many bytes of JSON; below MOST_MESSAGE_BYTES with what is around it. */
export const MOST_USAGE_BYTES = 192 * 1024;
export const MOST_USAGE_NAMES = 128;

const MOST_USAGE_ENTRIES = 4_096;
const MOST_TEXT = 64;
const MOST_VALUE = 1e15;

/** See readAck. */
export const readUsageReport: Read<UsageReport> = (value) => {
  const ledger = member(value, 'ledger');
  return whole<UsageReport>({
    connection: readConnection(member(value, 'connection')),
    instance: text(member(value, 'instance'), MOST_TEXT),
    ledger: ledger === null ? null : text(ledger, MOST_TEXT),
    after: count(member(value, 'after'), Number.MAX_SAFE_INTEGER),
    complete: bool(member(value, 'complete')),
    ends: bool(member(value, 'ends')),
    entries: list(member(value, 'entries'), MOST_USAGE_ENTRIES, readEntry),
  });
};

/** See readAck. */
export const readUsageShares: Read<UsageShares> = (value) => {
  const ageMs = member(value, 'ageMs');
  const key = text(member(value, 'key'), MOST_TEXT);
  return whole<UsageShares>({
    ledger: text(member(value, 'ledger'), MOST_TEXT),
    key: key !== undefined && /^[\w-]{43}$/.test(key) ? key : undefined,
    version: count(member(value, 'version'), Number.MAX_SAFE_INTEGER),
    more: bool(member(value, 'more')),
    ageMs: ageMs === null ? null : amount(ageMs),
    since: count(member(value, 'since'), Number.MAX_SAFE_INTEGER),
    nextMs: amount(member(value, 'nextMs')),
    entries: list(member(value, 'entries'), MOST_USAGE_ENTRIES, readEntry),
  });
};

/** See readAck. */
export const readForwardedUsage: Read<ForwardedUsage> = (value) =>
  whole<ForwardedUsage>({
    pod: readPod(member(value, 'pod')),
    report: readUsageReport(member(value, 'report')),
  });

const readEntry: Read<UsageEntry> = (value) =>
  whole<UsageEntry>({
    id: readDigest(member(value, 'id')),
    known: bool(member(value, 'known')),
    names: list(member(value, 'names'), MOST_USAGE_NAMES, readDigest),
    minute: list(member(value, 'minute'), USAGE_SLOTS, readRow),
    hour: list(member(value, 'hour'), USAGE_SLOTS, readRow),
    day: list(member(value, 'day'), USAGE_SLOTS, readRow),
  });

const readRow: Read<UsageRow> = (value) => {
  const [slot, ...values] = list(value, USAGE_MEMBERS.length + 1, amount) ?? [];
  if (values.length !== USAGE_MEMBERS.length) return undefined;
  return count(slot, Number.MAX_SAFE_INTEGER) === undefined ? undefined : [slot!, ...values];
};

const readDigest: Read<string> = (value) =>
  typeof value === 'string' && value.length === USAGE_DIGEST.characters && /^[\w-]+$/.test(value)
    ? value
    : undefined;

const amount: Read<number> = (value) =>
  typeof value === 'number' && value >= 0 && value <= MOST_VALUE ? value : undefined;

/** Every member could be read, or nothing was. */
function whole<T extends object>(members: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  return Object.values(members).includes(undefined) ? undefined : (members as T);
}
