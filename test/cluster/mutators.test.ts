import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { apply, eventually, kubectl, type Manifest, refusal } from './support/kubectl.ts';
import { connectionOf, namespaceOf, podOf, policyOf } from './support/manifests.ts';
import { certificateFor, scriptPod } from './support/serving.ts';

const NAMESPACE = 'mutators';
/** Where the other team's webhook lives. */
const OTHERS = 'mutators-others';
const CONFIGURATION = 'zz-rankguard-test-mutators';

/** A webhook that changes pods after injection, each in the way that its path names. */
const SCRIPT = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
const changes = {
  '/mark': ({ metadata }) => { metadata.annotations = { ...metadata.annotations, seen: 'yes' }; },
  '/strip': ({ spec }) => { delete spec.initContainers; },
  '/expose': ({ spec }) => {
    for (const { env } of spec.containers) for (const one of env ?? []) if (one.name === 'HOSTNAME') one.value = '0.0.0.0';
  },
  '/sleep': ({ spec }) => { for (const one of spec.initContainers ?? []) one.command = ['sleep', '1000']; },
  '/share': ({ spec }) => {
    if (!spec.initContainers) return;
    const [app] = spec.containers;
    app.volumeMounts = [...(app.volumeMounts ?? []), { name: 'rankguard-token', mountPath: '/stolen' }];
  },
};
createServer({ cert: readFileSync('/files/server.crt'), key: readFileSync('/files/server.key') }, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    const { request: { uid, object } } = JSON.parse(Buffer.concat(parts));
    changes[new URL(request.url, 'https://x').pathname](object);
    const patch = ['spec', 'metadata'].map((name) => ({ op: 'replace', path: '/' + name, value: object[name] }));
    const answer = { uid, allowed: true, patchType: 'JSONPatch', patch: btoa(JSON.stringify(patch)) };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
  });
}).listen(8443);
`;

/** Asked about pods whose label \`undo\` says so, after Rankguard: configurations are taken in the order of their names. */
function entry(way: string, ca: string, reinvocationPolicy = 'IfNeeded', label = way): Manifest {
  return {
    name: `${label}.mutators.test`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    reinvocationPolicy,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } },
    objectSelector: { matchLabels: { undo: label } },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    clientConfig: {
      service: { namespace: OTHERS, name: 'undo', port: 443, path: `/${way}` },
      caBundle: Buffer.from(ca).toString('base64'),
    },
  };
}

const create = (name: string, labels: Manifest) =>
  [
    ['create', '-f', '-', '--dry-run=server', '-o', 'json'],
    JSON.stringify(podOf(NAMESPACE, { name, labels })),
  ] as const;
interface Pod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly initContainers?: readonly { readonly name: string }[] };
}
const created = async (name: string, labels: Manifest) =>
  JSON.parse(await kubectl(...create(name, labels))) as Pod;

beforeAll(async () => {
  await install();
  const served = await certificateFor(`undo.${OTHERS}.svc`);
  const labels = { app: 'undo' };
  const port = { name: 'https', containerPort: 8443 };
  await apply(
    namespaceOf(NAMESPACE),
    namespaceOf(OTHERS),
    policyOf(NAMESPACE),
    connectionOf(NAMESPACE, { name: 'reranker', app: 'reranker' }),
    ...scriptPod({ namespace: OTHERS, name: 'undo', labels, script: SCRIPT, served, port }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'undo', namespace: OTHERS },
      spec: { selector: labels, ports: [{ port: 443, targetPort: 8443 }] },
    },
  );
  await kubectl(['-n', OTHERS, 'wait', '--for=condition=Ready', 'pod/undo', '--timeout=60s']);
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', 'rrc/reranker', '--timeout=60s']);
  await apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: CONFIGURATION },
    webhooks: [
      ...['mark', 'strip', 'expose', 'sleep', 'share'].map((way) => entry(way, served.ca)),
      entry('strip', served.ca, 'Never', 'strip-once'),
    ],
  });
  // The API server takes up webhooks a moment after they are stored: both, in one pod.
  await eventually(async () => {
    const { metadata, spec } = await created('probe', { app: 'reranker', undo: 'mark' });
    expect(metadata.annotations).toMatchObject({ seen: 'yes' });
    expect(spec.initContainers).toMatchObject([{ name: 'rankguard' }]);
  });
}, 300_000);
afterAll(async () => {
  await kubectl(['delete', 'mutatingwebhookconfiguration', CONFIGURATION, '--ignore-not-found']);
  await kubectl(['delete', 'namespace', NAMESPACE, OTHERS, '--ignore-not-found', '--timeout=90s']);
}, 120_000);

test.each([
  ['takes the sidecar out', 'strip', /POD_CHANGED.*no sidecar/],
  [
    'binds the app to every address',
    'expose',
    /POD_CHANGED: the pod is not as injection made it: .*containers\[app\]\.env/,
  ],
  ['lets the sidecar sleep', 'sleep', /POD_CHANGED.*another image or command/],
  ["mounts the sidecar's token into the app", 'share', /POD_NAME_RESERVED.*rankguard-token/],
])('a later webhook that %s: the pod is refused with the reason', async (_, way, reason) => {
  expect(await refusal(...create(way, { app: 'reranker', undo: way }))).toMatch(reason);
});

test('a later webhook that is not asked again loses: the pod is injected once more', async () => {
  const { spec } = await created('once', { app: 'reranker', undo: 'strip-once' });
  expect(spec.initContainers).toMatchObject([{ name: 'rankguard' }]);
});
