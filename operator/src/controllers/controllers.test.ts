import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCompiler } from '@rankguard/compiler';
import type { Bundle } from '@rankguard/contract';
import type { SignedBundle } from '@rankguard/contract/control';
import type { ConnectionStatus, PolicyStatus } from '@rankguard/contract/resources';
import { type FakeApiServer, startFakeApiServer } from '../../../test/support/kube/fake-api-server.ts';
import { waitFor } from '../../../test/support/wait.ts';
import { createPublisher, type Publisher } from '../bundles/index.ts';
import { createPlanner, createStoredReader } from '../compile/index.ts';
import { type BundleStore, createBundleStore } from '../control/index.ts';
import type { Happening } from '../events/index.ts';
import { createKube, createTransport, type Kube, type Transport } from '../kube/index.ts';
import type { Replica } from '../replicas/index.ts';
import { allCaches, type Caches, type Controllers, createCaches, createControllers } from './index.ts';

const run = promisify(execFile);
const opa = async () => (await run(join(import.meta.dirname, '../../../tools/opa.sh'))).stdout.trim();
const compiler = createCompiler({ opa });
const apiVersion = 'rankguard.dev/v1alpha1';
const SLOW = 60_000;

let api: FakeApiServer;
let transport: Transport;
let kube: Kube;
let operator: Operator;
let happenings: Happening[];
let live: Replica[];

/** One replica of the operator, less its servers. */
interface Operator {
  readonly caches: Caches;
  readonly controllers: Controllers;
  readonly publisher: Publisher;
  readonly store: BundleStore;
  stop(): Promise<void>;
}

async function startOperator(leads = true): Promise<Operator> {
  const store = createBundleStore();
  const sign = async (bundle: Bundle): Promise<SignedBundle> => ({
    format: 1,
    signingKey: 'k',
    bundle: JSON.stringify(bundle),
  });
  const publisher = createPublisher({ sign, store, log: () => {}, renewMs: () => 60_000 });
  const ending = new AbortController();
  let controllers: Controllers | undefined;
  const caches = createCaches({
    kube,
    namespace: 'system',
    log: () => {},
    onChange: (cache, change) => controllers?.changed(cache, change),
  });
  controllers = createControllers({
    kube,
    namespace: 'system',
    caches,
    planner: createPlanner({ compiler, readStored: createStoredReader(async () => undefined) }),
    publisher,
    replicas: { live: () => live, sweep: async () => {} },
    recorder: { record: (happening) => void happenings.push(happening) },
    findBypass: async () => [],
    webhooksOf: async (namespace, connections) =>
      namespace === '*'
        ? []
        : [
            {
              kind: 'MutatingWebhookConfiguration',
              metadata: {
                name: `rankguard-${namespace}`,
                labels: { 'app.kubernetes.io/managed-by': 'rankguard' },
              },
              webhooks: connections.map(({ metadata }) => ({ name: metadata.name })),
            },
          ],
    namespaceOf: ({ metadata }) => metadata.name.replace('rankguard-', ''),
    log: () => {},
    metrics: { reconciled: () => {}, failed: () => {} },
    now: Date.now,
  });
  for (const cache of allCaches(caches)) cache.start();
  await Promise.all(allCaches(caches).map(({ synced }) => synced));
  if (leads) controllers.lead(ending.signal);
  return {
    caches,
    controllers,
    publisher,
    store,
    async stop() {
      ending.abort();
      publisher.stop();
      await Promise.all(allCaches(caches).map((cache) => cache.stop()));
    },
  };
}

beforeEach(async () => {
  api = await startFakeApiServer();
  transport = createTransport(api.kubeconfig());
  kube = createKube({ transport, userAgent: 'test' });
  happenings = [];
  live = [
    { name: 'operator-0', image: 'sidecar:1', keys: ['root-1'], url: 'https://10.0.0.1:8443', ca: 'PEM' },
  ];
  api.put('namespaces', { metadata: { name: 'shop', labels: { team: 'search' } } });
  operator = await startOperator();
});
afterEach(async () => {
  await operator.stop();
  await transport.close();
  await api.close();
});

const ALLOW = (group: string) =>
  `package rankguard.readers\n\nallow if "${group}" in input.identity.groups\n`;
