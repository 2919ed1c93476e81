import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type AdmissionPorts,
  admissionPolicies,
  createAdmission,
  podWebhooks,
  type WebhookConfiguration,
} from '@rankguard/operator/admission';
import { type GuardingConnection, inject, type Pod } from '@rankguard/operator/injection';
import { hasApiServer } from '../../../tools/cluster/api-server.ts';
import { connectionFrom, settings } from '../../support/operator/fixtures.ts';
import { eventually, startTestCluster, store, type TestCluster } from './cluster.ts';

const SLOW = 120_000;
const there = hasApiServer(store);
const apiVersion = 'rankguard.dev/v1alpha1';

const connectionObject = (name: string, app: string, ingress: object = {}) => ({
  apiVersion,
  kind: 'RerankConnection',
  metadata: { name, namespace: 'shop' },
  spec: {
    selector: { matchLabels: { app } },
    ingress: { port: 'http', dialects: ['tei'], ...ingress },
    identity: { anonymous: 'allow' },
  },
});
const pod = (name: string, app: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app }, ...metadata },
  spec: {
    automountServiceAccountToken: true,
    containers: [
      {
        name: 'tei',
        image: 'ghcr.io/huggingface/text-embeddings-inference:cpu-1.7',
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { httpGet: { path: '/health', port: 'http' } },
        livenessProbe: { grpc: { port: 8080 } },
        resources: { requests: { cpu: '0.5', memory: '1024Mi' } },
      },
    ],
    ...spec,
  },
});

