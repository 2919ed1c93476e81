import type { IssuerConfig } from '@rankguard/contract';
import { Agent, fetch as undiciFetch } from 'undici';
import { type Fetch, fetchKeys } from './fetch-keys.ts';
import { createGivenKeys } from './given-keys.ts';
import { createIssuerKeys, type IssuerKeys, type IssuerKeysHealth, type KeyLookup } from './issuer-keys.ts';
import { KEY_SET_TIMINGS, type KeySetTimings, type Schedule } from './timings.ts';

/** A place to say that an issuer's keys come or do not come. Never gets a token or a key. */
export type KeySetLog = (
  level: 'info' | 'warn',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export interface KeySetsOptions extends Partial<KeySetTimings> {
  /** For issuers without a CA bundle of their own; pass the global one. */
  readonly fetch: Fetch;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: KeySetLog;
  /** Default: timers of the runtime that keep no process alive. */
  readonly schedule?: Schedule;
  /** In [0, 1); spreads refreshes of many sidecars. */
  readonly random?: () => number;
}

export interface KeySetHealth extends IssuerKeysHealth {
  readonly issuer: string;
}

/** The keys of all issuers. Shared over reloads of the configuration, so that a policy edit fetches none again. */
export interface KeySets {
  /**
   * Makes these the issuers whose keys are kept: new ones are fetched at once in the background, those not
   * in the list are dropped and tokens verified with their keys with them. Call it with every issuer of every
   * active connection, when a configuration becomes active.
   */
  start(issuers: readonly IssuerConfig[]): void;
  /** The key for a token, by algorithm and key id. A promise only when a fetch is worth waiting for (bounded). */
  lookup(issuer: IssuerConfig, alg: string, kid: string | null): KeyLookup | Promise<KeyLookup>;
  /** For metrics: one entry for each issuer, in no order that means anything. */
  health(): readonly KeySetHealth[];
  close(): void;
}

interface Kept {
  readonly issuer: string;
  readonly keys: IssuerKeys;
  readonly release: () => void;
}

/** See {@link KEY_SET_TIMINGS} for the defaults. Does nothing until `start`. */
export function createKeySets(options: KeySetsOptions): KeySets {
  const { fetch, now, log, schedule = unrefTimer, random = Math.random } = options;
  const timings = readTimings(options);
  const kept = new Map<string, Kept>();

  function open({ issuer, caBundle, keys: given }: IssuerConfig): Kept {
    if (given !== undefined) return { issuer, keys: createGivenKeys(given, now), release: () => {} };
    const client = caBundle === null ? { fetch, release: () => {} } : createTrustingFetch(caBundle);
    const keys = createIssuerKeys({
      fetchKeys: (signal) => fetchKeys(client.fetch, issuer, signal),
      log: (level, message, fields) => log(level, message, { issuer, ...fields }),
      now,
      schedule,
      random,
      timings,
    });
    return { issuer, keys, release: client.release };
  }

  function drop(name: string, entry: Kept): void {
    entry.keys.close();
    entry.release();
    kept.delete(name);
  }

  return {
    start(issuers) {
      const wanted = new Map(issuers.map((config) => [nameOf(config), config]));
      for (const [name, entry] of [...kept]) if (!wanted.has(name)) drop(name, entry);
      for (const [name, config] of wanted) if (!kept.has(name)) kept.set(name, open(config));
    },
    lookup: (config, alg, kid) =>
      kept.get(nameOf(config))?.keys.lookup(alg, kid) ?? { kind: 'unavailable', retryAfter: 1 },
    health: () => [...kept.values()].map(({ issuer, keys }) => ({ issuer, ...keys.health() })),
    close() {
      for (const [name, entry] of [...kept]) drop(name, entry);
    },
  };
}

/** An issuer fetched under another trust, or given with other keys, is another source of keys. */
function nameOf({ issuer, caBundle, keys }: IssuerConfig): string {
  return JSON.stringify([issuer, caBundle, keys]);
}

function readTimings(options: Partial<KeySetTimings>): KeySetTimings {
  const given = Object.entries(options).filter(
    ([name, value]) => name in KEY_SET_TIMINGS && value !== undefined,
  );
  return { ...KEY_SET_TIMINGS, ...Object.fromEntries(given) };
}

function createTrustingFetch(ca: string): { readonly fetch: Fetch; readonly release: () => void } {
  const dispatcher = new Agent({ connect: { ca } });
  return {
    fetch: (url, init) => undiciFetch(url, { ...init, dispatcher }),
    release: () => void dispatcher.destroy().catch(() => {}),
  };
}

function unrefTimer(delayMs: number, task: () => void): () => void {
  const timer = setTimeout(task, delayMs).unref();
  return () => clearTimeout(timer);
}
