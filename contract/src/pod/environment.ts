/**
 * The sidecar's environment in a pod. Lists and objects are JSON. Values are set by injection, which admission
 * checks again; names of a pod's own come by the downward API.
 */
export const ENVIRONMENT = {
  /** Namespace of the pod and of all its connections. */
  namespace: 'RANKGUARD_NAMESPACE',
  podName: 'RANKGUARD_POD_NAME',
  podUid: 'RANKGUARD_POD_UID',
  nodeName: 'RANKGUARD_NODE_NAME',
  serviceAccount: 'RANKGUARD_SERVICE_ACCOUNT',
  /** {@link PodListener}[] */
  listeners: 'RANKGUARD_LISTENERS',
  /** {@link AppChecks} */
  checks: 'RANKGUARD_CHECKS',
  /** Ports of the app that a connection declares as unguarded: number[]. */
  declaredPorts: 'RANKGUARD_DECLARED_PORTS',
  /** Base URL of the control API, e.g. `https://rankguard-control.rankguard-system.svc:8443`. */
  controlUrl: 'RANKGUARD_CONTROL_URL',
  /** PEM certificates that the control API chains to when the pod starts; bundles bring later ones. */
  controlCa: 'RANKGUARD_CONTROL_CA',
  /** Root keys, current and next: PublicKey of contract/control, comma-separated. */
  rootKeys: 'RANKGUARD_ROOT_KEYS',
  /** The container's memory limit in bytes. */
  memoryBytes: 'RANKGUARD_MEMORY_BYTES',
} as const;

export const CAPTURES = ['relocate', 'redirect', 'port-name'] as const;
/** How the sidecar gets in front of the app; `auto` has been decided when a pod is injected. */
export type Capture = (typeof CAPTURES)[number];

/** One ingress listener. */
export interface PodListener {
  /** Name of the RerankConnection. */
  readonly connection: string;
  readonly capture: Capture;
  /** Port that the sidecar binds on every address, IPv4 and IPv6. */
  readonly port: number;
  /** The app's own port, as the connection means it: with `relocate` the same as `port`. */
  readonly appPort: number;
  /** Name that the port has for Services; null: none. With `port-name` the sidecar's port carries it. */
  readonly portName: string | null;
  /** Port on 127.0.0.1 where the app answers: with `relocate` the port that it was moved to. */
  readonly upstreamPort: number;
  /** The kubernetes.io/tls Secret that callers are served with, mounted; absent: plain HTTP, for as long as the pod lives. */
  readonly tlsSecret?: string;
  /** The app answers only to the key that the operator made (`generatedKey` of the bundle's connection); absent: it does not. */
  readonly locked?: true;
}

/** Original checks of the app by `<container>/<check>`, where check is one of {@link CHECK_NAMES}. */
export type AppChecks = Readonly<Record<string, AppCheck>>;
export const CHECK_NAMES = ['startup', 'readiness', 'liveness', 'post-start', 'pre-stop'] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** A check as the kubelet would have made it, to 127.0.0.1. */
export type AppCheck = {
  /** Of the probe; 1 when it says nothing. Hooks: 30. */
  readonly timeoutSeconds: number;
} & (
  | { readonly http: HttpCheck }
  | { readonly tcp: { readonly port: number } }
  /** grpc.health.v1.Health/Check. */
  | { readonly grpc: { readonly port: number; readonly service: string } }
);

/** 200 to 399 is well; redirects to other hosts are not followed; certificates are not verified (as the kubelet). */
export interface HttpCheck {
  readonly port: number;
  readonly path: string;
  readonly scheme: 'HTTP' | 'HTTPS';
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** What capture `redirect` does in the pod's network namespace, IPv4 and IPv6: JSON in the init container's environment. */
export interface RedirectRule {
  readonly from: number;
  readonly to: number;
}
/** {@link RedirectRule}[] */
export const REDIRECT_RULES = 'RANKGUARD_REDIRECT_RULES';
