import { randomUUID } from 'node:crypto';
import type { ReasonCode } from '@rankguard/contract';
import type { BundleClaims, ConnectionKey } from '@rankguard/contract/control';
import type { PodListener } from '@rankguard/contract/pod';
import {
  type AuditShipper,
  type ControlClient,
  createAuditShipper,
  createFollower,
  createUsageExchange,
  type KeptBundles,
} from '../control/index.ts';
import type { Metrics } from '../metrics/index.ts';
import type { Log } from '../record/index.ts';
import type { ReadSecret } from '../runtime/index.ts';
import { type Address, createSidecar, type Sidecar } from '../server/index.ts';
import { createTrust } from '../trust/index.ts';
import { createUsageWindows, type UsageWindows } from '../usage/index.ts';
import { bundleInForce } from './bundle-in-force.ts';
import type { PodConfig } from './config.ts';

export interface GuardedDeps {
  readonly config: PodConfig;
  readonly listener: PodListener;
  readonly client: ControlClient;
  readonly kept: KeptBundles;
  readonly readSecret: ReadSecret;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly bypassed: () => string | null;
  readonly listen: Address;
}

/** One connection of the pod: its data path, the bundle that it follows, and what it tells the operator. */
export interface Guarded {
  readonly connection: ConnectionKey;
  readonly sidecar: Sidecar;
  readonly audit: AuditShipper;
  /** Ports of the app that the bundle in force declares. */
  declaredPorts(): readonly number[];
  /** Unix seconds; null before there is a bundle. */
  expires(): number | null;
  /** Seconds since everything was known that other sidecars counted; null: it never was. */
  usageLag(): number | null;
  /** Secrets have changed where they are mounted: the bundle in force takes the new ones. */
  secretsChanged(): void;
  /** Puts the kept bundle in force, follows the operator, and binds the port. */
  start(): Promise<void>;
  close(graceMs: number): Promise<void>;
}

export function createGuarded(deps: GuardedDeps): Guarded {
  const { config, listener, client, now, readSecret } = deps;
  const connection = { namespace: config.namespace, name: listener.connection };
  const audit = createAuditShipper({ connection, client, now });
  const usage = createUsageWindows({ now, instance: randomUUID() });
  const sidecar = createDataPath(deps, audit, usage);
  let claims: BundleClaims | undefined;

  function activate(next: BundleClaims): void {
    sidecar.activate(bundleInForce(next, listener.locked === true), readSecret);
    claims = next;
  }
  function say(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>): void {
    deps.log.logger[level]({ connection: listener.connection, ...fields }, message);
  }
  function refused(code: ReasonCode, message: string): void {
    sidecar.refused();
    audit.guard(code, message);
  }
  const follower = createFollower({
    connection,
    client,
    trust: createTrust({ rootKeys: config.rootKeys, connection, now }),
    kept: deps.kept,
    activate,
    renew(expires) {
      if (claims !== undefined) claims = { ...claims, expires };
      sidecar.renew(expires);
    },
    refused,
    log: say,
  });
  const exchange =
    usage.sharing &&
    createUsageExchange({
      ...{ connection, client, log: say },
      sharing: usage.sharing,
      wanted: sidecar.sharesUsage,
    });
  return {
    connection,
    sidecar,
    audit,
    declaredPorts: () => claims?.bundle.connection.otherPorts ?? [],
    expires: () => claims?.expires ?? null,
    usageLag: () => (sidecar.sharesUsage() ? (usage.sharing?.lag() ?? null) : null),
    secretsChanged() {
      if (claims === undefined) return;
      try {
        activate(claims);
        say('info', 'secrets read again', {});
      } catch (error) {
        refused('CONFIG_INVALID', error instanceof Error ? error.message : 'unreadable');
      }
    },
    async start() {
      await follower.start();
      exchange?.start();
      await sidecar.start();
    },
    async close(graceMs) {
      await follower.close();
      await sidecar.drain(graceMs);
      await exchange?.close();
      await audit.close();
    },
  };
}

function createDataPath(
  { listener, listen, log, now, metrics, bypassed, readSecret }: GuardedDeps,
  audit: AuditShipper,
  usage: UsageWindows,
): Sidecar {
  const { tlsSecret, upstreamPort } = listener;
  return createSidecar({
    ...{ listen, now, metrics, usage, bypassed },
    admin: undefined,
    upstreamUrl: `http://127.0.0.1:${upstreamPort}`,
    log: {
      ...log,
      call(record) {
        log.call(record);
        audit.call(record);
      },
    },
    tls: tlsSecret === undefined ? undefined : readTls(readSecret, tlsSecret),
  });
}

function readTls(readSecret: ReadSecret, name: string) {
  return { cert: readSecret({ name, key: 'tls.crt' }), key: readSecret({ name, key: 'tls.key' }) };
}
