import type { ReasonCode } from '../reasons/index.ts';
import type { ConnectionKey } from './routes.ts';

/** A pod as its token names it; never as a body names it. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A sidecar says what became of a revision. */
export interface Ack {
  readonly connection: ConnectionKey;
  readonly revision: number;
  /** Digest of the bundle. */
  readonly digest: string;
  /** null: in force. Otherwise why not; the one before stays in force. The message holds no secret. */
  readonly refused: { readonly code: ReasonCode; readonly message: string } | null;
}

/** What replicas tell the leader of the sidecars that they serve. */
export interface ForwardedAcks {
  readonly acks: readonly PodAck[];
}

export interface PodAck extends Ack {
  readonly pod: PodIdentity;
}

/**
 * - `denial`: a verdict of policy or identity.
 * - `fault`: a call refused because something is broken or over a bound.
 * - `guard`: something about the pod itself, such as a port that nobody declared.
 */
export const AUDIT_KINDS = ['denial', 'fault', 'guard'] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** Equal happenings, counted. Notices for people: no query text, no subject, messages masked. */
export interface AuditEntry {
  readonly kind: AuditKind;
  readonly reason: ReasonCode;
  /** Name of the policy that decided; null when none did. */
  readonly policy: string | null;
  /** The policy's own code. */
  readonly policyCode: string | null;
  /** Masked, at most {@link MOST_AUDIT_MESSAGE} characters. */
  readonly message: string | null;
  /** How often since the last batch. */
  readonly count: number;
  /** unix seconds */
  readonly last: number;
}

export interface AuditBatch {
  readonly connection: ConnectionKey;
  readonly entries: readonly AuditEntry[];
  /** Happenings that did not fit since the last batch. */
  readonly dropped: number;
}

export const MOST_AUDIT_MESSAGE = 512;
export const MOST_AUDIT_ENTRIES = 100;
export const MOST_FORWARDED_ACKS = 500;
