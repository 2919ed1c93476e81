import type { Server } from 'node:http';
import type { Bundle } from '@rankguard/contract';
import { createKeySets } from '../identity/index.ts';
import { createMetrics } from '../metrics/index.ts';
import { createBudget, createPipeline } from '../pipeline/index.ts';
import type { Log } from '../record/index.ts';
import { createRuntime, type ReadSecret } from '../runtime/index.ts';
import { createAdmin } from './admin.ts';
import { configView } from './config-view.ts';
import { type Address, createListener, listen, type TlsFiles } from './listener.ts';

export { type Address, formatAddress } from './listener.ts';

export interface SidecarOptions {
  readonly listen: Address;
  readonly admin: Address | undefined;
  /** Origin of the reranker, e.g. `http://127.0.0.1:8080`. */
  readonly upstreamUrl: string;
  readonly tls: TlsFiles | undefined;
  readonly log: Log;
  readonly now: () => number;
}

export interface Sidecar {
  /** Puts a bundle in force. Throws CodedError and keeps the old one when it does not fit. */
  activate(bundle: Bundle, readSecret: ReadSecret): void;
  /** Counts a change that never became a bundle. */
  refused(connection: string): void;
  /** Binds the ports; says which. */
  start(): Promise<{ readonly listen: Address; readonly admin: Address | undefined }>;
  /** Stops taking connections, lets calls in flight end for up to `graceMs`, then closes everything. */
  drain(graceMs: number): Promise<void>;
}

/** The sidecar: listener, admin port and the bundle in force. */
export function createSidecar(options: SidecarOptions): Sidecar {
  const { log, now } = options;
  const metrics = createMetrics();
  const budget = createBudget();
  const keySets = createKeySets({
    fetch: globalThis.fetch,
    now,
    log: (level, message, fields) => log.logger[level](fields, message),
  });
  const runtime = createRuntime({ upstreamUrl: options.upstreamUrl, keySets, now });
  let draining = false;
  const pipeline = createPipeline({
    active: runtime.active,
    budget,
    metrics,
    record: log.call,
    draining: () => draining,
    now,
  });
  const listener = createListener({ pipeline, metrics, tls: options.tls });
  const admin = createAdmin({
    metrics,
    collect: () => {
      metrics.inflight(budget.calls, budget.bytes);
      for (const { issuer, ageMs } of keySets.health())
        if (ageMs !== null) metrics.keySet(issuer, ageMs / 1000);
    },
    notReady: () => (draining ? 'draining' : runtime.active() === undefined ? 'no bundle is active' : null),
    config: () => {
      const active = runtime.active();
      return active === undefined ? null : configView(active.bundle);
    },
  });

  return {
    activate(bundle, readSecret) {
      const connection = `${bundle.connection.namespace}/${bundle.connection.name}`;
      try {
        runtime.activate(bundle, readSecret);
      } catch (error) {
        metrics.reload(connection, 'refused');
        throw error;
      }
      metrics.reload(connection, 'activated');
      metrics.bundle(connection, bundle.revision);
    },
    refused: (connection) => metrics.reload(connection, 'refused'),
    async start() {
      const bound = await listen(listener, options.listen);
      return { listen: bound, admin: options.admin && (await listen(admin, options.admin)) };
    },
    async drain(graceMs) {
      draining = true;
      await closeGracefully(listener, graceMs);
      await closeGracefully(admin, 0);
      keySets.close();
      await runtime.close();
      metrics.close();
      log.flush();
    },
  };
}

function closeGracefully(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
