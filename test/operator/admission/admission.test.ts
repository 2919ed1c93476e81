import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readObject } from '@rankguard/contract/resources';
import {
  type AdmissionPorts,
  createAdmission,
  kindWebhooks,
  podWebhooks,
} from '@rankguard/operator/admission';
import { inject, type Pod } from '@rankguard/operator/injection';
import { connectionFrom, settings } from '../../support/operator/fixtures.ts';

const connection = connectionFrom({
  apiVersion: 'rankguard.dev/v1alpha1',
  kind: 'RerankConnection',
  metadata: { name: 'search', namespace: 'shop' },
  spec: {
    selector: { matchLabels: { app: 'reranker' } },
    ingress: { port: 'http', dialects: ['tei'] },
    identity: { anonymous: 'allow' },
  },
});
const plain: Pod = {
  metadata: { name: 'p', labels: { app: 'reranker' } },
  spec: {
    containers: [
      {
        name: 'tei',
        image: 'ghcr.io/huggingface/text-embeddings-inference:1.7',
        ports: [{ name: 'http', containerPort: 8080 }],
      },
    ],
  },
};
const injectWith = (own: typeof settings): Pod => {
  const input = { pod: plain, namespace: 'shop', services: [], connections: [connection], settings: own };
  const result = inject(input);
  if (result.kind !== 'injected') throw new Error('not injected');
  return result.pod;
};
const injected = injectWith(settings);

let ready = true;
const before = {
  ...settings,
  image: 'sidecar:0.0.9',
  rootKeys: ['older'],
  controlCa: 'old',
  version: '0.0.9',
};
const ports: AdmissionPorts = {
  ready: () => ready,
  settings: () => settings,
  accepted: () => ({ images: [before.image], rootKeys: before.rootKeys, controlCas: [before.controlCa] }),
  connections: (namespace) => (namespace === 'shop' ? [connection] : []),
  services: () => [],
  read: async (object, label) => readObject(object, label).problems,
  judge: async (object) =>
    JSON.stringify(object).includes('broken')
      ? [
          {
            severity: 'error',
            code: 'POLICY_INVALID',
            message: 'rego_parse_error: unexpected token',
            file: 'RerankPolicy shop/p/ranking.rego',
            line: 3,
            path: null,
          },
        ]
      : [],
  answered: () => undefined,
  log: () => undefined,
};

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(createAdmission(ports));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patch?: string;
  readonly warnings?: readonly string[];
  readonly status?: { readonly code: number; readonly message: string };
}
async function ask(path: string, request: object): Promise<Response> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    body: JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u1', namespace: 'shop', operation: 'CREATE', userInfo: {}, ...request },
    }),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { response: Response }).response;
}
const validate = (pod: Pod, more: object = {}) => ask('/validate/pods/search', { object: pod, ...more });
const changed = (change: (pod: Pod) => void): Pod => {
  const pod = structuredClone(injected);
  change(pod);
  return pod;
};

describe('the final state of a pod', () => {
  test('as injected is allowed, by this version and by the one before', async () => {
    expect(await validate(injected)).toEqual({ uid: 'u1', allowed: true });
    expect(await validate(injectWith(before))).toMatchObject({ allowed: true });
  });

  test.each<[string, Pod, string]>([
    ['not injected at all', plain, 'rankguard'],
    [
      'an app that was moved back',
      changed(({ spec }) => {
        spec!.containers[0]!.env = spec!.containers[0]!.env!.filter(({ name }) => name !== 'PORT');
      }),
      'spec.containers[tei].env',
    ],
    [
      'another image',
      changed(({ spec }) => {
        spec!.initContainers![0]!.image = 'evil';
      }),
      'image',
    ],
    [
      'another command',
      changed(({ spec }) => {
        spec!.initContainers![0]!.command = ['sleep'];
      }),
      'command',
    ],
    [
      'code that is loaded into the sidecar',
      changed(
        ({ spec }) => void spec!.initContainers![0]!.env!.push({ name: 'NODE_OPTIONS', value: '-r /x' }),
      ),
      'NODE_OPTIONS',
    ],
    [
      "another container that mounts the sidecar's token",
      changed(({ spec }) => {
        spec!.containers[0]!.volumeMounts = [{ name: 'rankguard-token', mountPath: '/t' }];
      }),
      'POD_NAME_RESERVED',
    ],
    ['a root key of nobody', injectWith({ ...settings, rootKeys: ['forged'] }), 'RANKGUARD_ROOT_KEYS'],
    ['another operator', injectWith({ ...settings, controlUrl: 'https://evil' }), 'RANKGUARD_CONTROL_URL'],
  ])('%s is refused, and says where', async (_, pod, where) => {
    const said = await validate(pod);
    expect(said.allowed).toBe(false);
    expect(said.status?.message).toMatch(/^POD_/);
    expect(said.status?.message).toContain(where);
  });
});