const putPolicy = (rego: string) =>
  api.put('rerankpolicies', {
    apiVersion,
    kind: 'RerankPolicy',
    metadata: { namespace: 'shop', name: 'readers' },
    spec: { mode: 'enforce', modules: { 'a.rego': rego }, data: {}, tests: {} },
  });
const putConnection = (name = 'search', ingress: object = {}) =>
  api.put('rerankconnections', {
    apiVersion,
    kind: 'RerankConnection',
    metadata: { namespace: 'shop', name },
    spec: {
      selector: { matchLabels: { app: 'reranker' } },
      ingress: { port: 8080, capture: 'auto', dialects: ['tei'], ...ingress },
      identity: { anonymous: 'allow' },
      policies: [{ name: 'readers' }],
    },
  });
const putPod = (name: string, guarded: boolean, capture = 'relocate', listener: object = {}) =>
  api.put('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: 'shop',
      name,
      labels: { app: 'reranker', ...(guarded && { 'rankguard.dev/injected': 'true' }) },
      annotations: guarded ? { 'rankguard.dev/connections': `search=${capture}` } : {},
    },
    spec: {
      containers: [{ name: 'app', ports: [{ containerPort: 8080 }, { containerPort: 9000 }] }],
      initContainers: guarded
        ? [
            {
              name: 'rankguard',
              ports: [{ containerPort: 15921 }],
              env: [
                {
                  name: 'RANKGUARD_LISTENERS',
                  value: JSON.stringify([
                    {
                      connection: 'search',
                      capture,
                      port: 15930,
                      appPort: 8080,
                      upstreamPort: 8080,
                      ...listener,
                    },
                  ]),
                },
              ],
            },
          ]
        : [],
    },
    status: { phase: 'Running' },
  });

const statusOf = (name = 'search') =>
  api.collection('rerankconnections').objects.get(`shop/${name}`)?.['status'] as ConnectionStatus | undefined;
const openPorts = () => {
  const policy = api.collection('networkpolicies').objects.get('shop/rankguard-search') as
    | {
        readonly spec: {
          readonly ingress: readonly [{ readonly ports: readonly { readonly port: number }[] }];
        };
      }
    | undefined;
  return policy?.spec.ingress[0].ports.map(({ port }) => port);
};
const condition = (type: string, name = 'search') =>
  statusOf(name)?.conditions?.find((one) => one.type === type);
const served = ({ store }: Operator = operator) => {
  const stored = store.get('shop/search');
  return stored && (JSON.parse((JSON.parse(stored.body.toString()) as SignedBundle).bundle) as Bundle);
};
const active = () =>
  waitFor(() => condition('PolicyActive')?.status === 'True' && served(), 'it is active', 30_000);

