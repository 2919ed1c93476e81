import { beforeAll, expect, test } from '@jest/globals';
import { helm, install, uninstall } from './support/chart.ts';
import { apply, eventually, get, kubectl } from './support/kubectl.ts';
import { IMAGES, RELEASE, SYSTEM } from './support/settings.ts';

beforeAll(() => install(), 200_000);

interface List {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly uid: string } }[];
}
const names = async (...args: string[]) =>
  (await get<List>(...args)).items.map(({ metadata }) => metadata.name);

test('helm test sees a selected pod come back with the sidecar', async () => {
  expect(await helm('test', RELEASE, '--logs')).toContain('a selected pod gets the sidecar');
});

test('an upgrade to itself with other values is rolled out', async () => {
  await install('operator.logLevel=warn', 'operator.resources.requests.cpu=60m');
  const { spec } = await get<{
    spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
  }>(...['deployment', RELEASE, '-n', SYSTEM]);
  expect(spec.template.spec.containers[0]?.env).toContainEqual({
    name: 'RANKGUARD_LOG_LEVEL',
    value: 'warn',
  });
});

test('uninstalled, nothing is left that refuses pods; keys and resources stay for a reinstall', async () => {
  const namespace = 'reinstall';
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'rankguard.dev/v1alpha1',
      kind: 'RerankConnection',
      metadata: { name: 'kept', namespace },
      spec: {
        selector: { matchLabels: { app: 'kept' } },
        ingress: { port: 3000, capture: 'relocate', server: 'tei', dialects: ['tei'] },
        identity: { anonymous: 'deny', serviceAccounts: { audiences: ['kept'] } },
      },
    },
  );
  const webhooks = `rankguard-pods-${namespace}`;
  await eventually(() => kubectl(['get', 'validatingwebhookconfiguration', webhooks]));
  const secrets = async () =>
    (await get<List>('secrets', '-n', SYSTEM)).items
      .filter(({ metadata }) => !metadata.name.startsWith('sh.helm.'))
      .map(({ metadata }) => `${metadata.name} ${metadata.uid}`);
  const kept = await secrets();
  expect(kept.length).toBeGreaterThan(0);

  await uninstall();
  await eventually(async () => {
    const all = await names(
      'mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies',
    );
    expect(all.filter((name) => name.startsWith('rankguard'))).toEqual([]);
  });
  await eventually(() =>
    apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'free', namespace, labels: { app: 'kept' } },
      spec: { containers: [{ name: 'app', image: IMAGES.example, imagePullPolicy: IMAGES.pullPolicy }] },
    }),
  );
  expect(await secrets()).toEqual(kept);
  expect(await names('rerankconnections', '-n', namespace)).toEqual(['kept']);

  await install();
  await eventually(() => kubectl(['get', 'validatingwebhookconfiguration', webhooks]));
  expect(await secrets()).toEqual(kept);
  await eventually(async () => {
    const { status } = await get<{ status: { pods: { unguarded: number } } }>('rrc', 'kept', '-n', namespace);
    expect(status.pods.unguarded).toBe(1);
  });
  await kubectl(['delete', 'namespace', namespace, '--timeout=90s']);
}, 400_000);
