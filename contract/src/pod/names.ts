/**
 * What injection puts into a pod, by name. Operator, sidecar, chart and tests agree on these; nothing here is
 * configurable, because admission recognises a guarded pod by them.
 */

/** Native sidecar: an init container with `restartPolicy: Always`. */
export const SIDECAR_CONTAINER = 'rankguard';
/** Init container of capture `redirect`: runs the sidecar's image with {@link REDIRECT_ARGUMENT}, and ends. */
export const REDIRECT_CONTAINER = 'rankguard-redirect';
/** The image's entrypoint is `node dist/main.js`. Without an argument it is the sidecar. */
export const REDIRECT_ARGUMENT = 'redirect';
/** Run by the sidecar's own preStop hook: tells the running sidecar to drain, and ends when it has begun to. */
export const DRAIN_COMMAND = ['node', 'dist/main.js', 'drain'] as const;

/** Volumes, containers and container ports with this prefix are the sidecar's; pods that bring their own are refused. */
export const RESERVED_PREFIX = 'rankguard-';
export const VOLUMES = {
  /** tmpfs: the last good bundle of each connection, and the operator's latest CA. */
  state: 'rankguard-state',
  /** The pod's token with the audience CONTROL_AUDIENCE of contract/control. */
  token: 'rankguard-token',
  /** Empty; mounted where a token of the Kubernetes API would otherwise be: the sidecar has no rights there. */
  noApiToken: 'rankguard-no-api-token',
  /** One volume for each Secret, named by {@link secretVolume}. */
  secret: 'rankguard-secret-',
} as const;

export const MOUNTS = {
  state: '/var/run/rankguard/state',
  /** Folder; the token is the file {@link TOKEN_FILE} in it. */
  token: '/var/run/rankguard/token',
  /** `SECRETS/<Secret>/<key>`. */
  secrets: '/var/run/rankguard/secrets',
} as const;
export const TOKEN_FILE = `${MOUNTS.token}/token`;
/** Seconds; the kubelet renews it at 80 % of its life. */
export const TOKEN_SECONDS = 3600;

/** Where the sidecar finds a key of a Secret that its connection names. */
export function secretFile(name: string, key: string): string {
  return `${MOUNTS.secrets}/${name}/${key}`;
}

/**
 * Ports in the pod's network namespace. They keep clear of what Istio (15000–15090), Linkerd (4140–4191) and
 * Dapr (3500, 50001) take. A pod whose app declares one of them is refused.
 */
export const PORTS = {
  /** `/metrics`, `/config`; every address. */
  admin: 15920,
  /** Probes of the sidecar and, on its behalf, of the app; every address. */
  probe: 15921,
  /** Listener of the n-th connection with capture `redirect` or `port-name`: `listener + n`. */
  listener: 15930,
  /** Loopback port that the n-th relocated app is moved to: `relocated + n`. */
  relocated: 15950,
} as const;
/** Connections that can guard one pod. */
export const MOST_CONNECTIONS = 16;
/** Names of container ports (at most 15 characters). */
export const PORT_NAMES = { admin: 'rankguard-admin', probe: 'rankguard-probe' } as const;

/** Paths on the probe port. All answer 200, or 503 with the reason as text. */
export const PROBE_PATHS = {
  /** Listeners are bound. Nothing else: the app waits for it. */
  startup: '/startup',
  /** Bundles of all connections are active, and nothing but the sidecar listens where callers come in. */
  ready: '/ready',
  /** The event loop turns. */
  live: '/live',
  /** `/app/<container>/<check>`: makes the app's original check, whatever bundle and limits say. */
  app: '/app',
} as const;

export const LABELS = {
  /** `"true"` on guarded pods: selectors of PodMonitor and of the operator's watch. */
  injected: 'rankguard.dev/injected',
} as const;
export const ANNOTATIONS = {
  /** `sha256:` and the digest of everything that the sidecar's containers and volumes are made of. */
  injected: 'rankguard.dev/injected',
  /** Version of Rankguard that injected. */
  revision: 'rankguard.dev/revision',
  /** Names of the connections that guard the pod, each with its capture: `search=relocate`. */
  connections: 'rankguard.dev/connections',
} as const;

/** Name of the volume that holds a Secret; the digest keeps long names apart within 63 characters. */
export function secretVolume(digestOfName: string): string {
  return `${VOLUMES.secret}${digestOfName.slice(0, 12)}`;
}
