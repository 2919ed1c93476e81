import { KINDS_WEBHOOK, kindWebhooks, type Owner, podWebhooks, webhookName } from '../admission/index.ts';
import { type Caches, EVERY_NAMESPACE, type WebhooksOf } from '../controllers/index.ts';
import { type Kube, type KubeObject, RESOURCES } from '../kube/index.ts';
import type { OperatorSettings } from '../settings/index.ts';
import { guarding } from './admission-ports.ts';
import type { Identity } from './identity.ts';

/** The webhook configurations as admission describes them, with what this installation trusts and owns. */
export function createWebhooks({
  kube,
  settings,
  identity,
  caches,
}: {
  readonly kube: Kube;
  readonly settings: OperatorSettings;
  readonly identity: Identity;
  readonly caches: Caches;
}): {
  readonly webhooksOf: WebhooksOf;
  readonly namespaceOf: (configuration: KubeObject) => string | undefined;
} {
  const service = { namespace: settings.namespace, name: settings.service, port: 443 };
  const prefix = webhookName('');
  let owner: Owner | undefined;

  /** A cluster-scoped object of the chart: with it goes what the operator made. */
  async function findOwner(): Promise<Owner> {
    const { metadata } = await kube.get<KubeObject>(RESOURCES.clusterRoles, { name: settings.owner });
    const uid = metadata.uid ?? '';
    return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: metadata.name, uid };
  }

  return {
    async webhooksOf(namespace, connections) {
      owner ??= await findOwner();
      const input = { service, ca: identity.tls.caBundle(), owner };
      if (namespace === EVERY_NAMESPACE) return [kindWebhooks(input)];
      return podWebhooks(
        namespace,
        connections.map((one) => guarding(caches, one)),
        input,
      );
    },
    namespaceOf({ metadata: { name } }) {
      if (name === KINDS_WEBHOOK) return EVERY_NAMESPACE;
      return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    },
  };
}
