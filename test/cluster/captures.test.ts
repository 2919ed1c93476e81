import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { type Client, startClient } from './support/client.ts';
import { apply, eventually, get, kubectl, type Manifest, token } from './support/kubectl.ts';
import { IMAGES } from './support/settings.ts';

const NAMESPACE = 'captures';
const POLICY = `package rankguard.captures
allow if input.identity.workload.serviceAccount == "default"
`;

/** A reranker as the four kinds of manifests run it; `port` is what its Service's target port says. */
interface Shape {
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly capture: 'relocate' | 'redirect' | 'port-name';
  readonly targetPort: number | string;
  readonly headless: boolean;
}
const SHAPES: readonly Shape[] = [
  { name: 'named', kind: 'Deployment', capture: 'relocate', targetPort: 'http', headless: false },
  { name: 'headless', kind: 'Deployment', capture: 'relocate', targetPort: 3000, headless: true },
  { name: 'stateful', kind: 'StatefulSet', capture: 'relocate', targetPort: 3000, headless: true },
  { name: 'redirected', kind: 'Deployment', capture: 'redirect', targetPort: 3000, headless: false },
  { name: 'redirected-named', kind: 'Deployment', capture: 'redirect', targetPort: 'http', headless: false },
  { name: 'redirected-headless', kind: 'Deployment', capture: 'redirect', targetPort: 3000, headless: true },
  { name: 'redirected-stateful', kind: 'StatefulSet', capture: 'redirect', targetPort: 3000, headless: true },
  { name: 'by-name', kind: 'Deployment', capture: 'port-name', targetPort: 'http', headless: false },
];

function objects({ name, kind, targetPort, headless }: Shape): Manifest[] {
  const metadata = { name, namespace: NAMESPACE };
  const labels = { app: name };
  const container = {
    name: 'reranker',
    image: IMAGES.example,
    imagePullPolicy: IMAGES.pullPolicy,
    ports: [{ name: 'http', containerPort: 3000 }],
    readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 1 },
    resources: { requests: { cpu: '20m', memory: '64Mi' } },
  };
  const template = {
    metadata: { labels },
    spec: { containers: [container], terminationGracePeriodSeconds: 5 },
  };
  const more = kind === 'StatefulSet' ? { serviceName: name } : {};
  return [
    {
      apiVersion: 'apps/v1',
      kind,
      metadata,
      spec: { replicas: 1, selector: { matchLabels: labels }, template, ...more },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: labels,
        ports: [{ port: 3000, targetPort }],
        ...(headless ? { clusterIP: 'None' } : {}),
      },
    },
  ];
}
const connection = ({ name, capture }: Shape): Manifest => ({
  apiVersion: 'rankguard.dev/v1alpha1',
  kind: 'RerankConnection',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    selector: { matchLabels: { app: name } },
    ingress: {
      port: capture === 'port-name' ? 'http' : 3000,
      capture,
      ...(capture === 'relocate' ? { server: 'tei' } : {}),
      dialects: ['tei'],
    },
    identity: { anonymous: 'deny', serviceAccounts: { audiences: ['captures'] } },
    policies: [{ name: 'anybody' }],
  },
});

let client: Client;
let caller: string;
beforeAll(async () => {
  await install();
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'rankguard.dev/v1alpha1',
      kind: 'RerankPolicy',
      metadata: { name: 'anybody', namespace: NAMESPACE },
      spec: { mode: 'enforce', modules: { 'anybody.rego': POLICY } },
    },
    ...SHAPES.map(connection),
  );
  for (const { name } of SHAPES) {
    await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', `rrc/${name}`, '--timeout=60s']);
  }
  await apply(...SHAPES.flatMap(objects));
  for (const { name, kind } of SHAPES) {
    await kubectl(['-n', NAMESPACE, 'rollout', 'status', `${kind.toLowerCase()}/${name}`, '--timeout=120s']);
  }
  client = await startClient();
  caller = await token(NAMESPACE, 'default', 'captures');
}, 400_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

describe.each(SHAPES.map((shape) => [shape.name, shape] as const))('%s', (name, { capture }) => {
  const url = `http://${name}.${NAMESPACE}:3000/rerank`;
  const body = { query: 'refund', texts: ['a refund', 'the weather'] };

  test('a call through the Service is judged', async () => {
    await eventually(async () => {
      const answer = await client.call({ url, token: caller, body });
      expect([answer.status, answer.headers['rankguard-decision']]).toEqual([200, 'allow']);
    });
    expect((await client.call({ url, body })).status).toBe(401);
  });

  test('a call to the pod is judged, or a NetworkPolicy refuses it', async () => {
    const pods = await get<{ items: { status: { podIP: string } }[] }>(
      'pods',
      '-n',
      NAMESPACE,
      '-l',
      `app=${name}`,
    );
    const answer = await client.call({ url: `http://${pods.items[0]?.status.podIP}:3000/rerank`, body });
    const { status } = await get<{ status: { conditions: { type: string; status: string }[] } }>(
      ...['rrc', name, '-n', NAMESPACE],
    );
    const possible = status.conditions.find(({ type }) => type === 'BypassPossible')?.status;
    expect(possible).toBe('False');
    if (capture !== 'port-name') return expect(answer.status).toBe(401);
    // The app keeps its port: a NetworkPolicy admits the sidecar's ports alone. A bridge does not enforce it.
    const { spec } = await get<{ spec: { ingress: { ports: { port: number }[] }[] } }>(
      ...['networkpolicy', `rankguard-${name}`, '-n', NAMESPACE],
    );
    expect(spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([15920, 15921, 15930]);
  });
});
