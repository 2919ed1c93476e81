import { CodedError } from '@rankguard/contract';
import { createKube, createTransport, type Kube } from '../kube/index.ts';

export interface KubeconfigOptions {
  /** Path; without it what kubectl would take: KUBECONFIG, ~/.kube/config, or the pod's own account. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly userAgent: string;
}

export interface OpenKube {
  readonly kube: Kube;
  /** URL of the API server. */
  readonly server: string;
  close(): Promise<void>;
}

/**
 * The cluster of a kubeconfig. client-node is loaded only now: it takes some 80 MB, and most commands need no cluster.
 * Throws CodedError CLUSTER_UNAVAILABLE when there is none.
 */
export async function openKubeconfig({
  kubeconfig,
  context,
  userAgent,
}: KubeconfigOptions): Promise<OpenKube> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
  } catch (cause) {
    throw new CodedError(
      'CLUSTER_UNAVAILABLE',
      `the kubeconfig cannot be read: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  const transport = createTransport(config);
  return {
    kube: createKube({ transport, userAgent }),
    server: transport.origin,
    close: () => transport.close(),
  };
}
