import { createStoredKey, type StoredKey } from './keys.ts';

/** Keys of one purpose. The first one signs. */
export interface KeyRing {
  readonly keys: readonly StoredKey[];
  /** unix seconds: since when the first one signs. */
  readonly since: number;
}

const DAY = 86_400;

/** Seconds. */
export const ROOT_KEY = {
  /** Then the next root key becomes the current one, and another next one is made. */
  rotateAfter: 365 * DAY,
} as const;
export const SIGNING_KEY = {
  rotateAfter: 30 * DAY,
  /** How long what it signed can be believed. Longer than its turn and the longest `failure.staleAfter` together. */
  life: 120 * DAY,
} as const;

/**
 * Root keys: the current one signs, the next one is in the pods already, so that a pod outlives one rotation.
 * Undefined: nothing is due.
 */
export async function rotateRoots(ring: KeyRing | undefined, at: number): Promise<KeyRing | undefined> {
  const [current, next] = ring?.keys ?? [];
  if (ring === undefined || current === undefined || next === undefined) {
    return {
      keys: [current ?? (await createStoredKey(at)), await createStoredKey(at)],
      since: ring?.since ?? at,
    };
  }
  if (at < ring.since + ROOT_KEY.rotateAfter) return undefined;
  return { keys: [next, await createStoredKey(at)], since: at };
}

/** Undefined: nothing is due. */
export async function rotateSigning(ring: KeyRing | undefined, at: number): Promise<KeyRing | undefined> {
  if (ring !== undefined && ring.keys.length > 0 && at < ring.since + SIGNING_KEY.rotateAfter)
    return undefined;
  return { keys: [await createStoredKey(at)], since: at };
}
