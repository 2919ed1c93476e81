import type { KubeConfig } from '@kubernetes/client-node';
import type { ConnectionStatus } from '@rankguard/contract/resources';
import type { Logger } from 'pino';
import { createAdmission } from '../admission/index.ts';
import { createControlServer } from '../control/index.ts';
import { allCaches } from '../controllers/index.ts';
import { pause } from '../kube/index.ts';
import { OPERATOR_PORTS, type OperatorSettings } from '../settings/index.ts';
import { createTlsServer } from '../tls/index.ts';
import { createAdminServer } from './admin.ts';
import { createAdmissionPorts } from './admission-ports.ts';
import { createControlPorts } from './control-ports.ts';
import { createParts, type Parts } from './parts.ts';

export interface RunOptions {
  readonly settings: OperatorSettings;
  readonly kubeconfig: KubeConfig;
  readonly logger: Logger;
  /** Where compiled policies are kept between restarts of the process. */
  readonly cacheDir: string;
  /** The operator's token for other replicas, when it is not in a pod. */
  readonly tokenFile?: string;
  readonly host?: string;
  readonly ports?: { readonly admission: number; readonly control: number; readonly admin: number };
  /** Milliseconds for which a replica that ends is still asked, until everybody knows. */
  readonly leaveMs?: number;
  readonly graceMs?: number;
}

/** One replica of the operator. */
export interface RunningOperator {
  readonly ports: { readonly admission: number; readonly control: number; readonly admin: number };
  isLeader(): boolean;
  /** What is missing before this replica may be asked; empty: nothing. */
  missing(): readonly string[];
  stop(): Promise<void>;
}

const LEAVE_MS = 5_000;
const GRACE_MS = 25_000;

/**
 * Starts a replica, and resolves when it serves: keys, local copies, servers, and then the election. It does not wait
 * until it may be asked; `missing` says when.
 */
export async function runOperator(options: RunOptions): Promise<RunningOperator> {
  const { settings, host = '::', leaveMs = LEAVE_MS, graceMs = GRACE_MS } = options;
  const parts = createParts(options);
  const { identity, caches, replicas, election } = parts;
  let leaving = false;
  const missing = () => (leaving ? ['this replica ends'] : missingOf(parts, settings.sidecarImage));
  const admin = createAdminServer({ registry: parts.metrics.registry, missing });
  const adminPort = await admin.start({ host, port: options.ports?.admin ?? OPERATOR_PORTS.admin });
  await identity.start();
  for (const cache of allCaches(caches)) cache.start();
  const { admission, control } = createServers(options, parts);
  const ports = {
    admin: adminPort,
    admission: await admission.start({ host, port: options.ports?.admission ?? OPERATOR_PORTS.admission }),
    control: await control.start({ host, port: options.ports?.control ?? OPERATOR_PORTS.control }),
  };
  const joined = join(parts);

  return {
    ports,
    missing,
    isLeader: election.isLeader,
    async stop() {
      leaving = true;
      const isJoined = await Promise.race([joined, Promise.resolve(false)]);
      if (isJoined) await election.stop();
      // Until every proxy knows that this replica ends, it is still asked.
      await pause(leaveMs, new AbortController().signal);
      await Promise.all([admission.close(graceMs), control.close(graceMs)]);
      parts.publisher.stop();
      await parts.recorder.stop();
      if (isJoined) await replicas.stop();
      await identity.stop();
      await Promise.all(allCaches(caches).map((cache) => cache.stop()));
      await admin.close();
      await parts.transport.close();
    },
  };
}

/** Takes part in what the replicas do together once the local copies are complete. */
async function join({ caches, publisher, replicas, election, log }: Parts): Promise<boolean> {
  await Promise.all(allCaches(caches).map(({ synced }) => synced));
  await publisher.settled();
  for (;;) {
    try {
      await replicas.start();
      break;
    } catch (error) {
      log('warn', 'the replica cannot be announced', { error: String(error) });
      await pause(1_000, new AbortController().signal);
    }
  }
  election.start();
  return true;
}

function createServers({ settings, logger, tokenFile }: RunOptions, parts: Parts) {
  const { identity, metrics, log } = parts;
  const app = createAdmission(createAdmissionPorts({ ...parts, settings }));
  const admission = createTlsServer(app, identity.tls, { minVersion: 'TLSv1.2' });
  const control = createControlServer({
    store: parts.store,
    ports: createControlPorts({ ...parts, settings, ...(tokenFile !== undefined && { tokenFile }) }),
    tls: identity.tls,
    serverName: identity.serverName,
    now: Date.now,
    observe: metrics.control,
    failed: (error) => log('warn', 'the control API cannot answer', { error: String(error) }),
  });
  logger.debug({}, 'servers are made');
  return { admission, control };
}

/**
 * A replica of a new version must not inject before admission accepts what it injects: the leader says so in the
 * status of each connection.
 */
function missingOf({ caches, identity, publisher, replicas }: Parts, image: string): readonly string[] {
  const missing: string[] = [];
  for (const [name, cache] of Object.entries(caches)) {
    if (!(cache as { hasSynced(): boolean }).hasSynced()) missing.push(`${name} are not read yet`);
  }
  if (identity.signing.rootKeys().length === 0) missing.push('there are no root keys yet');
  if (publisher.failing() > 0) missing.push(`${publisher.failing()} bundles cannot be signed`);
  if (!replicas.isAnnounced()) missing.push('the replica is not announced yet');
  const refusing = caches.connections.list().filter(({ status }) => {
    const { injection } = (status ?? {}) as ConnectionStatus;
    return injection !== undefined && injection.images?.includes(image) !== true;
  });
  if (refusing.length > 0) missing.push(`${refusing.length} connections do not accept ${image} yet`);
  return missing;
}
