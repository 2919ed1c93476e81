import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { connectionKey } from '@rankguard/contract/control';
import { MOUNTS, PORTS, TOKEN_FILE } from '@rankguard/contract/pod';
import { type ControlClient, createControlClient, createKeptBundles } from '../control/index.ts';
import { createMetrics, type Metrics } from '../metrics/index.ts';
import type { Log } from '../record/index.ts';
import { createAdmin, listen, trackConnections } from '../server/index.ts';
import type { PodConfig } from './config.ts';
import { drainSocket, listenForDrain } from './drain.ts';
import { createGuardWatch, type GuardWatch } from './guard-watch.ts';
import { createGuarded, type Guarded } from './listener.ts';
import { createProbes } from './probes.ts';
import { createSecretReader } from './secrets.ts';
import { watchSecrets } from './secrets-watch.ts';
import { type ListeningSocket, readListeningSockets } from './sockets.ts';

export { type Environment, type PodConfig, readPodConfig, readRedirectRules } from './config.ts';
export { drainSocket, requestDrain } from './drain.ts';
export { redirect } from './redirect.ts';

/** Where things are in the pod; tests have their own. */
export interface PodPlaces {
  /** Every address of the pod, IPv4 and IPv6. */
  readonly host: string;
  readonly adminPort: number;
  readonly probePort: number;
  readonly stateDirectory: string;
  readonly tokenFile: string;
  readonly secretsDirectory: string;
  readonly sockets: () => Promise<readonly ListeningSocket[]>;
}

export const POD_PLACES: PodPlaces = {
  host: '::',
  adminPort: PORTS.admin,
  probePort: PORTS.probe,
  stateDirectory: MOUNTS.state,
  tokenFile: TOKEN_FILE,
  secretsDirectory: MOUNTS.secrets,
  sockets: readListeningSockets,
};

export interface Pod {
  /** Binds every port and follows the operator. Rejects when a port cannot be bound: the pod must not start then. */
  start(): Promise<void>;
  /** Goes on serving, not ready, and asks callers to go elsewhere. */
  retire(): void;
  /** Ends: calls in flight may take `graceMs` more. */
  drain(graceMs: number): Promise<void>;
}

export interface PodDeps {
  readonly config: PodConfig;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly places?: PodPlaces;
}

/** The sidecar in a pod: a listener for each connection, probes for the kubelet, and the operator behind it all. */
export function createPod({ config, log, now, places = POD_PLACES }: PodDeps): Pod {
  const metrics = createMetrics();
  const client = createControlClient({
    url: config.controlUrl,
    ca: config.controlCa,
    token: async () => (await readFile(places.tokenFile, 'utf8')).trim(),
  });
  const { guarded, watch } = createGuards({ config, log, now, places, metrics, client });
  let started = false;
  const notReady = () => firstOf(guarded.map(({ sidecar }) => sidecar.notReady()));
  const notStarted = () => (started ? null : 'not all listeners are bound');
  const probes = createProbes({ checks: config.checks, notStarted, notReady });
  const admin = createPodAdmin({ guarded, watch, metrics, log, notReady });
  const operators = [trackConnections(probes), trackConnections(admin)];
  let drainServer: NetServer | undefined;
  const secrets = watchSecrets(places.secretsDirectory, () => {
    for (const one of guarded) one.secretsChanged();
  });
  function retire(): void {
    log.logger.info('draining');
    for (const { sidecar } of guarded) sidecar.retire();
  }

  return {
    retire,
    async start() {
      await listen(probes, { host: places.host, port: places.probePort });
      await listen(admin, { host: places.host, port: places.adminPort });
      drainServer = await listenForDrain(drainSocket(places.stateDirectory), retire);
      await watch.look();
      await Promise.all(guarded.map((one) => one.start()));
      started = true;
    },
    async drain(graceMs) {
      retire();
      await Promise.all(guarded.map((one) => one.close(graceMs)));
      watch.close();
      secrets.close();
      drainServer?.close();
      await Promise.all(operators.map((connections) => connections.close(0)));
      await client.close();
      metrics.close();
      log.flush();
    },
  };
}

interface Guards {
  readonly guarded: readonly Guarded[];
  readonly watch: GuardWatch;
}

function createGuards(
  deps: Required<PodDeps> & { readonly metrics: Metrics; readonly client: ControlClient },
): Guards {
  const { config, log, places } = deps;
  const kept = createKeptBundles(places.stateDirectory);
  const readSecret = createSecretReader(places.secretsDirectory);
  const watch = createGuardWatch({
    read: places.sockets,
    listeners: config.listeners,
    declared: () => new Set([...config.declaredPorts, ...guarded.flatMap((one) => one.declaredPorts())]),
    report(kind, connection, message) {
      const code = kind === 'bypassed' ? 'GUARD_BYPASSED' : 'PORT_UNDECLARED';
      log.logger.warn({ code, connection }, message);
      guarded.find((one) => one.connection.name === connection)?.audit.guard(code, message);
    },
  });
  const guarded = config.listeners.map((listener) =>
    createGuarded({
      ...deps,
      listener,
      kept,
      readSecret,
      bypassed: () => watch.bypassed(listener.connection),
      listen: { host: places.host, port: listener.port },
    }),
  );
  return { guarded, watch };
}

function createPodAdmin(
  deps: Guards & { readonly metrics: Metrics; readonly log: Log; readonly notReady: () => string | null },
): Server {
  const { guarded, watch, metrics, log, notReady } = deps;
  return createAdmin({
    metrics,
    notReady,
    collect() {
      for (const { connection, sidecar, audit, expires, usageLag } of guarded) {
        sidecar.collect();
        const bypassed = watch.bypassed(connection.name) !== null;
        const state = {
          bypassed,
          expires: expires(),
          auditDropped: audit.dropped(),
          usageLag: usageLag(),
        };
        metrics.pod(connectionKey(connection), state);
      }
      const loads = guarded.map(({ sidecar }) => sidecar.load());
      metrics.held(sum(loads, 'calls'), sum(loads, 'bytes'), log.lost());
    },
    config: () =>
      Object.fromEntries(
        guarded.map(({ connection, sidecar }) => [connectionKey(connection), sidecar.config()]),
      ),
  });
}

function firstOf(reasons: readonly (string | null)[]): string | null {
  return reasons.find((reason) => reason !== null) ?? null;
}

function sum<K extends string>(items: readonly Readonly<Record<K, number>>[], member: K): number {
  return items.reduce((total, item) => total + item[member], 0);
}
