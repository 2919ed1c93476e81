/**
 * The values of the chart, in the order in which they are documented. values.yaml, values.schema.json and the
 * README's table are made of this.
 */
export interface Value {
  readonly description: string;
  readonly default: unknown;
  /** JSON Schema (2020-12 without references) of the value. Objects take no other members unless it says so. */
  readonly schema: Readonly<Record<string, unknown>>;
}
export interface Group {
  readonly description: string;
  readonly members: Readonly<Record<string, Value | Group>>;
}

const text = (description: string, value = '', more: Record<string, unknown> = {}): Value => ({
  description,
  default: value,
  schema: { type: 'string', ...more },
});
const flag = (description: string, value: boolean): Value => ({
  description,
  default: value,
  schema: { type: 'boolean' },
});
const free = (description: string, value: object = {}): Value => ({
  description,
  default: value,
  schema: Array.isArray(value) ? { type: 'array' } : { type: 'object', additionalProperties: true },
});
const image = (what: string, repository: string): Group => ({
  description: `Image of the ${what}.`,
  members: {
    repository: text('Registry and name.', repository, { minLength: 1 }),
    tag: text("Empty: the chart's appVersion."),
    digest: text('`sha256:…`; wins over the tag.', '', { pattern: '^(sha256:[0-9a-f]{64})?$' }),
    pullPolicy: text('When the kubelet pulls.', 'IfNotPresent', {
      enum: ['Always', 'IfNotPresent', 'Never'],
    }),
  },
});
const scrape = (kind: string, what: string): Group => ({
  description: `${kind} of the Prometheus operator for ${what}.`,
  members: {
    enabled: flag(`Make it; needs the CustomResourceDefinitions of monitoring.coreos.com.`, false),
    labels: free('Labels by which your Prometheus selects it.'),
    interval: text('How often.', '30s', { pattern: '^[0-9]+(ms|s|m)$' }),
  },
});

export const VALUES: Group = {
  description: '',
  members: {
    replicas: {
      description: 'Operators. All answer admission and sidecars; one reconciles.',
      default: 2,
      schema: { type: 'integer', minimum: 2, maximum: 10 },
    },
    operator: {
      description: 'The operator.',
      members: {
        image: image('operator', 'ghcr.io/rankguard/rankguard-operator'),
        resources: free('Compute resources.', {
          requests: { cpu: '100m', memory: '256Mi' },
          limits: { memory: '768Mi' },
        }),
        logLevel: text('Least severe line that is logged.', 'info', {
          enum: ['debug', 'info', 'warn', 'error'],
        }),
        nodeSelector: free('Nodes that may run it.'),
        tolerations: free('Taints that it tolerates.', []),
        priorityClassName: text(
          'Pods of guarded rerankers cannot start without it.',
          'system-cluster-critical',
        ),
        podLabels: free('More labels of its pods.'),
        podAnnotations: free('More annotations of its pods.'),
      },
    },
    sidecar: {
      description: 'What is injected into guarded pods.',
      members: {
        image: image('sidecar', 'ghcr.io/rankguard/rankguard-sidecar'),
        resources: free(
          'Compute resources where a connection says nothing; requests and limits are both needed.',
          {
            requests: { cpu: '100m', memory: '128Mi' },
            limits: { cpu: '1', memory: '256Mi' },
          },
        ),
      },
    },
    imagePullSecrets: free(
      "Of the operator's pods: `[{name: …}]`. A connection names those of its sidecars.",
      [],
    ),
    crds: {
      description: 'CustomResourceDefinitions.',
      members: {
        enabled: flag('Install and upgrade them with the chart.', true),
        keep: flag('Leave them, and every resource of theirs, when the chart is uninstalled.', true),
      },
    },
    networkPolicy: {
      description: "NetworkPolicy of the operator's pods.",
      members: {
        enabled: flag('Admit only its own three ports.', true),
        metricsFrom: free('Who may scrape: peers of a NetworkPolicy. Empty: everybody.', []),
      },
    },
    podDisruptionBudget: {
      description: 'Keeps an operator running while nodes are drained.',
      members: { enabled: flag('Make it.', true) },
    },
    podMonitor: scrape('PodMonitor', 'the sidecars, in every namespace'),
    serviceMonitor: scrape('ServiceMonitor', 'the operator'),
    prometheusRule: {
      description: 'Alerts.',
      members: {
        enabled: flag(
          'Make a PrometheusRule; needs the CustomResourceDefinitions of monitoring.coreos.com.',
          false,
        ),
        labels: free('Labels by which your Prometheus selects it.'),
      },
    },
    dashboards: {
      description: 'Dashboards as ConfigMaps that the sidecar of the Grafana chart finds.',
      members: {
        enabled: flag('Make them.', true),
        labels: free('Labels by which Grafana selects them.', { grafana_dashboard: '1' }),
      },
    },
    nameOverride: text("Instead of the chart's name."),
    fullnameOverride: text('Instead of release and chart name.'),
  },
};

export function isGroup(entry: Value | Group): entry is Group {
  return 'members' in entry;
}

/** The defaults as one object. */
export function defaults(group: Group = VALUES): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(group.members).map(([name, entry]) => [
      name,
      isGroup(entry) ? defaults(entry) : entry.default,
    ]),
  );
}
