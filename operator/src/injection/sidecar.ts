import { createHash } from 'node:crypto';
import { CONTROL_AUDIENCE } from '@rankguard/contract/control';
import {
  type AppChecks,
  DRAIN_COMMAND,
  ENVIRONMENT,
  MOUNTS,
  PORT_NAMES,
  PORTS,
  type PodListener,
  PROBE_PATHS,
  REDIRECT_ARGUMENT,
  REDIRECT_CONTAINER,
  REDIRECT_RULES,
  SIDECAR_CONTAINER,
  secretVolume,
  TOKEN_SECONDS,
  VOLUMES,
} from '@rankguard/contract/pod';
import { literalText } from './env.ts';
import type { Resources } from './resources.ts';
import type { InjectionSettings } from './settings.ts';
import type { Container, EnvVar, Probe, Volume } from './types.ts';

export interface SidecarInput {
  readonly settings: InjectionSettings;
  readonly listeners: readonly PodListener[];
  readonly checks: AppChecks;
  readonly declaredPorts: readonly number[];
  readonly secrets: readonly string[];
  readonly resources: Resources;
  /** The pod runs as root unless a container says otherwise. */
  readonly runsAsRoot: boolean;
  /** What plugins of the API server may set: `AlwaysPullImages`. */
  readonly imagePullPolicy: string;
}

