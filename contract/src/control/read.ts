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
} from './messages.ts';
import { count, list, member, type Read, readConnection, readPod, reason, text } from './values.ts';

const MOST_COUNT = 1_000_000_000;

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

function optionalText(value: unknown): string | null | undefined {
  return value === null ? null : text(value, MOST_AUDIT_MESSAGE);
}
