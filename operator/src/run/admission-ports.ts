import { createRequire } from 'node:module';
import type { AdmissionPorts } from '../admission/index.ts';
import type { Planner, ReadStored } from '../compile/index.ts';
import {
  type Caches,
  type ConnectionObject,
  generatedKeyOf,
  type ServiceObject,
} from '../controllers/index.ts';
import type { GuardingConnection, InjectionSettings, Service } from '../injection/index.ts';
import { type KubeObject, keyOf, type ReflectorLog } from '../kube/index.ts';
import type { OperatorMetrics } from '../metrics/index.ts';
import type { Replicas } from '../replicas/index.ts';
import { OPERATOR_PORTS, type OperatorSettings } from '../settings/index.ts';
import type { Identity } from './identity.ts';

const require = createRequire(import.meta.url);
export const { version: VERSION } = require('../../package.json') as { version: string };

/** What this replica puts into pods now. */
export function injectionSettings(
  settings: OperatorSettings,
  { signing, tls, serverName }: Identity,
): InjectionSettings {
  return {
    image: settings.sidecarImage,
    imagePullPolicy: settings.sidecarPullPolicy,
    version: VERSION,
    controlUrl: `https://${serverName}:${OPERATOR_PORTS.control}`,
    controlCa: tls.caBundle(),
    rootKeys: signing.rootKeys(),
    resources: settings.sidecarResources,
  };
}

export interface AdmissionDeps {
  readonly caches: Caches;
  readonly identity: Identity;
  readonly settings: OperatorSettings;
  readonly replicas: Pick<Replicas, 'live'>;
  readonly planner: Planner;
  readonly readStored: ReadStored;
  readonly metrics: OperatorMetrics;
  readonly log: ReflectorLog;
}

/** Admission's view of the cluster: local copies, so that a pod never waits for the API server. */
export function createAdmissionPorts(deps: AdmissionDeps): AdmissionPorts {
  const { caches, identity, settings, replicas, planner, readStored, metrics, log } = deps;
  const { connections, services, profiles, clusterProfiles } = caches;
  const needed = [connections, services, profiles, clusterProfiles];
  return {
    ready: () => needed.every((cache) => cache.hasSynced()),
    settings: () => injectionSettings(settings, identity),
    accepted() {
      const live = replicas.live();
      return {
        images: live.map(({ image }) => image),
        rootKeys: [...new Set(live.flatMap(({ keys }) => keys))],
        controlCas: [...new Set(live.map(({ ca }) => ca))],
      };
    },
    connections: (namespace) =>
      inNamespace(connections.list(), namespace).map((one) => guarding(caches, one)),
    services: (namespace) => inNamespace<ServiceObject>(services.list(), namespace).map(asService),
    read: async (object, label) => (await readStored(object, label)).problems,
    async judge(object) {
      const { kind = '' } = object as KubeObject;
      if (kind.endsWith('MaskingProfile')) return await planner.judgeProfile(object as KubeObject);
      if (!kind.endsWith('RerankPolicy')) return [];
      return (await planner.judgePolicy(object as KubeObject)).problems;
    },
    answered: metrics.admission,
    log,
  };
}

export function inNamespace<T extends KubeObject>(objects: readonly T[], namespace: string): readonly T[] {
  return objects.filter(({ metadata }) => metadata.namespace === namespace);
}

export const asService = ({ metadata, spec }: ServiceObject): Service => ({
  metadata: { name: metadata.name, namespace: metadata.namespace ?? '' },
  ...(spec && { spec }),
});

export interface Profiles {
  readonly profiles: Pick<Caches['profiles'], 'get'>;
  readonly clusterProfiles: Pick<Caches['clusterProfiles'], 'get'>;
}

/** A connection as injection takes it. */
export function guarding(caches: Profiles, connection: ConnectionObject): GuardingConnection {
  const { namespace = '', name, creationTimestamp } = connection.metadata;
  return {
    namespace,
    name,
    created: creationTimestamp ?? null,
    // The API server has validated it against the schema that this type comes from.
    spec: connection.spec as GuardingConnection['spec'],
    secrets: profileSecrets(caches, connection),
    generatedKey: generatedKeyOf(connection),
  };
}

/** The Secret with the key of the connection's masking profile. */
function profileSecrets({ profiles, clusterProfiles }: Profiles, connection: ConnectionObject) {
  const name = connection.spec.masking?.profile;
  if (name === undefined) return [];
  const metadata = { ...connection.metadata, name };
  const profile = profiles.get(keyOf({ metadata })) ?? clusterProfiles.get(name);
  const { spec } = (profile ?? {}) as { spec?: { tokenKey?: { secretKeyRef?: { name?: string } } } };
  const secret = spec?.tokenKey?.secretKeyRef?.name;
  return secret === undefined ? [] : [secret];
}
