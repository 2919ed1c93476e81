import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { admissionPolicies } from '@rankguard/operator/webhooks';
import { hasApiServer } from '../../../tools/cluster/api-server.ts';
import { rankguard } from '../../cli/io.ts';
import { startTestCluster, store, type TestCluster } from '../admission/cluster.ts';

const SLOW = 120_000;

test(
  'without a cluster it says so, and that something is missing',
  async () => {
    const { code, stderr } = await rankguard(['check', '--kubeconfig', '/no/such']);
    expect(code).toBe(69);
    expect(stderr).toContain('CLUSTER_UNAVAILABLE');
    expect((await rankguard(['check', 'search', '--kubeconfig', '/no/such'])).code).toBe(64);
  },
  SLOW,
);

// Building kube-apiserver takes minutes; `make cluster` does it, and this suite runs where it is there.
(hasApiServer(store) ? describe : describe.skip)('on a real API server', () => {
  let cluster: TestCluster;
  interface Line {
    readonly check: string;
    readonly status: string;
    readonly message: string | null;
  }
  const check = async (...args: string[]) => {
    const kubeconfig = ['--kubeconfig', cluster.server.kubeconfig];
    const { code, stdout, stderr } = await rankguard(['check', ...args, ...kubeconfig, '-o', 'json']);
    if (stdout === '') throw new Error(stderr);
    const lines = JSON.parse(stdout) as Line[];
    const status = (text: string) => lines.find((line) => line.check.includes(text));
    return { code, lines, status };
  };

  beforeAll(async () => {
    cluster = await startTestCluster();
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'rankguard-system' } },
    );
  }, SLOW);
  afterAll(async () => await cluster?.close(), SLOW);

  test(
    'before the installation: what is needed is there',
    async () => {
      const { code, lines } = await check('--pre');
      expect(lines.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
      expect(code).toBe(0);
    },
    SLOW,
  );

  test(
    'somebody without the rights is told which',
    async () => {
      const nobody = await cluster.server.kubeconfigOf('nobody');
      const said = await rankguard(['check', '--pre', '--kubeconfig', nobody]);
      expect(said.code).toBe(1);
      expect(said.stdout).toContain('× you may create what the chart installs');
      expect(said.stdout).toContain('not allowed: create customresourcedefinitions');
    },
    SLOW,
  );

  test(
    'a half installation names what lacks',
    async () => {
      const { code, status } = await check();
      expect(code).toBe(1);
      expect(status('CustomResourceDefinitions')).toMatchObject({ status: 'ok' });
      expect(status('ValidatingAdmissionPolicies are bound')).toMatchObject({
        status: 'error',
        message: expect.stringContaining('rankguard-pods.rankguard.dev'),
      });
      expect(status('operator runs')).toMatchObject({ status: 'error' });
      await cluster.apply(...admissionPolicies({ operatorNamespace: 'rankguard-system' }));
      expect((await check()).status('ValidatingAdmissionPolicies are bound')).toMatchObject({ status: 'ok' });
    },
    SLOW,
  );

  test(
    'a connection: its webhooks, conditions, and what NetworkPolicies keep from its sidecars',
    async () => {
      await cluster.apply(
        {
          apiVersion: 'rankguard.dev/v1alpha1',
          kind: 'RerankConnection',
          metadata: { name: 'search', namespace: 'shop' },
          spec: {
            selector: { matchLabels: { app: 'reranker' } },
            ingress: { port: 'http', dialects: ['tei'] },
            identity: { issuers: [{ issuer: 'https://idp.example.com', audiences: ['a'] }] },
          },
        },
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'dns-only', namespace: 'shop' },
          spec: {
            podSelector: {},
            policyTypes: ['Egress'],
            egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }],
          },
        },
      );
      const { code, status } = await check('shop/search');
      expect(code).toBe(1);
      expect(status('webhooks')).toMatchObject({ status: 'error' });
      expect(status('connections are ready')).toMatchObject({
        status: 'error',
        message: 'shop/search: the operator has not said so yet',
      });
      expect(status('NetworkPolicies')).toMatchObject({
        status: 'warning',
        message:
          'shop/search: the control API by dns-only\nshop/search: the issuer idp.example.com by dns-only',
      });
    },
    SLOW,
  );

  test(
    'pods that an upgrade left with an older sidecar are listed',
    async () => {
      const withSidecar = (name: string, image: string) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name,
          namespace: 'shop',
          labels: { 'rankguard.dev/injected': 'true' },
          annotations: { 'rankguard.dev/connections': 'search=relocate' },
        },
        spec: {
          automountServiceAccountToken: false,
          initContainers: [{ name: 'rankguard', image, restartPolicy: 'Always' }],
          containers: [{ name: 'app', image: 'app' }],
        },
      });
      await cluster.apply(
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } },
        withSidecar('from-before', 'registry.example.com/sidecar:1'),
        withSidecar('from-now', 'registry.example.com/sidecar:2'),
      );
      const status = { injection: { images: ['registry.example.com/sidecar:2'] } };
      const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
      const patched = await cluster.kubectl(['patch', '-n', 'shop', 'rerankconnection', 'search', ...patch]);
      expect(patched).toMatchObject({ code: 0 });
      const { status: verdict } = await check('shop/search');
      expect(verdict('injected now')).toMatchObject({
        status: 'warning',
        message: expect.stringMatching(/:\nshop\/from-before \(registry\.example\.com\/sidecar:1\)$/),
      });
      await cluster.kubectl(['delete', 'pod', '-n', 'shop', '--all', '--grace-period=0', '--force']);
    },
    SLOW,
  );

  test(
    'before the uninstallation: what is left behind',
    async () => {
      const { code, status } = await check('--pre-uninstall');
      expect(code).toBe(0);
      expect(status('no pod depends')).toMatchObject({ status: 'ok' });
      expect(status('without its operator')).toMatchObject({
        status: 'warning',
        message: expect.stringContaining('shop/search'),
      });
    },
    SLOW,
  );
});
