import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { type Client, startClient } from './support/client.ts';
import { apply, eventually, get, kubectl, type Manifest, refusal, refusedApply } from './support/kubectl.ts';
import { IMAGES } from './support/settings.ts';

const NAMESPACE = 'bypass';
const LABELS = { app: 'reranker' };
const examples = join(import.meta.dirname, '../../examples/kubernetes');
const connection = readFileSync(join(examples, 'connection.yaml'), 'utf8').replaceAll(
  'namespace: support',
  `namespace: ${NAMESPACE}`,
);

interface PodShape {
  readonly name: string;
  readonly spec?: Manifest;
  readonly container?: Manifest;
  readonly labels?: Manifest;
  readonly initContainers?: readonly Manifest[];
}
const pod = ({ name, spec = {}, container = {}, labels = LABELS, ...rest }: PodShape): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'app',
        image: IMAGES.example,
        imagePullPolicy: IMAGES.pullPolicy,
        ports: [{ containerPort: 3000 }],
        resources: { requests: { cpu: '20m', memory: '64Mi' } },
        ...container,
      },
    ],
    ...rest,
    ...spec,
  },
});

let client: Client;
beforeAll(async () => {
  await install();
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, connection);
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', 'rrc/reranker', '--timeout=60s']);
  await eventually(() => apply(pod({ name: 'guarded' })));
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', 'pod/guarded', '--timeout=90s']);
  client = await startClient();
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

async function addressOf(name: string): Promise<string> {
  const { status } = await get<{ status: { podIP: string } }>('pod', name, '-n', NAMESPACE);
  return status.podIP;
}

test('a bare pod is guarded: its port is judged, and the relocated port is not on the network', async () => {
  const address = await addressOf('guarded');
  const body = { query: 'a', texts: ['b'] };
  expect((await client.call({ url: `http://${address}:3000/rerank`, body })).status).toBe(401);
  expect(await client.call({ url: `http://${address}:15950/rerank`, body })).toMatchObject({
    status: 0,
    text: 'ECONNREFUSED',
  });
});

test('an app that honours the port and binds every address is found, and its pod is not ready', async () => {
  const program = `require('node:http').createServer((_, answer) => answer.end('unguarded')).listen(process.env.PORT, '0.0.0.0')`;
  await apply(pod({ name: 'open', container: { command: ['/nodejs/bin/node', '-e', program] } }));
  const answer = await eventually(async () => {
    const got = await client.call({ url: `http://${await addressOf('open')}:15921/ready` });
    expect(got).toMatchObject({ status: 503 });
    expect(got.text).toContain('15950');
    return got;
  });
  expect(answer.status).toBe(503);
  await kubectl(['-n', NAMESPACE, 'delete', 'pod', 'open', '--wait=false']);
});

describe('refused with the reason', () => {
  test.each<[string, PodShape, RegExp]>([
    ['a pod on the host network', { name: 'host', spec: { hostNetwork: true } }, /hostNetwork|host network/i],
    [
      'a pod without the port',
      {
        name: 'port',
        container: { ports: [{ containerPort: 9999 }], env: [{ name: 'PORT', value: '9999' }] },
      },
      /3000/,
    ],
    [
      'a container that is called rankguard',
      {
        name: 'fake',
        spec: {
          initContainers: [
            { name: 'rankguard', image: IMAGES.example, restartPolicy: 'Always', command: ['sleep', '1000'] },
          ],
        },
      },
      /rankguard/,
    ],
  ])('%s', async (_, shape, reason) => {
    expect(await refusedApply(pod(shape))).toMatch(reason);
  });

  test('an edit of the image of a running sidecar', async () => {
    const patch = { spec: { initContainers: [{ name: 'rankguard', image: IMAGES.example }] } };
    const said = await refusal(['-n', NAMESPACE, 'patch', 'pod', 'guarded', '-p', JSON.stringify(patch)]);
    expect(said).toMatch(/POD_CHANGED/);
  });

  test('an ephemeral container', async () => {
    const args = [
      '-n',
      NAMESPACE,
      'debug',
      'guarded',
      '--image',
      IMAGES.example,
      '--profile=general',
      '--',
      'true',
    ];
    expect(await refusal(args)).toMatch(/POD_CHANGED/);
  });

  test.each([
    ['selector', { selector: { matchLabels: { app: 'other' } } }],
    ['ingress.port', { ingress: { port: 3001 } }],
    ['ingress.capture', { ingress: { capture: 'redirect' } }],
  ])('a change of %s', async (field, spec) => {
    const patch = JSON.stringify({ spec });
    const said = await refusal(['-n', NAMESPACE, 'patch', 'rrc', 'reranker', '--type=merge', '-p', patch]);
    expect(said).toMatch(new RegExp(`spec\\.${field}:.*cannot be changed`));
  });

  test('a label that makes a running, unguarded pod a selected one', async () => {
    await apply(pod({ name: 'plain', labels: { app: 'something-else' } }));
    expect(await refusal(['-n', NAMESPACE, 'label', 'pod', 'plain', 'app=reranker', '--overwrite'])).toMatch(
      /POD_CHANGED/,
    );
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', 'plain', '--wait=false']);
  });

  test('a connection that names a Secret which its author may not read', async () => {
    const rights = (verbs: string[], resources: string[]) => ({
      apiGroups: ['rankguard.dev'],
      resources,
      verbs,
    });
    await apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'author', namespace: NAMESPACE },
        rules: [rights(['*'], ['rerankconnections'])],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'author', namespace: NAMESPACE },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'author' },
        subjects: [{ kind: 'User', name: 'ada', apiGroup: 'rbac.authorization.k8s.io' }],
      },
    );
    const other = {
      apiVersion: 'rankguard.dev/v1alpha1',
      kind: 'RerankConnection',
      metadata: { name: 'curious', namespace: NAMESPACE },
      spec: {
        selector: { matchLabels: { app: 'curious' } },
        ingress: {
          port: 3000,
          dialects: ['tei'],
          upstreamKey: { secretKeyRef: { name: 'not-yours', key: 'key' } },
        },
        identity: { anonymous: 'deny' },
      },
    };
    const said = await refusal(['create', '--as', 'ada', '-f', '-'], JSON.stringify(other));
    expect(said).toMatch(/not-yours/);
    const named = { tls: { listener: { secretName: 'nor-this' } } };
    const patch = ['patch', 'rrc', 'reranker', '--type=merge', '-p', JSON.stringify({ spec: named })];
    expect(await refusal(['-n', NAMESPACE, ...patch, '--as', 'ada'])).toMatch(
      /CONFIG_INVALID: ada.*nor-this/,
    );
  });
});

