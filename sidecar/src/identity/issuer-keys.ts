import type { Fetched, KeySetError } from './fetch-keys.ts';
import { createRefresher } from './refresher.ts';
import { type Choice, chooseKey, type KeyText, readKeys, type SigningKey } from './signing-keys.ts';
import type { KeySetTimings, Schedule } from './timings.ts';

export type KeyLookup =
  | Choice
  /** Nobody can tell: the issuer's keys are not known, or too old. `retryAfter` is in seconds. */
  | { readonly kind: 'unavailable'; readonly retryAfter: number };

export interface IssuerKeysDeps {
  readonly fetchKeys: (signal: AbortSignal) => Promise<Fetched<readonly unknown[]>>;
  readonly now: () => number;
  readonly schedule: Schedule;
  readonly random: () => number;
  readonly timings: KeySetTimings;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface IssuerKeysHealth {
  readonly keys: number;
  /** Milliseconds since the keys were fetched; null before the first time. */
  readonly ageMs: number | null;
  readonly usable: boolean;
  /** How the last fetch failed; null when it did not. */
  readonly error: KeySetError | null;
}

export interface IssuerKeys {
  lookup(alg: string, kid: string | null): KeyLookup | Promise<KeyLookup>;
  health(): IssuerKeysHealth;
  /** Makes its keys unusable and stops all work. */
  close(): void;
}

/** The keys of one issuer: fetched at once, kept fresh in the background. */
export function createIssuerKeys(deps: IssuerKeysDeps): IssuerKeys {
  const { now, timings } = deps;
  let keys: ReadonlyMap<KeyText, SigningKey> = new Map();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let error: KeySetError | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  const refresher = createRefresher({ ...deps, fetch: deps.fetchKeys, accept, refuse });

  function usable(): boolean {
    return !refresher.closed && now() - fetchedAt <= timings.toleranceMs;
  }

  function accept(jwks: readonly unknown[]): void {
    const read = readKeys(jwks, (text, key) => keys.get(text) === key && usable());
    const empty = read.size === 0;
    if (error !== null || empty) deps.log(empty ? 'warn' : 'info', 'key set fetched', { keys: read.size });
    // A key that stays keeps its object, so that tokens verified with it stay verified.
    keys = new Map([...read].map(([text, key]) => [text, keys.get(text) ?? key]));
    fetchedAt = now();
    error = null;
  }

  function refuse(failed: { readonly error: KeySetError; readonly message: string }): void {
    if (error !== failed.error) {
      deps.log('warn', 'key set not fetched', { error: failed.error, detail: failed.message });
    }
    error = failed.error;
  }

  function unavailable(): KeyLookup {
    const wait = refresher.busy ? timings.waitMs : refresher.pause;
    return { kind: 'unavailable', retryAfter: Math.max(1, Math.ceil(wait / 1000)) };
  }

  async function afterRefresh(alg: string, kid: string | null): Promise<KeyLookup> {
    const inTime = await refresher.ended(refresher.refresh());
    if (!usable()) return unavailable();
    const choice = chooseKey(keys.values(), alg, kid);
    // "Not published" can only be said by somebody who could ask.
    return choice.kind === 'unknown' && (!inTime || error !== null) ? unavailable() : choice;
  }

  function lookup(alg: string, kid: string | null): KeyLookup | Promise<KeyLookup> {
    if (refresher.closed) return unavailable();
    if (!usable()) {
      // Between two retries nobody waits: the next one is seconds away.
      return !refresher.busy && error !== null ? unavailable() : afterRefresh(alg, kid);
    }
    const choice = chooseKey(keys.values(), alg, kid);
    if (choice.kind !== 'unknown') return choice;
    if (!refresher.busy) {
      if (now() - askedAt < timings.cooldownMs) return error === null ? choice : unavailable();
      askedAt = now();
    }
    return afterRefresh(alg, kid);
  }

  function health(): IssuerKeysHealth {
    const ageMs = Number.isFinite(fetchedAt) ? now() - fetchedAt : null;
    return { keys: keys.size, ageMs, usable: usable(), error };
  }

  refresher.refresh();
  return { lookup, health, close: refresher.close };
}
