import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Bundle } from '@rankguard/contract';
import { CodedError } from '@rankguard/contract';
import type { KubeObject } from '../kube/index.ts';

/**
 * What is in force for a connection, as a ConfigMap of the operator's own namespace. The leader writes it; every
 * replica serves what it says. It outlives the operator, its reinstallation and the connection, so that the last
 * good revision is served whatever the resources say now, and revisions never go back.
 */
export interface Snapshot {
  /** `namespace/name` of the connection. */
  readonly key: string;
  readonly bundle: Bundle;
}

/** `"true"` on every snapshot: what the replicas watch. */
export const SNAPSHOT_LABEL = 'rankguard.dev/bundle';
const KEY_ANNOTATION = 'rankguard.dev/connection';
const CONTENT = 'bundle.json.gz';
/** The API server takes at most 1 MiB of data (core/v1 ConfigMap), counted before base64. */
const MOST_BYTES = 1_000_000;

export interface SnapshotObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export function snapshotName(key: string): string {
  return `rankguard-bundle-${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
}

/** Throws CodedError CONFIG_INVALID when the bundle is too large to be kept. */
export function snapshotObject(namespace: string, { key, bundle }: Snapshot): SnapshotObject {
  const content = gzipSync(JSON.stringify(bundle));
  if (content.length > MOST_BYTES) {
    const message = `policies and their data take ${content.length} bytes when compressed; ${MOST_BYTES} can be kept`;
    throw new CodedError('CONFIG_INVALID', message);
  }
  return {
    metadata: {
      namespace,
      name: snapshotName(key),
      labels: { [SNAPSHOT_LABEL]: 'true', 'app.kubernetes.io/managed-by': 'rankguard' },
      annotations: { [KEY_ANNOTATION]: key },
    },
    // For people; the content alone counts.
    data: {
      revision: String(bundle.revision),
      digest: bundle.digest,
      policies: bundle.policies.map(({ name }) => name).join('\n'),
    },
    binaryData: { [CONTENT]: content.toString('base64') },
  };
}

/** Undefined when it is none: somebody has damaged it, and it must be written again. */
export function readSnapshot({ metadata, binaryData }: SnapshotObject): Snapshot | undefined {
  const key = metadata.annotations?.[KEY_ANNOTATION];
  const content = binaryData?.[CONTENT];
  if (key === undefined || content === undefined || metadata.name !== snapshotName(key)) return undefined;
  try {
    const bundle = JSON.parse(gunzipSync(Buffer.from(content, 'base64')).toString('utf8')) as Bundle;
    const { connection, revision, format } = bundle;
    const fits = `${connection.namespace}/${connection.name}` === key && format === 1;
    return fits && Number.isSafeInteger(revision) ? { key, bundle } : undefined;
  } catch {
    return undefined;
  }
}

/** What a store keeps of a snapshot: its content is read as it passes, and is the largest part. */
export function trimSnapshot({ metadata, data, binaryData }: SnapshotObject): SnapshotObject {
  const { name, namespace, uid, resourceVersion, labels, annotations } = metadata;
  const kept = { name, namespace, uid, resourceVersion, labels, annotations };
  return {
    metadata: kept as KubeObject['metadata'],
    ...(data && { data }),
    ...(binaryData && { binaryData }),
  };
}
