import { type Bundle, CodedError } from '@rankguard/contract';
import {
  BUNDLE_TYPE,
  type BundleClaims,
  type ClusterIssuer,
  type PublicKey,
  SIGNING_KEY_TYPE,
  type SignedBundle,
  type SigningKeyClaims,
} from '@rankguard/contract/control';
import type { SecretDocument } from '../secrets/index.ts';
import { type StoredKey, signWith } from './keys.ts';
import { type KeyRing, rotateRoots, rotateSigning, SIGNING_KEY } from './rotation.ts';

export type { KeyRing } from './rotation.ts';

/** What is signed besides the bundle. */
export interface Surroundings {
  /** PEM: what the control API's certificates chain to from now on. */
  readonly controlCa: string;
  readonly clusterIssuer: ClusterIssuer | null;
}

/** Root keys and signing key, shared by all replicas through Secrets that outlive an installation. */
export interface Signing {
  /**
   * Reads the keys, and makes those that are missing. With `rotate` also those that are due: for the leader alone,
   * so that there is one. True when something changed. Rejects when the Secrets cannot be read.
   */
  refresh(options: { readonly rotate: boolean }): Promise<boolean>;
  /** Current and next, for pods and for who checks them; empty before the first refresh. */
  rootKeys(): readonly PublicKey[];
  /** Throws CONTROL_UNAVAILABLE before the first refresh. Equal input at the same time gives equal output anywhere. */
  sign(bundle: Bundle, surroundings: Surroundings): Promise<SignedBundle>;
}

interface Keys {
  readonly roots: readonly StoredKey[];
  readonly signing: StoredKey;
  /** The chain: what the current root key says of the signing key. */
  readonly chain: string;
}

const RAREST_RENEWAL = 3_600;
const OFTENEST_RENEWAL = 5;

/**
 * How often a bundle is signed again, in seconds: several times within its staleness, so that a sidecar that can
 * reach the operator never comes near its end.
 */
function renewalSeconds(staleAfterSeconds: number): number {
  return Math.max(OFTENEST_RENEWAL, Math.min(RAREST_RENEWAL, Math.floor(staleAfterSeconds / 8)));
}

/** Milliseconds until a bundle should be signed again: the same moment in every replica. `now` in unix milliseconds. */
export function untilRenewal({ connection: { staleAfterSeconds } }: Bundle, now: number): number {
  const every = renewalSeconds(staleAfterSeconds) * 1000;
  return every - (now % every);
}

export function createSigning(deps: {
  readonly root: SecretDocument<KeyRing>;
  readonly signing: SecretDocument<KeyRing>;
  /** Unix milliseconds. */
  readonly now: () => number;
}): Signing {
  const seconds = () => Math.floor(deps.now() / 1000);
  let keys: Keys | undefined;

  async function ringOf(
    document: SecretDocument<KeyRing>,
    change: (ring: KeyRing | undefined, at: number) => Promise<KeyRing | undefined>,
    rotate: boolean,
  ): Promise<readonly StoredKey[]> {
    const found = rotate ? undefined : await document.read();
    const ring = found ?? (await document.update((now) => change(now, seconds())));
    return ring?.keys ?? [];
  }

  /** Issue times are rounded down, so that replicas sign the same. */
  function issued(staleAfterSeconds: number): number {
    const every = renewalSeconds(staleAfterSeconds);
    return Math.floor(seconds() / every) * every;
  }

  return {
    async refresh({ rotate }) {
      const roots = await ringOf(deps.root, rotateRoots, rotate);
      const [signing] = await ringOf(deps.signing, rotateSigning, rotate);
      const [current] = roots;
      if (current === undefined || signing === undefined)
        throw new CodedError('CONTROL_UNAVAILABLE', 'there is no signing key');
      const claims: SigningKeyClaims = {
        key: signing.x,
        notBefore: signing.created,
        expires: signing.created + SIGNING_KEY.life,
      };
      const next = { roots, signing, chain: await signWith(current, SIGNING_KEY_TYPE, claims) };
      const changed = nameOf(next) !== nameOf(keys);
      keys = next;
      return changed;
    },
    rootKeys: () => keys?.roots.map(({ x }) => x) ?? [],
    async sign(bundle, surroundings) {
      if (keys === undefined) throw new CodedError('CONTROL_UNAVAILABLE', 'the signing key is not read yet');
      const { signing, chain } = keys;
      const { staleAfterSeconds } = bundle.connection;
      const at = issued(staleAfterSeconds);
      // Whoever hears of it last in its turn has the whole staleness before them.
      const expires = at + renewalSeconds(staleAfterSeconds) + staleAfterSeconds;
      const claims: BundleClaims = { issued: at, expires, bundle, ...surroundings };
      return { format: 1, signingKey: chain, bundle: await signWith(signing, BUNDLE_TYPE, claims) };
    },
  };
}

function nameOf(keys: Keys | undefined): string {
  return JSON.stringify(keys && [keys.roots.map(({ x }) => x), keys.signing.x]);
}
