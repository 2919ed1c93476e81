import type { KeySets } from '../identity/index.ts';
import type { Metrics } from '../metrics/index.ts';
import type { Budget } from '../pipeline/index.ts';
import type { Log } from '../record/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { configView } from './config-view.ts';

export interface Status {
  /** null when calls can be served, else why not. An expired bundle is no reason: its calls get the explanation. */
  notReady(): string | null;
  /** What is in force, without secrets; null before there is something. */
  config(): unknown;
  /** What is held for calls now. */
  load(): { readonly calls: number; readonly bytes: number };
  /** Tells metrics what is only known when they are read. */
  collect(): void;
}

/** What can be said of one connection's data path. */
export function createStatus(deps: {
  readonly runtime: Runtime;
  readonly keySets: KeySets;
  readonly budget: Budget;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly draining: () => boolean;
  readonly bypassed: () => string | null;
}): Status {
  const { runtime, keySets, budget, metrics, log } = deps;
  return {
    notReady() {
      if (deps.draining()) return 'draining';
      return runtime.active() === undefined ? 'no bundle is active' : deps.bypassed();
    },
    config() {
      const active = runtime.active();
      return active === undefined ? null : configView(active.bundle);
    },
    load: () => ({ calls: budget.calls, bytes: budget.bytes }),
    collect() {
      metrics.held(budget.calls, budget.bytes, log.lost());
      for (const { issuer, ageMs } of keySets.health())
        if (ageMs !== null) metrics.keySet(issuer, ageMs / 1000);
    },
  };
}
