import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { type Bundle, CodedError } from '@rankguard/contract';
import { createKeySets } from '../identity/index.ts';
import { createMetrics } from '../metrics/index.ts';
import { connectionName, createBudget, createPipeline, type LoopLoad } from '../pipeline/index.ts';
import type { Log } from '../record/index.ts';
import { createRuntime, type ReadSecret } from '../runtime/index.ts';
import { createAdmin } from './admin.ts';
import { configView } from './config-view.ts';
import { type Connections, trackConnections } from './connections.ts';
import { type Address, createListener, listen, secureContext, type TlsFiles } from './listener.ts';
import { createLoopLoad } from './loop-load.ts';

export { type Address, formatAddress } from './listener.ts';

export interface SidecarOptions {
  readonly listen: Address;
  readonly admin: Address | undefined;
  /** Origin of the reranker, e.g. `http://127.0.0.1:8080`. */
  readonly upstreamUrl: string;
  readonly log: Log;
  readonly now: () => number;
  /** How busy the event loop is, for a process that does more than serve; else it is measured. */
  readonly loopLoad?: () => LoopLoad;
}

export interface Sidecar {
  /** Puts a bundle in force and counts it. Throws CodedError and keeps the old one when it does not fit. */
  activate(bundle: Bundle, readSecret: ReadSecret): void;
  /** Counts a change that is not in force: it never became a bundle, or `activate` threw. */
  refused(): void;
  /** Binds the ports; says which. */
  start(): Promise<{ readonly listen: Address; readonly admin: Address | undefined }>;
  /** Stops taking connections, lets calls in flight end for up to `graceMs`, then closes everything. */
  drain(graceMs: number): Promise<void>;
}

/** The sidecar: listener, admin port and the bundle in force. */
export function createSidecar(options: SidecarOptions): Sidecar {
  const { log, now, loopLoad = createLoopLoad() } = options;
  const metrics = createMetrics();
  const budget = createBudget({ clock: () => performance.now(), loopLoad });
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
  let tls: TlsFiles | undefined;
  let listener: Server | undefined;
  let callers: Connections | undefined;
  const admin = createAdmin({
    metrics,
    collect: () => {
      metrics.held(budget.calls, budget.bytes, log.lost());
      for (const { issuer, ageMs } of keySets.health())
        if (ageMs !== null) metrics.keySet(issuer, ageMs / 1000);
    },
    notReady: () => (draining ? 'draining' : runtime.active() === undefined ? 'no bundle is active' : null),
    config: () => {
      const active = runtime.active();
      return active === undefined ? null : configView(active.bundle);
    },
  });
  const operators = trackConnections(admin);

  return {
    activate(bundle, readSecret) {
      const nextTls = readTls(bundle, readSecret);
      if (listener !== undefined && (tls === undefined) !== (nextTls === undefined)) {
        throw new CodedError(
          'CONFIG_UNSUPPORTED',
          'tls.listener cannot be added or removed without a restart',
        );
      }
      runtime.activate(bundle, readSecret);
      tls = nextTls;
      if (tls !== undefined && listener instanceof TlsServer) listener.setSecureContext(secureContext(tls));
      const connection = connectionName(bundle.connection);
      metrics.reload(connection, 'activated');
      metrics.bundle(connection, bundle.revision);
    },
    refused() {
      const active = runtime.active();
      metrics.reload(active === undefined ? 'none' : connectionName(active.bundle.connection), 'refused');
    },
    async start() {
      listener = createListener({ pipeline, metrics, tls });
      callers = trackConnections(listener);
      const bound = await listen(listener, options.listen);
      return { listen: bound, admin: options.admin && (await listen(admin, options.admin)) };
    },
    async drain(graceMs) {
      draining = true;
      await callers?.close(graceMs);
      await operators.close(0);
      keySets.close();
      await runtime.close();
      metrics.close();
      log.flush();
    },
  };
}

/** A kubernetes.io/tls Secret, when the connection names one. Throws CONFIG_INVALID when it cannot be served with. */
function readTls({ connection }: Bundle, readSecret: ReadSecret): TlsFiles | undefined {
  const name = connection.listenerTls;
  if (name === null) return undefined;
  const files = { cert: readSecret({ name, key: 'tls.crt' }), key: readSecret({ name, key: 'tls.key' }) };
  try {
    createSecureContext(secureContext(files));
  } catch (cause) {
    const why = (cause as { code?: string }).code ?? 'unreadable';
    const message = `tls.crt and tls.key of Secret ${connection.namespace}/${name} are no certificate and its key (${why})`;
    throw new CodedError('CONFIG_INVALID', message, { cause });
  }
  return files;
}
