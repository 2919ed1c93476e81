import { LABELS, SIDECAR_CONTAINER } from '@rankguard/contract/pod';
import type { RerankConnection } from '@rankguard/contract/resources';
import { guardsOf, type Pod } from '@rankguard/operator/injection';
import { type KubeObject, RESOURCES, type Resource } from '@rankguard/operator/kube';
import { webhookName } from '@rankguard/operator/webhooks';
import { blockedBy, type Destination, type NetworkPolicy } from './egress.ts';
import { type Check, type CheckContext, failed, ok, warning } from './types.ts';

const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};
const CONTROL_PORT = 8443;

interface ConditionObject {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}
export interface ConnectionObject extends KubeObject {
  readonly spec: RerankConnection['spec'];
  readonly status?: {
    readonly conditions?: readonly ConditionObject[];
    readonly pods?: { readonly guarded: number; readonly unguarded: number };
    readonly activeRevision?: number;
    readonly injection?: { readonly images?: readonly string[] };
  };
}

/** The connections that are asked about. */
export async function connectionsOf({ kube, connection }: CheckContext): Promise<ConnectionObject[]> {
  if (connection === null) return [...(await kube.list<ConnectionObject>(RESOURCES.connections)).items];
  const [namespace = '', name = ''] = connection.split('/');
  return [await kube.get<ConnectionObject>(RESOURCES.connections, { namespace, name })];
}