describe('an update', () => {
  const update = (object: Pod, oldObject: Pod) => validate(object, { operation: 'UPDATE', oldObject });

  test('of a pod that is older than its connection is let alone', async () => {
    const label = { ...plain, metadata: { ...plain.metadata, labels: { app: 'reranker', team: 'a' } } };
    expect(await update(label, plain)).toMatchObject({ allowed: true });
  });

  test('cannot put a pod under a connection', async () => {
    const free = { ...plain, metadata: { ...plain.metadata, labels: { app: 'free' } } };
    expect(await update(plain, free)).toMatchObject({ allowed: false });
  });

  test('that takes a pod from its connection is said', async () => {
    const left = changed(({ metadata }) => {
      metadata!.labels!['app'] = 'free';
    });
    expect(await update(left, injected)).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('connection search')],
    });
  });

  test('of the image of the sidecar, its marks, or a debug container is refused', async () => {
    const image = changed(({ spec }) => {
      spec!.initContainers![0]!.image = before.image;
    });
    expect(await update(image, injected)).toMatchObject({ allowed: false });
    const mark = changed(({ metadata }) => void delete metadata!.annotations!['rankguard.dev/connections']);
    expect(await update(mark, injected)).toMatchObject({ allowed: false });
    const debug = { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: injected };
    expect(await validate(injected, debug)).toMatchObject({ allowed: false });
  });
});

describe('a replica that does not know enough', () => {
  test('refuses while it has not read its connections', async () => {
    ready = false;
    expect(await ask('/mutate/pods/search', { object: plain })).toMatchObject({ allowed: false });
    ready = true;
  });

  test('refuses for a connection that it has not seen', async () => {
    expect(await ask('/mutate/pods/new', { object: plain })).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining('shop/new') },
    });
  });

  test('says 500 for a pod that is none, so that the API server refuses', async () => {
    const body = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'u',
        operation: 'CREATE',
        namespace: 'shop',
        object: { metadata: { labels: { app: 'reranker' } }, spec: 7 },
      },
    };
    const response = await fetch(`${url}/mutate/pods/search`, { method: 'POST', body: JSON.stringify(body) });
    const said = (await response.json()) as { response?: Response };
    expect(response.status === 500 || said.response?.allowed === false).toBe(true);
    expect((await fetch(`${url}/mutate/pods/search`, { method: 'POST', body: '{}' })).status).toBe(400);
  });
});

describe('kinds', () => {
  const policy = (text: string) => ({
    apiVersion: 'rankguard.dev/v1alpha1',
    kind: 'RerankPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { mode: 'enforce', modules: { 'ranking.rego': text } },
  });

  test('Rego that does not compile is refused with its file and line', async () => {
    const said = await ask('/validate/kinds', { object: policy('broken') });
    expect(said.status?.message).toBe(
      'POLICY_INVALID: RerankPolicy shop/p/ranking.rego:3: rego_parse_error: unexpected token',
    );
  });

  test('a field that does not exist is refused with its path', async () => {
    const object = { ...policy('ok'), spec: { mode: 'enforce', module: {} } };
    const said = await ask('/validate/kinds', { object });
    expect(said).toMatchObject({ allowed: false });
    expect(said.status?.message).toContain('spec');
    expect(await ask('/validate/kinds', { object: policy('package rankguard.p') })).toMatchObject({
      allowed: true,
    });
  });

  test('what an older version took can still lose its finalizer', async () => {
    const object = policy('broken');
    const asked = { operation: 'UPDATE', object, oldObject: { ...object, metadata: { finalizers: ['x'] } } };
    expect(await ask('/validate/kinds', asked)).toMatchObject({ allowed: true });
  });
});

test('only selected pods of the namespace are asked about, and nothing opens when nobody answers', () => {
  const owner = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    name: 'rankguard',
    uid: 'u',
  };
  const input = {
    service: { namespace: 'rankguard-system', name: 'rankguard', port: 443 },
    ca: 'PEM',
    owner,
  };
  const [mutating, validating] = podWebhooks('shop', [connection], input);
  for (const { webhooks, metadata } of [mutating, validating]) {
    expect(metadata['ownerReferences']).toEqual([owner]);
    expect(webhooks).toEqual([
      expect.objectContaining({
        name: 'search.shop.pods.rankguard.dev',
        failurePolicy: 'Fail',
        sideEffects: 'None',
        objectSelector: { matchLabels: { app: 'reranker' } },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
      }),
    ]);
  }
  expect(mutating.webhooks[0]).toMatchObject({ reinvocationPolicy: 'IfNeeded' });
  expect(kindWebhooks(input).webhooks[0]).toMatchObject({
    rules: [{ resources: expect.arrayContaining(['rerankconnections', 'clusterrerankpolicies']) }],
  });
});
