/**
 * The operator's environment. The chart sets all of it (tools/chart reads this table), and main.ts alone reads it.
 * Lists and objects are JSON.
 */
export const OPERATOR_ENVIRONMENT = {
  /** Namespace of the operator's own pods, Secrets and Lease; by the downward API, like the four after it. */
  namespace: 'RANKGUARD_NAMESPACE',
  podName: 'RANKGUARD_POD_NAME',
  podUid: 'RANKGUARD_POD_UID',
  podIp: 'RANKGUARD_POD_IP',
  serviceAccount: 'RANKGUARD_SERVICE_ACCOUNT',
  /** Name of the release: the prefix of the operator's Lease and Secrets, `<release>-root`, `<release>-signing`, `<release>-ca`. */
  release: 'RANKGUARD_RELEASE',
  /** Service in front of admission (port 443) and the control API (port 8443). */
  service: 'RANKGUARD_SERVICE',
  /** ClusterRole of the chart that owns what the operator makes outside its namespace. */
  owner: 'RANKGUARD_OWNER',
  sidecarImage: 'RANKGUARD_SIDECAR_IMAGE',
  /** Always, IfNotPresent or Never. */
  sidecarPullPolicy: 'RANKGUARD_SIDECAR_PULL_POLICY',
  /** `{"requests": {…}, "limits": {…}}`, Kubernetes quantities: what a sidecar gets where its connection says nothing. */
  sidecarResources: 'RANKGUARD_SIDECAR_RESOURCES',
  /** Path of the OPA program in the image. */
  opa: 'RANKGUARD_OPA',
  /** `debug`, `info`, `warn` or `error`. */
  logLevel: 'RANKGUARD_LOG_LEVEL',
} as const;

/** Container ports of the operator. */
export const OPERATOR_PORTS = {
  /** HTTPS: admission webhooks. */
  admission: 9443,
  /** HTTPS: control API. */
  control: 8443,
  /** HTTP: `/metrics`, `/healthz`, `/readyz`. */
  admin: 9402,
} as const;

/** The projected token with OPERATOR_AUDIENCE of contract/control, with which replicas speak to each other. */
export const OPERATOR_TOKEN_FILE = '/var/run/rankguard/operator-token/token';