describe('a pod whose selecting label is taken away', () => {
  const edit = (patch: Manifest) => ['-n', NAMESPACE, 'patch', 'pod', 'leaver', '-p', JSON.stringify(patch)];
  const label = (change: string) => kubectl(['-n', NAMESPACE, 'label', 'pod', 'leaver', change]);
  beforeAll(async () => {
    await apply(pod({ name: 'leaver' }));
    await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', 'pod/leaver', '--timeout=90s']);
    await label('app-');
  }, 120_000);

  test('is judged as before', async () => {
    const url = `http://${await addressOf('leaver')}:3000/rerank`;
    const answer = await client.call({ url, body: { query: 'a', texts: ['b'] } });
    expect([answer.status, answer.headers['rankguard-decision']]).toEqual([401, 'deny']);
  });

  test('keeps its sidecar: no other image, no debug container, none of its marks can be changed', async () => {
    const other = { spec: { initContainers: [{ name: 'rankguard', image: IMAGES.example }] } };
    expect(await refusal(edit(other))).toMatch(/POD_CHANGED.*image/);
    const words = ['debug', 'leaver', '--image', IMAGES.example, '--profile=general', '--', 'true'];
    expect(await refusal(['-n', NAMESPACE, ...words])).toMatch(/POD_CHANGED.*debug container/);
    for (const marks of [
      { labels: { 'rankguard.dev/injected': null } },
      { annotations: { 'rankguard.dev/connections': 'x=relocate' } },
    ])
      expect(await refusal(edit({ metadata: marks }))).toMatch(/POD_CHANGED.*belong to admission/);
  });

  test('may have it back: it is guarded still', async () => {
    await label('app=reranker');
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', 'leaver', '--wait=false']);
  });
});

test('a pod that comes with its connection, or right behind it, is guarded, refused or reported', async () => {
  for (let round = 0; round < 5; round += 1) {
    const name = `early-${round}`;
    const own = {
      apiVersion: 'rankguard.dev/v1alpha1',
      kind: 'RerankConnection',
      metadata: { name, namespace: NAMESPACE },
      spec: {
        selector: { matchLabels: { app: name } },
        ingress: { port: 3000, server: 'tei', dialects: ['tei'] },
        identity: { anonymous: 'deny' },
      },
    };
    const said = await apply(own, pod({ name, labels: { app: name } })).catch(
      (error: Error) => error.message,
    );
    if (!said.includes(`pod/${name} created`)) {
      expect(said).toMatch(/POD_CHANGED|CONTROL_UNAVAILABLE/);
      continue;
    }
    const { spec } = await get<{ spec: { initContainers?: { name: string }[] } }>(
      'pod',
      name,
      '-n',
      NAMESPACE,
    );
    if (spec.initContainers?.some((one) => one.name === 'rankguard')) continue;
    // The API server itself has not heard of the connection yet.
    const condition = '--for=condition=BypassPossible';
    await kubectl(['-n', NAMESPACE, 'wait', condition, `rrc/${name}`, '--timeout=60s']);
    const { status } = await get<{ status: { conditions: { type: string; message: string }[] } }>(
      ...['rrc', name, '-n', NAMESPACE],
    );
    expect(status.conditions.find(({ type }) => type === 'BypassPossible')?.message).toContain(name);
  }
}, 240_000);

test('without its webhooks the API server refuses a selected pod by itself, until they are back', async () => {
  const name = `rankguard-pods-${NAMESPACE}`;
  // The operator puts it back at once: whatever happens in between, no pod is admitted unguarded.
  for (let round = 0; round < 5; round += 1) {
    await kubectl(['delete', 'mutatingwebhookconfiguration', name, '--wait=false', '--ignore-not-found']);
    const said = await kubectl(['create', '-f', '-'], JSON.stringify(pod({ name: `moment-${round}` }))).catch(
      (error: Error) => error.message,
    );
    expect(said).toMatch(/created|POD_CHANGED/);
  }
  await eventually(() => kubectl(['get', 'mutatingwebhookconfiguration', name]));
  const pods = await get<{ items: { spec: { initContainers?: { name: string }[] } }[] }>(
    ...['pods', '-n', NAMESPACE, '-l', 'app=reranker'],
  );
  for (const { spec } of pods.items)
    expect(spec.initContainers?.map(({ name: own }) => own)).toContain('rankguard');
}, 180_000);