// Building kube-apiserver takes minutes; `make cluster` does it, and this suite runs where it is there.
(there ? describe : describe.skip)('on a real API server', () => {
  let cluster: TestCluster;
  const connections: GuardingConnection[] = [];
  const accepted = {
    images: [settings.image],
    rootKeys: settings.rootKeys,
    controlCas: [settings.controlCa],
  };
  const ports: AdmissionPorts = {
    ready: () => true,
    settings: () => settings,
    accepted: () => accepted,
    connections: (namespace) => connections.filter((one) => one.namespace === namespace),
    services: () => [],
    read: async () => [],
    judge: async () => [],
    answered: () => undefined,
    log: () => undefined,
  };

  const create = (object: unknown, ...flags: string[]) =>
    cluster.kubectl(['create', '-f', '-', '-o', 'json', ...flags], object);

  async function connect(name: string, app: string, ingress: object = {}): Promise<void> {
    const object = connectionObject(name, app, ingress);
    await cluster.apply(object);
    const status = { injection: { images: accepted.images, keys: accepted.rootKeys } };
    const said = await cluster.kubectl([
      ...['patch', 'rrc', name, '-n', 'shop', '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ status })],
    ]);
    expect(said).toMatchObject({ code: 0 });
    connections.push(connectionFrom(object));
  }

  beforeAll(async () => {
    cluster = await startTestCluster();
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'rankguard-system' } },
      ...admissionPolicies({ operatorNamespace: 'rankguard-system' }),
    );
    await eventually('the default ServiceAccount', async () => {
      const account = {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace: 'shop' },
      };
      return (await cluster.kubectl(['create', '-f', '-'], account)).text.match(/created|exists/) !== null;
    });
    await connect('backstop', 'unseen');
    await eventually(
      'the policy holds',
      async () => (await create(pod('p', 'unseen'), '--dry-run=server')).code !== 0,
    );
  }, SLOW);
  afterAll(async () => await cluster?.close(), SLOW);

  describe('policies alone, without any webhook', () => {
    test.each([
      ['a bare pod', pod('bare', 'unseen'), 'no sidecar'],
      [
        'a pod whose sidecar sleeps',
        pod('fake', 'unseen', {
          initContainers: [
            { name: 'rankguard', image: settings.image, restartPolicy: 'Always', command: ['sleep', '1d'] },
          ],
        }),
        'another image or command',
      ],
      [
        'a pod with another image',
        pod('image', 'unseen', {
          initContainers: [{ name: 'rankguard', image: 'evil', restartPolicy: 'Always' }],
        }),
        'another image or command',
      ],
      [
        'a pod with other root keys',
        pod('keys', 'unseen', {
          initContainers: [
            {
              name: 'rankguard',
              image: settings.image,
              restartPolicy: 'Always',
              env: [{ name: 'RANKGUARD_ROOT_KEYS', value: `${settings.rootKeys[0]},AAAA` }],
            },
          ],
        }),
        'other root keys',
      ],
    ])('%s is refused with the connection and the reason', async (_, object, why) => {
      const said = await create(object);
      expect(said.code).toBe(1);
      expect(said.text).toContain('connection backstop selects the pod');
      expect(said.text).toContain(why);
    });

    test('other pods, and pods of other namespaces, are let alone', async () => {
      expect((await create(pod('free', 'other'))).code).toBe(0);
      const elsewhere = pod('elsewhere', 'unseen', { automountServiceAccountToken: false });
      expect(
        (await create({ ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'rankguard-system' } }))
          .text,
      ).not.toContain('rankguard.dev');
    });

    test('an injected pod passes; its sidecar, marks and debug containers cannot be changed', async () => {
      const result = inject({
        pod: pod('guarded', 'unseen') as Pod,
        namespace: 'shop',
        services: [],
        connections,
        settings,
      });
      if (result.kind !== 'injected') throw new Error(JSON.stringify(result));
      expect(await create(result.pod)).toMatchObject({ code: 0 });
      const patch = (value: object, ...flags: string[]) =>
        cluster.kubectl(['patch', 'pod', 'guarded', '-n', 'shop', '-p', JSON.stringify(value), ...flags]);
      const sidecar = { spec: { initContainers: [{ name: 'rankguard', image: 'evil' }] } };
      const unmarked = { metadata: { labels: { 'rankguard.dev/injected': null } } };
      const debug = { spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox' }] } };
      // Selected, and then no longer: a Service may lead to it by another label.
      for (const labels of [{ team: 'search' }, { app: null }]) {
        expect(await patch({ metadata: { labels } })).toMatchObject({ code: 0 });
        expect((await patch(sidecar)).text).toContain("the image of the pod's sidecar cannot be changed");
        expect((await patch(unmarked)).text).toContain('belong to admission');
        expect((await patch(debug, '--subresource=ephemeralcontainers')).text).toContain('debug container');
      }
    });

    test('labels cannot put a running pod under a connection', async () => {
      expect((await create(pod('late', 'other'))).code).toBe(0);
      const said = await cluster.kubectl(['label', 'pod', 'late', '-n', 'shop', 'app=unseen', '--overwrite']);
      expect(said.text).toContain('no sidecar');
    });
  });

  describe('connections', () => {
    test('a Secret that their author may not get is refused, and one that they may is taken', async () => {
      await cluster.apply(
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'author', namespace: 'shop' },
          rules: [
            { apiGroups: ['rankguard.dev'], resources: ['rerankconnections'], verbs: ['*'] },
            { apiGroups: [''], resources: ['secrets'], resourceNames: ['own'], verbs: ['get'] },
          ],
        },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name: 'author', namespace: 'shop' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'author' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
        },
      );
      const ann = await cluster.server.kubeconfigOf('ann');
      const naming = (secret: string) =>
        connectionObject('ann', 'ann', { upstreamKey: { secretKeyRef: { name: secret, key: 'key' } } });
      const asAnn = (secret: string) => cluster.kubectl(['apply', '-f', '-'], naming(secret), ann);
      const refused = await asAnn('payroll');
      expect(refused.text).toContain('ann may not get every Secret that is named: payroll');
      expect(await asAnn('own')).toMatchObject({ code: 0 });
      expect((await asAnn('payroll')).text).toContain('may not get every Secret');
    });

    test('selector, port and capture stay, and the operator’s own namespace takes none', async () => {
      const moved = connectionObject('backstop', 'elsewhere');
      expect((await cluster.kubectl(['apply', '-f', '-'], moved)).text).toMatch(/cannot be changed/);
      const own = connectionObject('own', 'x');
      const there = { ...own, metadata: { ...own.metadata, namespace: 'rankguard-system' } };
      expect((await cluster.kubectl(['create', '-f', '-'], there)).text).toContain('guard nothing');
    });
  });

  describe('with the webhooks', () => {
    beforeAll(async () => {
      await connect('search', 'reranker');
      const url = await cluster.serve(createAdmission(ports));
      const own = connections.filter(({ name }) => name === 'search');
      const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'shop', uid: 'u' };
      const service = { namespace: 'rankguard-system', name: 'rankguard', port: 443 };
      const ca = readFileSync(cluster.server.authority.certificate, 'utf8');
      await cluster.apply(
        ...podWebhooks('shop', own, { service, ca, owner }).map((one) => outside(one, url)),
      );
      await eventually(
        'injection',
        async () => (await create(pod('try', 'reranker'), '--dry-run=server')).code === 0,
      );
    }, SLOW);

    test('a pod comes out injected, and what the API server adds does not make it look changed', async () => {
      const said = await create(pod('search-0', 'reranker'));
      expect(said).toMatchObject({ code: 0 });
      const stored = JSON.parse(said.text.slice(said.text.indexOf('{'))) as Pod;
      expect(stored.spec?.initContainers?.[0]?.name).toBe('rankguard');
      expect(stored.metadata?.annotations?.['rankguard.dev/connections']).toBe('search=relocate');
      const mounts = stored.spec?.initContainers?.[0]?.volumeMounts?.map(({ name }) => name);
      expect(mounts).not.toContainEqual(expect.stringMatching(/kube-api-access/));
    });

    test.each([
      ['hostNetwork', pod('host', 'reranker', { hostNetwork: true }), 'POD_NOT_ISOLATED'],
      [
        'a sidecar of its own making',
        pod('fake', 'reranker', {
          initContainers: [
            { name: 'rankguard', image: settings.image, restartPolicy: 'Always', command: ['sleep', '1d'] },
          ],
        }),
        'POD_NAME_RESERVED',
      ],
      [
        'a port that is not there',
        pod('port', 'reranker', { containers: [{ name: 'a', image: 'b', ports: [{ containerPort: 1 }] }] }),
        'POD_PORT_MISSING',
      ],
    ])('%s is refused', async (_, object, code) => {
      expect((await create(object)).text).toContain(code);
    });

    test('a sidecar that an accepted version before injected is taken', async () => {
      const before = { ...settings, image: 'registry.example.com/rankguard-sidecar:0.0.9', version: '0.0.9' };
      const result = inject({
        pod: pod('old', 'reranker') as Pod,
        namespace: 'shop',
        services: [],
        connections,
        settings: before,
      });
      if (result.kind !== 'injected') throw new Error(JSON.stringify(result));
      // Mutation makes it this version's own again: both replicas agree in the end.
      expect(await create(result.pod)).toMatchObject({ code: 0 });
    });
  });
});

/** The same configuration for a server outside the cluster. */
function outside(configuration: WebhookConfiguration, base: string): object {
  const { ownerReferences: _, ...metadata } = configuration.metadata;
  const webhooks = configuration.webhooks as readonly {
    readonly clientConfig: { readonly service: { readonly path: string }; readonly caBundle: string };
  }[];
  return {
    ...configuration,
    metadata,
    webhooks: webhooks.map((one) => ({
      ...one,
      clientConfig: { url: `${base}${one.clientConfig.service.path}`, caBundle: one.clientConfig.caBundle },
    })),
  };
}
