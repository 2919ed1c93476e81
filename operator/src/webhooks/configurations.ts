import { KINDS } from '@rankguard/contract/resources';
import type { GuardingConnection } from '../injection/index.ts';
import { ADMISSION_PATHS } from './paths.ts';

/** Where the API server finds admission. */
export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}
/** A cluster-scoped object of the chart: what the operator made goes with it. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}
export interface WebhookInput {
  readonly service: WebhookService;
  /** PEM certificates, old and new. */
  readonly ca: string;
  readonly owner: Owner;
}
export type WebhookConnection = Pick<GuardingConnection, 'name' | 'spec'>;

/** A webhook configuration of admissionregistration.k8s.io/v1, ready for server-side apply. */
export interface WebhookConfiguration {
  readonly apiVersion: 'admissionregistration.k8s.io/v1';
  readonly kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration';
  readonly metadata: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly webhooks: readonly object[];
}

const TIMEOUT_SECONDS = 10;
const GROUP = 'rankguard.dev';

/** Name of both configurations of a namespace. */
export function webhookName(namespace: string): string {
  return `rankguard-pods-${namespace}`;
}
/** Name of the configuration for Rankguard's own kinds. */
export const KINDS_WEBHOOK = 'rankguard-kinds';

/**
 * The configurations of one namespace: a mutating and a validating entry for each connection. Only pods that a
 * connection selects are asked about; every other pod is created without the operator, alive or not.
 */
export function podWebhooks(
  namespace: string,
  connections: readonly WebhookConnection[],
  input: WebhookInput,
): readonly [WebhookConfiguration, WebhookConfiguration] {
  const sorted = [...connections].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entry = ({ name, spec }: WebhookConnection, path: string, resources: readonly string[]) => ({
    ...common(input, `${path}/${name}`),
    name: `${name}.${namespace}.pods.${GROUP}`,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    objectSelector: { matchLabels: { ...spec.selector.matchLabels } },
    rules: [
      {
        operations: path === ADMISSION_PATHS.mutatePods ? ['CREATE'] : ['CREATE', 'UPDATE'],
        apiGroups: [''],
        apiVersions: ['v1'],
        resources: [...resources],
        scope: 'Namespaced',
      },
    ],
  });
  const metadata = metadataOf(webhookName(namespace), input);
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata,
      webhooks: sorted.map((one) => ({
        ...entry(one, ADMISSION_PATHS.mutatePods, ['pods']),
        // A mutator that comes later may add a container whose probes must be rewritten too.
        reinvocationPolicy: 'IfNeeded',
      })),
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata,
      webhooks: sorted.map((one) =>
        entry(one, ADMISSION_PATHS.validatePods, ['pods', 'pods/ephemeralcontainers']),
      ),
    },
  ];
}

/** The configuration that judges Rankguard's own kinds. */
export function kindWebhooks(input: WebhookInput): WebhookConfiguration {
  const own = Object.values(KINDS).filter(({ apiVersion }) => apiVersion.startsWith(`${GROUP}/`));
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: metadataOf(KINDS_WEBHOOK, input),
    webhooks: [
      {
        ...common(input, ADMISSION_PATHS.validateKinds),
        name: `kinds.${GROUP}`,
        // Compiling a policy and running its tests takes longer than looking at a pod.
        timeoutSeconds: 30,
        namespaceSelector: {},
        objectSelector: {},
        rules: [
          {
            operations: ['CREATE', 'UPDATE'],
            apiGroups: [GROUP],
            apiVersions: ['*'],
            resources: own.map(({ plural }) => plural).sort(),
            scope: '*',
          },
        ],
      },
    ],
  };
}

function common({ service, ca }: WebhookInput, path: string) {
  return {
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: TIMEOUT_SECONDS,
    clientConfig: { service: { ...service, path }, caBundle: Buffer.from(ca).toString('base64') },
  };
}

function metadataOf(name: string, { owner }: WebhookInput) {
  return {
    name,
    labels: { 'app.kubernetes.io/managed-by': 'rankguard', 'app.kubernetes.io/name': 'rankguard' },
    ownerReferences: [{ ...owner }],
  };
}