describe('a connection', () => {
  test(
    'is compiled, put in force, and says so',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      const bundle = await active();
      expect(statusOf()).toMatchObject({
        observedGeneration: 1,
        activeRevision: bundle.revision,
        activeDigest: bundle.digest,
        policies: [{ name: 'shop/readers', mode: 'enforce' }],
        injection: { images: ['sidecar:1'], keys: ['root-1'] },
        pods: { guarded: 0, unguarded: 0 },
      });
      expect(condition('Ready')).toMatchObject({ status: 'True' });
      expect(happenings).toMatchObject([
        { type: 'Normal', reason: 'PolicyActive', regarding: { name: 'search' } },
      ]);
      const policy = () =>
        api.collection('rerankpolicies').objects.get('shop/readers')?.['status'] as PolicyStatus;
      await waitFor(
        () => policy()?.conditions?.find(({ type }) => type === 'Active')?.status === 'True',
        'the policy says so',
      );
      expect(policy()).toMatchObject({
        connections: [{ namespace: 'shop', name: 'search', revision: bundle.revision }],
      });
    },
    SLOW,
  );

  test(
    'gets each change under the next revision, and keeps the last good one when a change is bad',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      const first = await active();
      putPolicy(ALLOW('writers'));
      const second = await waitFor(
        () => served()?.revision === first.revision + 1 && served(),
        'the next revision',
        30_000,
      );
      expect(second.digest).not.toBe(first.digest);
      putPolicy('package rankguard.readers\n\nallow if input.identity.grups\n');
      await waitFor(() => condition('PolicyActive')?.status === 'False', 'it is refused', 30_000);
      expect(condition('PolicyActive')?.message).toMatch(
        /^revision \d+ stays in force: shop\/readers\/a\.rego:3: /,
      );
      expect(statusOf()?.messages?.[0]).toMatchObject({
        file: 'shop/readers/a.rego',
        line: 3,
        code: 'POLICY_INVALID',
      });
      expect(served()).toEqual(second);
      await waitFor(() => happenings.some(({ action }) => action === 'Refuse'), 'an Event');
    },
    SLOW,
  );

  test(
    'an operator that starts again serves the last good revision, and goes on counting',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      const first = await active();
      await operator.stop();
      putPolicy('not rego');
      operator = await startOperator();
      await waitFor(() => served()?.revision === first.revision, 'it is served');
      putPolicy(ALLOW('others'));
      await waitFor(() => served()?.revision === first.revision + 1, 'the next one', 30_000);
    },
    SLOW,
  );

  test(
    'revisions go on when the snapshot is lost, and when all is',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      const first = await active();
      const [key = ''] = api.collection('configmaps').objects.keys();
      api.remove('configmaps', key);
      await waitFor(() => (served()?.revision ?? 0) > first.revision, 'written again', 30_000);
      // In a cluster of its own it would have begun at the clock as well.
      expect(first.revision).toBeGreaterThan(1_700_000_000);
    },
    SLOW,
  );

  test(
    'a follower serves what the leader has put in force',
    async () => {
      const follower = await startOperator(false);
      try {
        putPolicy(ALLOW('readers'));
        putConnection();
        await active();
        await waitFor(() => served(follower)?.digest === served()?.digest, 'the same bundle');
      } finally {
        await follower.stop();
      }
    },
    SLOW,
  );

  test(
    'counts pods, and revisions as sidecars confirm them',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      const { revision } = await active();
      putPod('old', false);
      const { metadata } = putPod('new', true);
      await waitFor(() => statusOf()?.pods?.guarded === 1, 'a pod is guarded');
      expect(statusOf()?.pods).toMatchObject({ unguarded: 1, unguardedNames: ['old'] });
      expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'PodsUnguarded' });
      const pod = { namespace: 'shop', name: 'new', uid: metadata.uid };
      const ack = { connection: { namespace: 'shop', name: 'search' }, digest: 'd', revision, pod };
      operator.controllers.acknowledged({ ...ack, refused: null });
      await waitFor(() => statusOf()?.pods?.revisions?.[0]?.revision === revision, 'it is confirmed');
      api.remove('pods', 'shop/old');
      operator.controllers.acknowledged({
        ...ack,
        refused: { code: 'BUNDLE_REFUSED', message: 'no Secret' },
      });
      await waitFor(() => condition('Ready')?.reason === 'BundleRefused', 'it is refused');
      expect(condition('Ready')?.message).toContain('pod new refuses the bundle');
    },
    SLOW,
  );

  test(
    'the younger of two on a port is in conflict, until the older is gone',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection('a-first');
      await waitFor(
        () => condition('PolicyActive', 'a-first')?.status === 'True',
        'the first is active',
        30_000,
      );
      putConnection('search');
      await waitFor(() => condition('Conflicted')?.status === 'True', 'the second is in conflict');
      expect(condition('Ready')?.message).toContain('shop/a-first is older');
      expect(served()).toBeUndefined();
      api.remove('rerankconnections', 'shop/a-first');
      await active();
    },
    SLOW,
  );

  test(
    'by port name has its ports closed before a pod may be admitted',
    async () => {
      const accepted = () => statusOf()?.injection !== undefined;
      let wasOpen = false;
      const looking = setInterval(() => {
        if (accepted() && openPorts() === undefined) wasOpen = true;
      }, 1);
      putPolicy(ALLOW('readers'));
      putConnection('search', { capture: 'port-name', otherPorts: [{ port: 9000, why: 'metrics' }] });
      await waitFor(accepted, 'pods are admitted', 30_000);
      clearInterval(looking);
      expect(wasOpen).toBe(false);
      expect(openPorts()).toEqual(expect.arrayContaining([9000, 15920, 15921, 15930]));
      expect(openPorts()).not.toContain(8080);
    },
    SLOW,
  );

  test(
    'makes a key where `auto` ended at the port name, and for nobody else',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      putPod('moved', true);
      const { connection } = await active();
      expect(connection.upstreamKey).toBeNull();
      await waitFor(() => statusOf()?.pods?.guarded === 1, 'the pod is seen');
      expect(statusOf()?.upstreamKeySecret).toBeUndefined();
      expect(api.collection('secrets').objects.size).toBe(0);
      putPod('stays', true, 'port-name', { locked: true });
      const name = await waitFor(() => statusOf()?.upstreamKeySecret, 'a key');
      expect(connection.generatedKey).toEqual({ name, key: 'key' });
      expect(api.collection('secrets').objects.has(`shop/${name}`)).toBe(true);
      api.remove('rerankconnections', 'shop/search');
      for (const pod of ['moved', 'stays']) api.remove('pods', `shop/${pod}`);
      await waitFor(() => api.collection('secrets').objects.size === 0, 'the key goes with the pods', 30_000);
    },
    SLOW,
  );

  test(
    'that is deleted is served until its last pod is gone',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection('search', { capture: 'port-name', server: 'tei' });
      putPod('new', true, 'port-name');
      await active();
      const upstreamKeySecret = await waitFor(() => statusOf()?.upstreamKeySecret, 'a key');
      expect(served()?.connection.upstreamKey).toEqual({ name: upstreamKeySecret, key: 'key' });
      await waitFor(() => openPorts()?.join() === '9000,15921,15930', 'what the pod declares is open');
      api.remove('rerankconnections', 'shop/search');
      await waitFor(
        () => api.collection('mutatingwebhookconfigurations').objects.size === 0,
        'nobody asks any more',
      );
      expect(served()).toBeDefined();
      api.remove('pods', 'shop/new');
      await waitFor(() => served() === undefined, 'nothing is served', 30_000);
      expect(api.collection('networkpolicies').objects.size).toBe(0);
      expect(api.collection('secrets').objects.size).toBe(0);
    },
    SLOW,
  );

  test(
    'admission is asked about it, whatever becomes of the configuration',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      const webhooks = api.collection('mutatingwebhookconfigurations').objects;
      await waitFor(() => webhooks.size === 1, 'a configuration');
      api.remove('mutatingwebhookconfigurations', 'rankguard-shop');
      await waitFor(() => webhooks.size === 1, 'it is there again');
      const name = 'rankguard-shop';
      const labels = { 'app.kubernetes.io/managed-by': 'rankguard' };
      api.put('mutatingwebhookconfigurations', { metadata: { name, labels }, webhooks: [] });
      const asked = () => JSON.stringify(webhooks.get(name)?.['webhooks']);
      await waitFor(() => asked() === '[{"name":"search"}]', 'it asks again');
      const said = await waitFor(
        () => happenings.find(({ note }) => note.includes('was changed by somebody else')),
        'an Event',
      );
      expect(said).toMatchObject({ reason: 'WebhookChanged', regarding: { name: 'search' } });
    },
    SLOW,
  );

  test(
    'accepts what old and new replicas inject during an upgrade',
    async () => {
      putConnection();
      await waitFor(() => statusOf()?.injection, 'injection is accepted');
      live = [
        ...live,
        { name: 'operator-1', image: 'sidecar:2', keys: ['root-1', 'root-2'], url: '', ca: 'PEM' },
      ];
      operator.controllers.everythingChanged();
      await waitFor(() => statusOf()?.injection?.images?.length === 2, 'both');
      expect(statusOf()?.injection).toEqual({
        images: ['sidecar:1', 'sidecar:2'],
        keys: ['root-1', 'root-2'],
      });
    },
    SLOW,
  );

  test(
    'comes to rest: nothing is written when nothing has changed',
    async () => {
      putPolicy(ALLOW('readers'));
      putConnection();
      await active();
      await waitFor(() => operator.controllers.depth() === 0, 'it is calm');
      const writes = () =>
        api.seen.filter(({ verb, path }) => verb === 'PATCH' && path.endsWith('/status')).length;
      const before = writes();
      operator.controllers.everythingChanged();
      await waitFor(() => operator.controllers.depth() === 0, 'it is calm again');
      expect(writes()).toBe(before);
    },
    SLOW,
  );
});
