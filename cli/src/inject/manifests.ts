import { readResources, type SourceFile } from '@rankguard/contract/resources';
import type { GuardingConnection, Pod, Service } from '@rankguard/operator/injection';
import { type Document, parseAllDocuments } from 'yaml';
import { EXIT, Exit } from '../io.ts';
import { problemLines } from '../problems.ts';

/** One document of the files, as it was written. */
export interface Manifest {
  readonly file: string;
  readonly document: Document;
  readonly object: ManifestObject;
}
export interface ManifestObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly generateName?: string; readonly namespace?: string };
  readonly spec?: unknown;
}

/** What injection needs of the files. */
export interface Manifests {
  readonly all: readonly Manifest[];
  readonly services: ReadonlyMap<string, readonly Service[]>;
  readonly connections: readonly GuardingConnection[];
}

/** Where the pod stands in each kind that makes pods. */
const POD_PATHS: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

export function podPath({ object }: Manifest): readonly string[] | undefined {
  return POD_PATHS[object.kind ?? ''];
}

/** The pod, or the template of one, at its path. */
export function podAt({ object }: Manifest, path: readonly string[]): Pod | undefined {
  let value: unknown = object;
  for (const name of path) value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  return value as Pod | undefined;
}

export const namespaceOf = ({ metadata }: ManifestObject): string => metadata?.namespace ?? 'default';

export function readManifests(files: readonly SourceFile[]): Manifests {
  const { resources, problems } = readResources(files);
  if (problems.length > 0) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  const all = files.flatMap(({ file, text }) =>
    parseAllDocuments(text).map((document) => {
      const [fault] = document.errors;
      if (fault !== undefined) throw new Exit(EXIT.data, `${file}: ${fault.message}`);
      return { file, document, object: (document.toJS() ?? {}) as ManifestObject };
    }),
  );
  const services = new Map<string, Service[]>();
  for (const { object } of all) {
    if (object.kind !== 'Service') continue;
    const namespace = namespaceOf(object);
    services.set(namespace, [...(services.get(namespace) ?? []), object as Service]);
  }
  const profiles = new Map(
    resources.flatMap((one) => {
      if (one.kind !== 'MaskingProfile' && one.kind !== 'ClusterMaskingProfile') return [];
      const key = one.object.spec.tokenKey?.secretKeyRef.name;
      return key === undefined ? [] : [[`${one.namespace ?? ''}/${one.name}`, key] as const];
    }),
  );
  const connections = resources.flatMap((one): GuardingConnection[] => {
    if (one.kind !== 'RerankConnection') return [];
    const { namespace, name, object } = one;
    const profile = object.spec.masking.profile ?? '';
    const key = profiles.get(`${namespace}/${profile}`) ?? profiles.get(`/${profile}`);
    const secrets = key === undefined ? [] : [key];
    return [{ namespace, name, created: null, spec: object.spec, secrets, generatedKey: null }];
  });
  return { all, services, connections };
}
