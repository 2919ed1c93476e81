import { isIP } from 'node:net';
import { CodedError } from '@rankguard/contract';
import type { SecretDocument } from '../secrets/index.ts';
import { createCa, createServingCertificate, expiryOf, type KeyedCertificate } from './certificates.ts';

export type { KeyedCertificate } from './certificates.ts';
export { createTlsServer, type TlsServer } from './server.ts';

/** The operator's CAs as they lie in a Secret, oldest first. `created` is in unix seconds. */
export interface CaRing {
  readonly cas: readonly (KeyedCertificate & { readonly created: number })[];
}

const DAY_MS = 86_400_000;

/** Milliseconds. */
export interface TlsTimings {
  readonly caLife: number;
  /** Age of the newest CA at which another one is made. */
  readonly caRotate: number;
  /** A new CA is only told to everybody for so long, and signs from then on. */
  readonly caSpread: number;
  readonly leafLife: number;
  /** Age at which a replica signs itself another certificate. */
  readonly leafRotate: number;
}
export const TLS_TIMINGS: TlsTimings = {
  caLife: 365 * DAY_MS,
  caRotate: 240 * DAY_MS,
  caSpread: 2 * DAY_MS,
  leafLife: 7 * DAY_MS,
  leafRotate: 4 * DAY_MS,
};

/**
 * What the operator serves with: a CA in a Secret that all replicas share, and a certificate that each signs for
 * itself in memory. At no time does a replica serve with a certificate whose CA was not in {@link caBundle} for
 * `caSpread` (but at the very first start).
 */
export interface ServingCertificates {
  /**
   * Reads the CAs, makes the first one, and this replica's certificate when it is due. With `rotate` also the next
   * CA: for the leader alone. True when {@link caBundle} or {@link serving} changed. Rejects when the Secret cannot
   * be read; what was there stays good.
   */
  refresh(options: { readonly rotate: boolean }): Promise<boolean>;
  /** PEM: every CA that is good now, old and new; for caBundle of webhooks, pods and bundles. */
  caBundle(): string;
  /** Throws CONTROL_UNAVAILABLE before the first refresh. */
  serving(): KeyedCertificate;
  /** Calls back after each change of {@link serving}, for `setSecureContext`. */
  onChange(changed: (serving: KeyedCertificate) => void): void;
}

export function createServingCertificates(deps: {
  readonly ca: SecretDocument<CaRing>;
  /** DNS names and addresses of this replica. */
  readonly names: readonly string[];
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly timings?: TlsTimings;
}): ServingCertificates {
  const { now, timings = TLS_TIMINGS } = deps;
  const names = deps.names.map((value) => ({
    type: isIP(value) ? ('ip' as const) : ('dns' as const),
    value,
  }));
  const listeners: ((serving: KeyedCertificate) => void)[] = [];
  let cas: CaRing['cas'] = [];
  let leaf: (KeyedCertificate & { readonly signedBy: string; readonly since: number }) | undefined;

  async function rotated(ring: CaRing | undefined): Promise<CaRing | undefined> {
    const good = (ring?.cas ?? []).filter(({ cert }) => expiryOf(cert) > now());
    const newest = good.at(-1);
    const due = newest === undefined || now() - newest.created * 1000 >= timings.caRotate;
    if (!due && good.length === ring?.cas.length) return undefined;
    if (!due) return { cas: good };
    const made = await createCa('Rankguard', now(), timings.caLife);
    return { cas: [...good, { ...made, created: Math.floor(now() / 1000) }] };
  }
  /** The newest that everybody has had time to learn of; the first one has nobody before it. */
  function signer(): KeyedCertificate | undefined {
    const known = cas.filter(({ created }) => now() - created * 1000 >= timings.caSpread);
    return known.at(-1) ?? cas[0];
  }
  async function renewLeaf(): Promise<boolean> {
    const ca = signer();
    if (ca === undefined) throw new CodedError('CONTROL_UNAVAILABLE', 'there is no CA');
    const fresh = leaf?.signedBy === ca.cert && now() - leaf.since < timings.leafRotate;
    if (fresh && expiryOf(leaf!.cert) > now()) return false;
    const made = await createServingCertificate(ca, names, now(), timings.leafLife);
    leaf = { ...made, signedBy: ca.cert, since: now() };
    for (const changed of listeners) changed(made);
    return true;
  }
  const caBundle = () =>
    cas
      .filter(({ cert }) => expiryOf(cert) > now())
      .map(({ cert }) => cert)
      .join('');

  return {
    caBundle,
    async refresh({ rotate }) {
      const before = caBundle();
      const found = rotate ? undefined : await deps.ca.read();
      ({ cas } = found ?? (await deps.ca.update(rotated)) ?? { cas: [] });
      const renewed = await renewLeaf();
      return renewed || caBundle() !== before;
    },
    serving() {
      if (leaf === undefined) throw new CodedError('CONTROL_UNAVAILABLE', 'there is no certificate yet');
      return leaf;
    },
    onChange: (changed) => void listeners.push(changed),
  };
}