export interface SidecarParts {
  /** In the order that they have in the pod. */
  readonly initContainers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/** Where the ServiceAccount plugin would mount a token of the API server, had the container no mount there. */
const API_TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const STATE_BYTES = '128Mi';
const NOBODY = 65532;
const READ_BY_ALL = 0o644;

/**
 * The sidecar's containers and volumes. Every default of the API is written out: what comes back from the API
 * server is then what injecting again would make.
 */
export function sidecarParts(input: SidecarInput): SidecarParts {
  const rules = input.listeners
    .filter(({ capture }) => capture === 'redirect')
    .map(({ appPort, port }) => ({ from: appPort, to: port }));
  return {
    initContainers: [
      ...(rules.length > 0 ? [redirectContainer(input, JSON.stringify(rules))] : []),
      sidecarContainer(input),
    ],
    volumes: volumes(input.secrets),
  };
}

/**
 * `sha256:` and a digest of the parts, for people and for drift. Resources are left out: the API server spells and
 * orders quantities anew, and plugins for quotas add to them.
 */
export function digestOfParts({ initContainers, volumes }: SidecarParts): string {
  const kept = initContainers.map(({ resources: _, ...container }) => container);
  const text = JSON.stringify({ initContainers: kept, volumes });
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function sidecarContainer(input: SidecarInput): Container {
  const named = input.listeners.flatMap(({ capture, port, portName }) =>
    capture === 'port-name' && portName !== null ? [{ name: portName, containerPort: port }] : [],
  );
  const own = [
    { name: PORT_NAMES.admin, containerPort: PORTS.admin },
    { name: PORT_NAMES.probe, containerPort: PORTS.probe },
  ];
  return {
    ...common(input),
    name: SIDECAR_CONTAINER,
    restartPolicy: 'Always',
    env: environment(input),
    ports: [...named, ...own].map((port) => ({ ...port, protocol: 'TCP' })),
    startupProbe: probe(PROBE_PATHS.startup, { periodSeconds: 1, failureThreshold: 120 }),
    readinessProbe: probe(PROBE_PATHS.ready, { periodSeconds: 2, failureThreshold: 2 }),
    livenessProbe: probe(PROBE_PATHS.live, { periodSeconds: 10, failureThreshold: 6 }),
    lifecycle: { preStop: { exec: { command: [...DRAIN_COMMAND] } } },
    securityContext: {
      ...restricted(),
      runAsNonRoot: true,
      // Otherwise the platform chooses (OpenShift gives each namespace a range).
      ...(input.runsAsRoot && { runAsUser: NOBODY }),
    },
    volumeMounts: mounts(input.secrets),
  };
}

/** Changes the pod's own network namespace, and ends before the app starts. */
function redirectContainer(input: SidecarInput, rules: string): Container {
  return {
    ...common(input),
    name: REDIRECT_CONTAINER,
    args: [REDIRECT_ARGUMENT],
    env: [{ name: REDIRECT_RULES, value: rules }],
    securityContext: {
      ...restricted(),
      runAsNonRoot: false,
      runAsUser: 0,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
    },
    volumeMounts: [noApiToken()],
  };
}

function common({ settings, resources, imagePullPolicy }: SidecarInput) {
  return {
    image: settings.image,
    imagePullPolicy,
    resources: { requests: { ...resources.requests }, limits: { ...resources.limits } },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

function restricted() {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function environment({ settings, listeners, checks, declaredPorts }: SidecarInput): EnvVar[] {
  const field = (name: string, fieldPath: string): EnvVar => ({
    name,
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
  });
  const value = (name: string, text: string): EnvVar => ({ name, value: literalText(text) });
  return [
    field(ENVIRONMENT.namespace, 'metadata.namespace'),
    field(ENVIRONMENT.podName, 'metadata.name'),
    field(ENVIRONMENT.podUid, 'metadata.uid'),
    field(ENVIRONMENT.nodeName, 'spec.nodeName'),
    field(ENVIRONMENT.serviceAccount, 'spec.serviceAccountName'),
    {
      name: ENVIRONMENT.memoryBytes,
      valueFrom: {
        resourceFieldRef: { containerName: SIDECAR_CONTAINER, divisor: '0', resource: 'limits.memory' },
      },
    },
    value(ENVIRONMENT.listeners, JSON.stringify(listeners)),
    value(ENVIRONMENT.checks, JSON.stringify(checks)),
    value(ENVIRONMENT.declaredPorts, JSON.stringify(declaredPorts)),
    value(ENVIRONMENT.controlUrl, settings.controlUrl),
    value(ENVIRONMENT.controlCa, settings.controlCa),
    value(ENVIRONMENT.rootKeys, settings.rootKeys.join(',')),
  ];
}

function probe(path: string, { periodSeconds, failureThreshold }: Required<Timing>): Probe {
  return {
    httpGet: { path, port: PORTS.probe, scheme: 'HTTP' },
    periodSeconds,
    failureThreshold,
    successThreshold: 1,
    timeoutSeconds: 5,
  };
}
type Timing = Pick<Probe, 'periodSeconds' | 'failureThreshold'>;

function mounts(secrets: readonly string[]) {
  return [
    { name: VOLUMES.state, mountPath: MOUNTS.state },
    { name: VOLUMES.token, mountPath: MOUNTS.token, readOnly: true },
    noApiToken(),
    ...secrets.map((name) => ({
      name: volumeOf(name),
      mountPath: `${MOUNTS.secrets}/${name}`,
      readOnly: true,
    })),
  ];
}

const noApiToken = () => ({ name: VOLUMES.noApiToken, mountPath: API_TOKEN_PATH, readOnly: true });

function volumes(secrets: readonly string[]): Volume[] {
  const token = { audience: CONTROL_AUDIENCE, expirationSeconds: TOKEN_SECONDS, path: 'token' };
  return [
    { name: VOLUMES.state, emptyDir: { medium: 'Memory', sizeLimit: STATE_BYTES } },
    {
      name: VOLUMES.token,
      projected: { defaultMode: READ_BY_ALL, sources: [{ serviceAccountToken: token }] },
    },
    { name: VOLUMES.noApiToken, emptyDir: {} },
    ...secrets.map((name) => ({
      name: volumeOf(name),
      secret: { secretName: name, defaultMode: READ_BY_ALL },
    })),
  ];
}

function volumeOf(secret: string): string {
  return secretVolume(createHash('sha256').update(secret).digest('hex'));
}