const keyOf = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`;

export const operatorReady: Check = {
  category: 'installation',
  name: 'the operator runs, with a replica to spare',
  async run({ kube, operatorNamespace }) {
    const labelSelector = 'app.kubernetes.io/name=rankguard';
    const { items } = await kube.list<never>(DEPLOYMENTS, { namespace: operatorNamespace, labelSelector });
    const [deployment] = items as readonly { status?: { readyReplicas?: number } }[];
    if (deployment === undefined) return failed(`no Deployment in namespace ${operatorNamespace}`);
    const ready = deployment.status?.readyReplicas ?? 0;
    if (ready === 0) return failed('no replica is ready: selected pods are refused until one is');
    return ready > 1
      ? ok(`${ready} replicas`)
      : warning('one replica is ready: an update of it refuses pods');
  },
};

export const webhooksInPlace: Check = {
  category: 'installation',
  name: 'each connection has its webhooks',
  async run(context) {
    const [connections, configurations] = await Promise.all([
      connectionsOf(context),
      context.kube.list<never>(RESOURCES.mutatingWebhooks),
    ]);
    const entries = new Set(
      (configurations.items as readonly ConfigurationObject[]).flatMap(({ metadata, webhooks }) =>
        (webhooks ?? []).map(({ name }) => `${metadata.name}/${name}`),
      ),
    );
    const missing = connections.filter(({ metadata: { name, namespace = '' } }) => {
      return !entries.has(`${webhookName(namespace)}/${name}.${namespace}.pods.rankguard.dev`);
    });
    if (missing.length === 0) return ok();
    return failed(
      `missing for ${missing.map(keyOf).join(', ')}: new pods are refused until the operator makes them`,
    );
  },
};
interface ConfigurationObject {
  readonly metadata: { readonly name: string };
  readonly webhooks?: readonly { readonly name: string }[];
}

/** One check for each condition that people act upon. */
function condition(type: string, wanted: string, name: string, severity: typeof warning): Check {
  return {
    category: 'connections',
    name,
    async run(context) {
      const wrong = (await connectionsOf(context)).flatMap((connection) => {
        const found = connection.status?.conditions?.find((one) => one.type === type);
        if (found?.status === wanted) return [];
        return [`${keyOf(connection)}: ${found?.message ?? 'the operator has not said so yet'}`];
      });
      return wrong.length === 0 ? ok() : severity(wrong.join('\n'));
    },
  };
}

export const connectionChecks: readonly Check[] = [
  condition('Ready', 'True', 'connections are ready', failed),
  condition('PolicyActive', 'True', 'their policies are active', failed),
  condition('Conflicted', 'False', 'none loses its port to another', warning),
  condition('BypassPossible', 'False', 'no way round the sidecar is known', warning),
];

export const egressOpen: Check = {
  category: 'network',
  name: 'NetworkPolicies let sidecars reach the operator, DNS and issuers',
  async run(context) {
    const { kube, operatorNamespace } = context;
    const namespace = await kube.get(RESOURCES.namespaces, { name: operatorNamespace });
    const labels = { 'kubernetes.io/metadata.name': operatorNamespace, ...namespace.metadata.labels };
    const blocked: string[] = [];
    for (const connection of await connectionsOf(context)) {
      const { items } = await kube.list<never>(RESOURCES.networkPolicies, {
        namespace: connection.metadata.namespace ?? '',
      });
      for (const destination of destinations(connection, labels)) {
        const by = blockedBy(
          items as readonly NetworkPolicy[],
          connection.spec.selector.matchLabels,
          destination,
        );
        if (by.length > 0) blocked.push(`${keyOf(connection)}: ${destination.name} by ${by.join(', ')}`);
      }
    }
    return blocked.length === 0 ? ok() : warning(blocked.join('\n'));
  },
};

function destinations({ spec }: ConnectionObject, operator: Readonly<Record<string, string>>): Destination[] {
  const issuers = spec.identity?.issuers ?? [];
  return [
    { name: 'the control API', port: CONTROL_PORT, protocol: 'TCP', namespace: { labels: operator } },
    {
      name: 'DNS',
      port: 53,
      protocol: 'UDP',
      namespace: { labels: { 'kubernetes.io/metadata.name': 'kube-system' } },
    },
    ...issuers.map(({ issuer }): Destination => {
      const { host, port } = new URL(issuer);
      return { name: `the issuer ${host}`, port: Number(port || 443), protocol: 'TCP', namespace: null };
    }),
  ];
}

export const sidecarsCurrent: Check = {
  category: 'connections',
  name: 'guarded pods run the sidecar that is injected now',
  async run(context) {
    const old: string[] = [];
    for (const connection of await connectionsOf(context)) {
      const images = connection.status?.injection?.images ?? [];
      const { namespace = '', name } = connection.metadata;
      const labelSelector = `${LABELS.injected}=true`;
      const { items } = await context.kube.list<never>(RESOURCES.pods, { namespace, labelSelector });
      for (const pod of items as readonly (KubeObject & Pick<Pod, 'spec'>)[]) {
        const image = sidecarImageOf(pod);
        if (!guardsOf({ metadata: annotationsOf(pod) }).has(name) || image === undefined) continue;
        if (!images.includes(image)) old.push(`${keyOf(pod)} (${image})`);
      }
    }
    if (old.length === 0) return ok();
    return warning(
      `restart these when it suits you; an operator serves sidecars one minor version older:\n${[...new Set(old)].join('\n')}`,
    );
  },
};

function sidecarImageOf({ spec }: Pick<Pod, 'spec'>): string | undefined {
  return spec?.initContainers?.find(({ name }) => name === SIDECAR_CONTAINER)?.image;
}

export const podsToRestart: Check = {
  category: 'uninstall',
  name: 'no pod depends on the operator',
  async run({ kube }) {
    const labelSelector = `${LABELS.injected}=true`;
    const { items } = await kube.list(RESOURCES.pods, { labelSelector, metadataOnly: true });
    if (items.length === 0) return ok();
    const lines = items.map(
      (pod) => `${keyOf(pod)} (${[...guardsOf({ metadata: annotationsOf(pod) }).keys()].join(', ')})`,
    );
    return warning(
      `restart these after the uninstallation; until then their last bundle serves:\n${lines.join('\n')}`,
    );
  },
};

function annotationsOf({ metadata }: KubeObject) {
  return { annotations: { ...metadata.annotations } };
}

export const resourcesThatStay: Check = {
  category: 'uninstall',
  name: 'no connection is left without its operator',
  async run(context) {
    const connections = await connectionsOf({ ...context, connection: null });
    if (connections.length === 0) return ok();
    return warning(
      `these stay, and guard nothing without the operator: ${connections.map(keyOf).join(', ')}; delete them first to have their webhooks removed`,
    );
  },
};

export const noLeftovers: Check = {
  category: 'cluster',
  name: 'nothing of an earlier installation blocks pods',
  async run({ kube, operatorNamespace }) {
    const { items } = await kube.list<never>(RESOURCES.mutatingWebhooks);
    const left = (items as readonly ConfigurationObject[]).filter(({ metadata }) =>
      metadata.name.startsWith(webhookName('')),
    );
    if (left.length === 0) return ok();
    const { items: deployments } = await kube.list(DEPLOYMENTS, { namespace: operatorNamespace });
    if (deployments.length > 0) return ok('an operator is installed already');
    return failed(
      `delete the webhook configurations ${left.map(({ metadata }) => metadata.name).join(', ')}`,
    );
  },
};
