import type { Manifest } from './kubectl.ts';
import { IMAGES } from './settings.ts';

export interface PodShape {
  readonly name: string;
  readonly labels?: Manifest;
  readonly spec?: Manifest;
  readonly container?: Manifest;
}

/** A pod of the example's reranker, as its team would write it: port 3000, named `http`. */
export function podOf(
  namespace: string,
  { name, labels = {}, spec = {}, container = {} }: PodShape,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'app',
          image: IMAGES.example,
          imagePullPolicy: IMAGES.pullPolicy,
          ports: [{ name: 'http', containerPort: 3000 }],
          resources: { requests: { cpu: '20m', memory: '64Mi' } },
          ...container,
        },
      ],
      ...spec,
    },
  };
}

export interface ConnectionShape {
  readonly name: string;
  readonly app: string;
  readonly ingress?: Manifest;
  readonly spec?: Manifest;
}

/** Guards pods with the label `app`; callers are ServiceAccounts with the audience `rerank`, judged by policy `callers`. */
export function connectionOf(
  namespace: string,
  { name, app, ingress = {}, spec = {} }: ConnectionShape,
): Manifest {
  return {
    apiVersion: 'rankguard.dev/v1alpha1',
    kind: 'RerankConnection',
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app } },
      ingress: { port: 3000, capture: 'relocate', server: 'tei', dialects: ['tei'], ...ingress },
      identity: { anonymous: 'deny', serviceAccounts: { audiences: ['rerank'] } },
      policies: [{ name: 'callers' }],
      ...spec,
    },
  };
}

export const namespaceOf = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

/** Policy `callers`: the ServiceAccount `default` of the namespace may call; `rego` adds rules. */
export function policyOf(namespace: string, rego = ''): Manifest {
  const allow = `allow if {
  input.identity.workload.namespace == "${namespace}"
  input.identity.workload.serviceAccount == "default"
}`;
  return {
    apiVersion: 'rankguard.dev/v1alpha1',
    kind: 'RerankPolicy',
    metadata: { name: 'callers', namespace },
    spec: { mode: 'enforce', modules: { 'callers.rego': `package rankguard.callers\n\n${allow}\n${rego}` } },
  };
}
