import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { type Bundle, CodedError } from '@rankguard/contract';
import { createKeySets, type KeySets } from '../identity/index.ts';
import { createMetrics, type Metrics } from '../metrics/index.ts';
import {
  connectionName,
  createBudget,
  createDisplacementSampler,
  createPipeline,
  createTurns,
} from '../pipeline/index.ts';
import type { Log } from '../record/index.ts';
import { createRuntime, type ReadSecret } from '../runtime/index.ts';
import { createUsageWindows, isShared, type UsageWindows } from '../usage/index.ts';
import { createAdmin } from './admin.ts';
import { type Connections, trackConnections } from './connections.ts';
import { type Address, createListener, listen, secureContext, type TlsFiles } from './listener.ts';
import { createStatus, type Status } from './status.ts';

export { type AdminDeps, createAdmin } from './admin.ts';
export { type Connections, trackConnections } from './connections.ts';
export { type Address, formatAddress, listen } from './listener.ts';

export interface SidecarOptions {
  readonly listen: Address;
  readonly admin: Address | undefined;
  /** Origin of the reranker, e.g. `http://127.0.0.1:8080`. */
  readonly upstreamUrl: string;
  readonly log: Log;
  readonly now: () => number;
  /** What callers did so far; else counted from nothing. */
  readonly usage?: UsageWindows;
  /** Shared by several sidecars of one process; else its own, which ends with it. */
  readonly metrics?: Metrics;
  /** Certificate to serve with before the first bundle; without it the port is plain until the process ends. */
  readonly tls?: TlsFiles | undefined;
  /** Why nothing may pass now, whatever the bundle says; null when calls may be judged. */
  readonly bypassed?: () => string | null;
}

export interface Sidecar extends Status {
  /** Puts a bundle in force and counts it. Throws CodedError and keeps the old one when it does not fit. */
  activate(bundle: Bundle, readSecret: ReadSecret): void;
  /** Counts a change that is not in force: it never became a bundle, or `activate` threw. */
  refused(): void;
  /** Lets the bundle in force serve until then (unix seconds). */
  renew(expires: number): void;
  /** Whether some policy in force looks at what other sidecars count as well. */
  sharesUsage(): boolean;
  /** Goes on serving, but not ready, and each answer closes its connection: callers go elsewhere. */
  retire(): void;
  /** Binds the ports; says which. */
  start(): Promise<{ readonly listen: Address; readonly admin: Address | undefined }>;
  /** Stops taking connections, lets calls in flight end for up to `graceMs`, then closes everything. */
  drain(graceMs: number): Promise<void>;
}

/** The sidecar: listener, admin port and the bundle in force. */
export function createSidecar(options: SidecarOptions): Sidecar {
  const { log, now } = options;
  const metrics = options.metrics ?? createMetrics();
  const budget = createBudget();
  const keySets = keySetsFor(log, now);
  const runtime = createRuntime({ upstreamUrl: options.upstreamUrl, keySets, now });
  const bypassed = options.bypassed ?? (() => null);
  let draining = false;
  const status = createStatus({ runtime, keySets, budget, metrics, log, draining: () => draining, bypassed });
  const pipeline = createPipeline({
    active: runtime.active,
    budget,
    turns: createTurns({ clock: () => performance.now(), nextTurn: setImmediate }),
    metrics,
    usage: options.usage ?? createUsageWindows({ now }),
    displacement: createDisplacementSampler({ metrics }),
    record: log.call,
    draining: () => draining,
    bypassed,
    now,
  });
  let tls = options.tls;
  let listener: Server | undefined;
  let callers: Connections | undefined;
  const admin = createAdmin({ metrics, ...status });
  const operators = trackConnections(admin);

  return {
    ...status,
    renew: runtime.renew,
    sharesUsage: () => isShared(runtime.active()?.policies.projection ?? {}),
    retire() {
      draining = true;
    },
    activate(bundle, readSecret) {
      const nextTls = readTls(bundle, readSecret);
      const fixed = listener !== undefined || options.tls !== undefined;
      if (fixed && (tls === undefined) !== (nextTls === undefined)) throw tlsChange();
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
      if (options.metrics === undefined) metrics.close();
      log.flush();
    },
  };
}

function tlsChange(): CodedError {
  return new CodedError('CONFIG_UNSUPPORTED', 'tls.listener cannot be added or removed without a restart');
}

function keySetsFor({ logger }: Log, now: () => number): KeySets {
  return createKeySets({
    fetch: globalThis.fetch,
    now,
    log: (level, message, fields) => logger[level](fields, message),
  });
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
