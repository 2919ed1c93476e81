import { CodedError, codeOf, type ReasonCode } from '@rankguard/contract';
import {
  type Ack,
  type BundleClaims,
  type ConnectionKey,
  MOST_AUDIT_MESSAGE,
} from '@rankguard/contract/control';
import type { Trust } from '../trust/index.ts';
import type { ControlClient } from './client.ts';
import type { Kept, KeptBundles } from './kept.ts';

export interface ReceiverDeps {
  readonly connection: ConnectionKey;
  readonly client: Pick<ControlClient, 'ack' | 'trust'>;
  readonly trust: Trust;
  readonly kept: KeptBundles;
  /** Puts a bundle in force. Throws CodedError and keeps the old one when it does not fit. */
  readonly activate: (claims: BundleClaims) => void;
  /** The bundle in force serves until then (unix seconds). */
  readonly renew: (expires: number) => void;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly signal: AbortSignal;
}

/** Decides what becomes of a bundle that arrived, and says so to the operator. */
export interface Receiver {
  /**
   * Verifies, puts in force, keeps, acknowledges. `known`: it was issued before the one in force, and says the same.
   * Throws CodedError when the bundle is not taken.
   */
  accept(found: Kept): Promise<'taken' | 'known'>;
  /** Puts the kept bundle in force, if there is a good one. */
  restore(): Promise<void>;
  /** Tag and revision of what is in force. */
  readonly known: () => { readonly etag: string | null; readonly revision: number | null };
}

interface Current {
  readonly revision: number;
  readonly digest: string;
  readonly issued: number;
}

export function createReceiver(deps: ReceiverDeps): Receiver {
  const { connection, client, trust, kept, log } = deps;
  let current: Current | undefined;
  let etag: string | null = null;

  /** Throws CodedError when the bundle is not taken. */
  function take(claims: BundleClaims): 'activated' | 'renewed' {
    const { bundle, issued, expires, controlCa } = claims;
    const { revision, digest } = bundle;
    const order = outOfOrder(claims, current);
    if (order !== null) throw new CodedError('BUNDLE_REFUSED', `the bundle is refused: ${order}`);
    const same = current?.revision === revision;
    if (same) deps.renew(expires);
    else deps.activate(claims);
    current = { revision, digest, issued };
    if (controlCa !== '') client.trust(controlCa);
    return same ? 'renewed' : 'activated';
  }

  async function keep(found: Kept): Promise<void> {
    try {
      await kept.write(connection.name, found);
    } catch (error) {
      log('warn', 'bundle not kept', { error: (error as { code?: string }).code ?? 'unknown' });
    }
  }

  async function acknowledge(ack: Ack): Promise<void> {
    try {
      await client.ack(ack, deps.signal);
    } catch (error) {
      // The next poll says which revision is active as well.
      if (!deps.signal.aborted) log('warn', 'not acknowledged', { code: codeOf(error) ?? 'INTERNAL' });
    }
  }

  return {
    known: () => ({ etag, revision: current?.revision ?? null }),
    async accept(found) {
      const claims = await trust.verify(found.signed);
      const { revision, digest } = claims.bundle;
      // Another replica, whose clock is a little behind.
      if (isKnown(claims, current)) return 'known';
      try {
        const taken = take(claims);
        ({ etag } = found);
        await keep(found);
        if (taken === 'renewed') return 'taken';
      } catch (error) {
        await acknowledge({ connection, revision, digest, refused: refusalOf(error) });
        throw error;
      }
      log('info', 'bundle active', { revision, digest });
      await acknowledge({ connection, revision, digest, refused: null });
      return 'taken';
    },
    async restore() {
      const found = await kept.read(connection.name);
      if (found === undefined) return;
      try {
        const claims = await trust.verify(found.signed);
        take(claims);
        ({ etag } = found);
        log('info', 'kept bundle active', { revision: claims.bundle.revision, digest: claims.bundle.digest });
      } catch (error) {
        log('warn', 'kept bundle not used', refusalOf(error));
      }
    },
  };
}

/** Why a verified bundle is not taken after the current one; null when it is. */
function outOfOrder({ bundle }: BundleClaims, current: Current | undefined): string | null {
  if (current === undefined) return null;
  const { revision, digest } = bundle;
  if (revision < current.revision) return `revision ${revision} is older than ${current.revision} in force`;
  const other = revision === current.revision && digest !== current.digest;
  return other ? `revision ${revision} is in force with other contents` : null;
}

function isKnown({ bundle, issued }: BundleClaims, current: Current | undefined): boolean {
  const same = current?.revision === bundle.revision && current.digest === bundle.digest;
  return same && issued < current.issued;
}

/** What may be said of a failure: a fault that nobody coded might quote what it choked on. */
export function refusalOf(error: unknown): { readonly code: ReasonCode; readonly message: string } {
  const message = error instanceof CodedError ? error.message : 'the sidecar failed';
  return { code: codeOf(error) ?? 'INTERNAL', message: message.slice(0, MOST_AUDIT_MESSAGE) };
}
