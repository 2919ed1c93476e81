import { createCompiler } from '@rankguard/compiler';
import { createPublisher, type Publisher } from '../bundles/index.ts';
import { createPlanner, createStoredReader, type Planner, type ReadStored } from '../compile/index.ts';
import { type BundleStore, createBundleStore } from '../control/index.ts';
import { type Caches, type Controllers, createCaches, createControllers } from '../controllers/index.ts';
import { createRecorder, type Recorder } from '../events/index.ts';
import {
  createElection,
  createKube,
  createTransport,
  type Election,
  type Kube,
  type ReflectorLog,
  type Transport,
} from '../kube/index.ts';
import { createMetrics, type OperatorMetrics } from '../metrics/index.ts';
import { createReplicas, type Replicas } from '../replicas/index.ts';
import { OPERATOR_PORTS } from '../settings/index.ts';
import { VERSION } from './admission-ports.ts';
import { createFindBypass } from './find-bypass.ts';
import { createIdentity, type Identity } from './identity.ts';
import type { RunOptions } from './index.ts';
import { createInstalledSchemas } from './installed-schemas.ts';
import { createReadings } from './readings.ts';
import { createWebhooks } from './webhooks.ts';

/** Everything of a replica but its servers. */
export interface Parts {
  readonly log: ReflectorLog;
  readonly metrics: OperatorMetrics;
  readonly transport: Transport;
  readonly kube: Kube;
  readonly store: BundleStore;
  readonly identity: Identity;
  readonly publisher: Publisher;
  readonly recorder: Recorder;
  readonly caches: Caches;
  readonly replicas: Replicas;
  readonly readStored: ReadStored;
  readonly planner: Planner;
  readonly controllers: Controllers;
  readonly election: Election;
}

/** Makes the parts; nothing is started. They call one another only when all are made. */
export function createParts(options: RunOptions): Parts {
  const { settings, logger } = options;
  const log: ReflectorLog = (level, message, fields) => logger[level](fields, message);
  const metrics = createMetrics(createReadings(() => ({ ...parts, tls: identity.tls })));
  const transport = createTransport(options.kubeconfig);
  const kube = createKube({ transport, userAgent: `rankguard-operator/${VERSION}`, observe: metrics.api });
  const identity = createIdentity({
    ...{ kube, settings, log },
    isLeader: () => parts.election.isLeader(),
    onChange: () => refreshed(parts),
  });
  const store = createBundleStore();
  const publisher = createPublisher({ sign: identity.sign, store, log });
  const recorder = createRecorder({
    ...{ kube, log, metrics: metrics.events },
    controller: 'rankguard.dev/operator',
    instance: settings.podName,
  });
  const caches = createCaches({
    ...{ kube, log, metrics: metrics.reflector, namespace: settings.namespace },
    onChange: (cache, change) => parts.controllers.changed(cache, change),
  });
  const compiler = createCompiler({
    opa: settings.opa,
    cacheDir: options.cacheDir,
    log: (message, fields) => logger.debug(fields, message),
  });
  const readStored = createStoredReader(createInstalledSchemas(kube, log));
  const planner = createPlanner({ compiler, readStored, judged: metrics.compiled });
  const shared = { log, metrics, transport, kube, store, identity };
  const basis = { ...shared, publisher, recorder, caches, readStored, planner };
  const replicas = replicasOf(options, basis, () => parts);
  const controllers = createControllers({
    ...{ ...basis, replicas, namespace: settings.namespace, now: Date.now },
    metrics: metrics.controllers,
    findBypass: createFindBypass(kube, caches),
    ...createWebhooks({ kube, settings, identity, caches }),
  });
  const parts: Parts = { ...basis, replicas, controllers, election: electionOf(options, basis, controllers) };
  return parts;
}

type Basis = Omit<Parts, 'replicas' | 'controllers' | 'election'>;

function replicasOf(
  { settings, ports }: RunOptions,
  { kube, log, identity }: Basis,
  parts: () => Parts,
): Replicas {
  const { namespace, release, podName, podIp, sidecarImage } = settings;
  const host = podIp.includes(':') ? `[${podIp}]` : podIp;
  return createReplicas({
    ...{ kube, log, namespace, release },
    own: () => ({
      name: podName,
      image: sidecarImage,
      keys: identity.signing.rootKeys(),
      url: `https://${host}:${ports?.control ?? OPERATOR_PORTS.control}`,
      ca: identity.tls.caBundle(),
    }),
    onChange: () => parts().controllers.everythingChanged(),
  });
}

function electionOf(
  { settings, logger }: RunOptions,
  { kube, log }: Basis,
  controllers: Controllers,
): Election {
  return createElection({
    kube,
    namespace: settings.namespace,
    name: settings.release,
    identity: settings.podName,
    lead(signal) {
      logger.info({}, 'this replica leads');
      signal.addEventListener('abort', () => logger.info({}, 'this replica leads no more'));
      controllers.lead(signal);
    },
    onError: (error) => log('warn', 'the lease cannot be renewed', { error: String(error) }),
  });
}

/** New keys or certificates go into bundles, webhook configurations, and what the other replicas know of this one. */
function refreshed({ publisher, replicas, controllers, log }: Parts): void {
  publisher.renew();
  controllers.everythingChanged();
  if (!replicas.isAnnounced()) return;
  replicas.renew().catch((error) => log('warn', 'the replica cannot be renewed', { error: String(error) }));
}
