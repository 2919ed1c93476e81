import type { V1Service } from '@kubernetes/client-node';
import { LABELS } from '@rankguard/contract/pod';
import { SNAPSHOT_LABEL, type SnapshotObject, trimSnapshot } from '../bundles/index.ts';
import {
  type Change,
  createReflector,
  type Kube,
  type KubeObject,
  RESOURCES,
  type Reflector,
  type ReflectorLog,
  type ReflectorMetrics,
  type Scope,
} from '../kube/index.ts';
import type { ConnectionObject } from './conflicts.ts';

export type ServiceObject = KubeObject & Pick<V1Service, 'spec'>;

/** Local copies of what the operator decides by. Pods are watched only where they are guarded, by their metadata. */
export interface Caches {
  readonly connections: Reflector<ConnectionObject>;
  readonly policies: Reflector<KubeObject>;
  readonly clusterPolicies: Reflector<KubeObject>;
  readonly profiles: Reflector<KubeObject>;
  readonly clusterProfiles: Reflector<KubeObject>;
  readonly namespaces: Reflector<KubeObject>;
  /** As admission asks for them: which ports lead to which pods. */
  readonly services: Reflector<ServiceObject>;
  readonly pods: Reflector<KubeObject>;
  readonly snapshots: Reflector<SnapshotObject>;
  readonly mutatingWebhooks: Reflector<KubeObject>;
  readonly validatingWebhooks: Reflector<KubeObject>;
}
export type CacheName = keyof Caches;

export interface CachesOptions {
  readonly kube: Kube;
  /** Of the operator. */
  readonly namespace: string;
  readonly log: ReflectorLog;
  readonly metrics?: ReflectorMetrics;
  readonly onChange: (cache: CacheName, change: Change<KubeObject>) => void;
}

/** What the operator makes outside its namespace carries this label. */
export const MANAGED = { 'app.kubernetes.io/managed-by': 'rankguard' } as const;
const MANAGED_SELECTOR = Object.entries(MANAGED)
  .map(([name, value]) => `${name}=${value}`)
  .join(',');

export function createCaches({ kube, namespace, log, metrics, onChange }: CachesOptions): Caches {
  function watch<T extends KubeObject>(
    cache: CacheName,
    resource: (typeof RESOURCES)[keyof typeof RESOURCES],
    scope: Scope = {},
    trim: (object: T) => T = withoutManagedFields,
  ): Reflector<T> {
    return createReflector<T>({
      kube,
      resource,
      scope,
      trim: (object) => ({ ...trim(object), kind: resource.kind }),
      log,
      ...(metrics && { metrics }),
      onChange: (change) => onChange(cache, change),
    });
  }
  const metadataOnly = { metadataOnly: true };
  const managed = { ...metadataOnly, labelSelector: MANAGED_SELECTOR };
  return {
    connections: watch('connections', RESOURCES.connections),
    policies: watch('policies', RESOURCES.policies),
    clusterPolicies: watch('clusterPolicies', RESOURCES.clusterPolicies),
    profiles: watch('profiles', RESOURCES.profiles),
    clusterProfiles: watch('clusterProfiles', RESOURCES.clusterProfiles),
    namespaces: watch('namespaces', RESOURCES.namespaces, metadataOnly),
    services: watch<ServiceObject>('services', RESOURCES.services, {}, slimService),
    pods: watch(
      'pods',
      RESOURCES.pods,
      { ...metadataOnly, labelSelector: `${LABELS.injected}=true` },
      slimPod,
    ),
    snapshots: watch<SnapshotObject>(
      'snapshots',
      RESOURCES.configMaps,
      { namespace, labelSelector: `${SNAPSHOT_LABEL}=true` },
      trimSnapshot,
    ),
    mutatingWebhooks: watch('mutatingWebhooks', RESOURCES.mutatingWebhooks, managed),
    validatingWebhooks: watch('validatingWebhooks', RESOURCES.validatingWebhooks, managed),
  };
}

export const allCaches = (caches: Caches) => Object.values(caches) as Reflector<KubeObject>[];

function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown;
  };
  return { ...object, metadata };
}

function slimService({ metadata, spec }: ServiceObject): ServiceObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  const kept = { name, namespace, uid, resourceVersion };
  const { selector, ports, clusterIP, type } = spec ?? {};
  const of = Object.fromEntries(
    Object.entries({ selector, ports, clusterIP, type }).filter(([, value]) => value !== undefined),
  );
  return { metadata: kept as KubeObject['metadata'], spec: of };
}

/** Of thousands of pods only what tells whose they are. */
function slimPod<T extends KubeObject>({ metadata }: T): T {
  const { name, namespace, uid, resourceVersion, annotations } = metadata;
  const kept = Object.entries(annotations ?? {}).filter(([key]) => key.startsWith('rankguard.dev/'));
  return { metadata: { name, namespace, uid, resourceVersion, annotations: Object.fromEntries(kept) } } as T;
}
