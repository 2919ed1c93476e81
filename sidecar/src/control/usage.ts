import type { ConnectionKey } from '@rankguard/contract/control';
import type { UsageSharing } from '../usage/index.ts';
import { createBackoff, type Sleep, sleep } from './backoff.ts';
import type { ControlClient } from './client.ts';
import { refusalOf } from './receiver.ts';

/** Tells the operator what this sidecar counted, and hears what the others of its connection did. */
export interface UsageExchange {
  start(): void;
  /** Tells what is left, for as long as two seconds. */
  close(): Promise<void>;
}

export interface UsageExchangeDeps {
  readonly connection: ConnectionKey;
  readonly client: Pick<ControlClient, 'usage'>;
  readonly sharing: UsageSharing;
  /** Whether some policy in force looks at usage. */
  readonly wanted: () => boolean;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly random?: () => number;
  readonly sleep?: Sleep;
}

/** How soon a policy that looks at usage for the first time is noticed. */
const IDLE_MS = 500;
/** Between parts of what does not fit into one message. */
const BETWEEN_MS = 20;
/** Windows are short: who waits longer for an operator that was away counts for longer alone. */
const LONGEST_WAIT_MS = 5_000;
const LAST_MS = 2_000;

/**
 * Without the operator the windows go on with what this sidecar sees itself, and the facts say how old the rest is.
 * Nothing is lost meanwhile: what could not be told is told later.
 */
export function createUsageExchange(deps: UsageExchangeDeps): UsageExchange {
  const { connection, client, sharing, wanted, log } = deps;
  const random = deps.random ?? Math.random;
  const rest = deps.sleep ?? sleep;
  const stop = new AbortController();
  const backoff = createBackoff(random);
  let running: Promise<void> = Promise.resolve();
  let failing = false;

  /** Milliseconds until the next one; null: there is more to tell or to hear. */
  async function exchange(signal: AbortSignal, ends: boolean): Promise<number | null> {
    const report = sharing.report(connection, ends);
    try {
      const shares = await client.usage(report, signal);
      // Not all sidecars at the same time.
      return sharing.take(shares) ? shares.nextMs * (0.9 + 0.2 * random()) : null;
    } catch (error) {
      sharing.untold();
      throw error;
    }
  }

  async function once(): Promise<number> {
    if (!wanted()) return IDLE_MS;
    try {
      const wait = await exchange(stop.signal, false);
      if (failing) log('info', 'usage is shared again', {});
      failing = false;
      backoff.reset();
      return wait ?? BETWEEN_MS;
    } catch (error) {
      // Said once, not with each try.
      if (!failing && !stop.signal.aborted) log('warn', 'usage is not shared', refusalOf(error));
      failing = true;
      return Math.min(backoff.next(), LONGEST_WAIT_MS);
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) await rest(await once(), stop.signal);
  }

  return {
    start() {
      running = run();
    },
    async close() {
      stop.abort();
      await running;
      if (!wanted()) return;
      const signal = AbortSignal.timeout(LAST_MS);
      try {
        while ((await exchange(signal, true)) === null) await rest(BETWEEN_MS, signal);
      } catch {
        // The others do without.
      }
    },
  };
}
