import { REASONS, type ReasonCode } from '../reasons/index.ts';
import {
  type Ack,
  AUDIT_KINDS,
  type AuditBatch,
  type AuditEntry,
  type ForwardedAcks,
  MOST_AUDIT_ENTRIES,
  MOST_AUDIT_MESSAGE,
  MOST_FORWARDED_ACKS,
  type PodAck,
  type PodIdentity,
} from './messages.ts';
import type { ConnectionKey } from './routes.ts';

/** Longest name that Kubernetes gives anything (RFC 1123 subdomain). */
const MOST_NAME = 253;
const MOST_COUNT = 1_000_000_000;

type Read<T> = (value: unknown) => T | undefined;

/** Reads a parsed body; undefined when it is not one. Members that are not known are left out. */
export const readAck: Read<Ack> = (value) => {
  const connection = readConnection(member(value, 'connection'));
  const revision = count(member(value, 'revision'), Number.MAX_SAFE_INTEGER);
  const digest = text(member(value, 'digest'), 64);
  const refused = readRefusal(member(value, 'refused'));
  if (connection === undefined || revision === undefined || digest === undefined || refused === undefined) {
    return undefined;
  }
  return { connection, revision, digest, refused };
};

/** See {@link readAck}. */
export const readAuditBatch: Read<AuditBatch> = (value) => {
  const connection = readConnection(member(value, 'connection'));
  const entries = list(member(value, 'entries'), MOST_AUDIT_ENTRIES, readEntry);
  const dropped = count(member(value, 'dropped'), MOST_COUNT);
  if (connection === undefined || entries === undefined || dropped === undefined) return undefined;
  return { connection, entries, dropped };
};

/** See {@link readAck}. */
export const readForwardedAcks: Read<ForwardedAcks> = (value) => {
  const acks = list(member(value, 'acks'), MOST_FORWARDED_ACKS, readPodAck);
  return acks && { acks };
};

const readPodAck: Read<PodAck> = (value) => {
  const ack = readAck(value);
  const pod = readPod(member(value, 'pod'));
  return ack && pod && { ...ack, pod };
};

const readPod: Read<PodIdentity> = (value) => {
  const place = readConnection(value);
  const uid = text(member(value, 'uid'), MOST_NAME);
  return place && (uid === undefined ? undefined : { ...place, uid });
};

const readConnection: Read<ConnectionKey> = (value) => {
  const namespace = text(member(value, 'namespace'), MOST_NAME);
  const name = text(member(value, 'name'), MOST_NAME);
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
};

const readRefusal: Read<Ack['refused']> = (value) => {
  if (value === null) return null;
  const code = reason(member(value, 'code'));
  const message = text(member(value, 'message'), MOST_AUDIT_MESSAGE);
  return code === undefined || message === undefined ? undefined : { code, message };
};

const readEntry: Read<AuditEntry> = (value) => {
  const kind = AUDIT_KINDS.find((known) => known === member(value, 'kind'));
  const entry = {
    reason: reason(member(value, 'reason')),
    policy: optionalText(member(value, 'policy')),
    policyCode: optionalText(member(value, 'policyCode')),
    message: optionalText(member(value, 'message')),
    count: count(member(value, 'count'), MOST_COUNT),
    last: count(member(value, 'last'), Number.MAX_SAFE_INTEGER),
  };
  if (kind === undefined || Object.values(entry).includes(undefined)) return undefined;
  return { kind, ...entry } as AuditEntry;
};

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function text(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value.length > 0 && value.length <= most ? value : undefined;
}

function optionalText(value: unknown): string | null | undefined {
  return value === null ? null : text(value, MOST_AUDIT_MESSAGE);
}

function count(value: unknown, most: number): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most
    ? Number(value)
    : undefined;
}

function reason(value: unknown): ReasonCode | undefined {
  return typeof value === 'string' && Object.hasOwn(REASONS, value) ? (value as ReasonCode) : undefined;
}

function list<T>(value: unknown, most: number, read: Read<T>): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items = value.map(read);
  return items.includes(undefined) ? undefined : (items as T[]);
}
