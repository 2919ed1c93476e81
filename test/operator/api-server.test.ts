import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import type { ConnectionStatus } from '@rankguard/contract/resources';
import {
  createKube,
  createTransport,
  type Kube,
  type KubeObject,
  RESOURCES,
  type Transport,
} from '@rankguard/operator/kube';
import { type RunningOperator, runOperator } from '@rankguard/operator/run';
import { readSettings } from '@rankguard/operator/settings';
import { pino } from 'pino';
import { freePort } from '../../examples/support-search/src/demo/processes.ts';
import { type ApiServer, hasApiServer, startApiServer } from '../../tools/cluster/api-server.ts';
import { createBinaryStore } from '../../tools/cluster/binaries.ts';
import { byName, connection, debuggers, pod, podByName, policy } from '../support/operator/shop.ts';
import { operatorToken, shareUsage, tellerOf } from '../support/operator/teller.ts';
import { waitFor } from '../support/wait.ts';

/**
 * The operator against a real kube-apiserver and etcd, with the rights that the chart gives it. There are no nodes,
 * so pods are objects that nobody runs; admission is asked over this machine's own address.
 */
const execute = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const cache = process.env['RANKGUARD_TOOLS_CACHE'] ?? join(root, 'tools/.cache');
const store = createBinaryStore({ cache, say: () => {} });
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
const isPossible = hasApiServer(store) && existsSync(store.path('helm')) && address !== undefined;
const suite = isPossible ? describe : describe.skip;
const SLOW = 120_000;
const PATIENCE = 60_000;
interface Ports {
  readonly admission: number;
  readonly control: number;
  readonly admin: number;
}
let ports: Ports;

let api: ApiServer;
let transport: Transport;
let kube: Kube;
let folder: string;
const operators: RunningOperator[] = [];

async function freePorts(): Promise<Ports> {
  const [admission, control, admin] = await Promise.all([freePort(), freePort(), freePort()]);
  return { admission, control, admin };
}

/** Never by a call that blocks: the API server asks this process while kubectl waits. */
async function kubectl(...args: string[]): Promise<string> {
  return (await execute(api.kubectl, ['--kubeconfig', api.kubeconfig, ...args])).stdout;
}
async function apply(text: string): Promise<string> {
  const file = join(folder, 'apply.yaml');
  writeFileSync(file, text);
  return await kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
}
/** The API server takes up webhooks a moment after they are stored. */
async function applyGuarded(text: string): Promise<void> {
  const file = join(folder, 'guarded.yaml');
  writeFileSync(file, text);
  const create = (...flags: string[]) => kubectl('create', '-o', 'json', '-f', file, ...flags);
  const isInjected = async () =>
    (await create('--dry-run=server').catch(String)).includes('"rankguard.dev/injected"');
  await waitFor(isInjected, 'admission is asked about the pod', PATIENCE);
  await create();
}
/** What kubectl says on standard error when it fails. */
async function refusal(act: Promise<string>): Promise<string> {
  const failed = await act.then(
    () => undefined,
    (error: { stderr?: unknown }) => String(error.stderr),
  );
  if (failed === undefined) throw new Error('it was not refused');
  return failed;
}

async function startOperator(name: string, ports: Ports, image = 'sidecar:1') {
  const config = new KubeConfig();
  config.loadFromFile(
    await api.kubeconfigOf('system:serviceaccount:system:rankguard', [
      'system:serviceaccounts',
      'system:authenticated',
    ]),
  );
  const read = readSettings({
    RANKGUARD_NAMESPACE: 'system',
    RANKGUARD_POD_NAME: name,
    RANKGUARD_POD_IP: address ?? '',
    RANKGUARD_SERVICE_ACCOUNT: 'rankguard',
    RANKGUARD_RELEASE: 'rankguard',
    RANKGUARD_SERVICE: 'rankguard',
    RANKGUARD_OWNER: 'rankguard',
    RANKGUARD_SIDECAR_IMAGE: image,
    RANKGUARD_OPA: (await execute(join(root, 'tools/opa.sh'))).stdout.trim(),
  });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const tokenFile = join(folder, 'operator-token');
  writeFileSync(tokenFile, await operatorToken(kubectl));
  const logger = pino({ level: process.env['RANKGUARD_TEST_LOG'] ?? 'silent' });
  const operator = await runOperator({
    settings: read.settings,
    kubeconfig: config,
    logger,
    cacheDir: join(folder, 'policies'),
    host: '0.0.0.0',
    ports,
    tokenFile,
    leaveMs: 0,
    graceMs: 1_000,
  });
  operators.push(operator);
  return operator;
}

suite('the operator on a real API server', () => {
  beforeAll(async () => {
    ports = await freePorts();
    folder = mkdtempSync(join(tmpdir(), 'rankguard-operator-'));
    api = await startApiServer(store);
    const config = new KubeConfig();
    config.loadFromFile(api.kubeconfig);
    transport = createTransport(config);
    kube = createKube({ transport, userAgent: 'test' });
    await kubectl('create', 'namespace', 'system');
    await kubectl('create', 'namespace', 'shop');
    await kubectl('create', 'serviceaccount', 'default', '--namespace', 'shop');
    await kubectl('create', 'serviceaccount', 'rankguard', '--namespace', 'system');
    await kubectl('apply', '--server-side', '-f', join(root, 'crds'));
    await kubectl('wait', '--for=condition=Established', '--all', 'crd');
    const args = ['template', 'rankguard', join(root, 'charts/rankguard'), '--namespace', 'system'];
    const { stdout } = await execute(store.path('helm'), [...args, '--show-only', 'templates/rbac.yaml']);
    await apply(stdout);
    await apply(`${service()}---\n${debuggers()}`);
  }, SLOW);
  afterAll(async () => {
    await Promise.all(operators.map((one) => one.stop()));
    await transport?.close();
    await api?.close();
    rmSync(folder, { recursive: true, force: true });
  }, SLOW);

  test(
    'takes its resources, puts a policy in force within the rights of the chart, and says so',
    async () => {
      const operator = await startOperator('operator-0', ports);
      await waitFor(() => operator.missing().length === 0 && operator.isLeader(), 'it leads', PATIENCE);
      await waitFor(
        async () => (await kube.list(RESOURCES.validatingWebhooks)).items.length > 0,
        'admission is asked',
        PATIENCE,
      );
      await apply(`${policy('readers')}---\n${connection()}`);
      expect(await active()).toMatchObject({
        policies: [{ name: 'shop/readers' }],
        injection: { images: ['sidecar:1'] },
      });
      expect(await kubectl('get', 'rankguard', '-n', 'shop')).toContain(
        'rerankconnection.rankguard.dev/search',
      );
      const isTold = async () =>
        (await kubectl('get', 'events.events.k8s.io', '-n', 'shop')).includes('PolicyActive');
      await waitFor(isTold, 'an Event', PATIENCE);
    },
    SLOW,
  );

  test(
    'a broken policy is refused by kubectl apply with file and line, and the last good one stays',
    async () => {
      const before = await active();
      const said = await refusal(apply(policy('readers', 'grups')));
      expect(said).toMatch(/shop\/readers\/a\.rego:3: .*did you mean input\.identity\.groups/s);
      expect((await active()).activeRevision).toBe(before.activeRevision);
    },
    SLOW,
  );

  test(
    'an edit is put in force, and each says which revision',
    async () => {
      const { activeRevision = 0 } = await active();
      await apply(policy('writers'));
      await waitFor(
        async () => (await snapshotRevision()) === activeRevision + 1,
        'the next revision',
        PATIENCE,
      );
      const isSaid = async () => (await active()).activeRevision === activeRevision + 1;
      await waitFor(isSaid, 'the status says so', PATIENCE);
    },
    SLOW,
  );

  test(
    'who may exec into a guarded pod is named, by the rights that the chart gives',
    async () => {
      await applyGuarded(pod());
      const isNamed = async () =>
        (await active()).conditions?.find(({ type }) => type === 'BypassPossible')?.message ===
        'rights of the API lead past the sidecar: Group debuggers (exec: RoleBinding debuggers)';
      await waitFor(isNamed, 'the group is named', PATIENCE);
    },
    SLOW,
  );

  test(
    'an app that keeps its port gets a key and a NetworkPolicy within the rights of the chart, and loses them again',
    async () => {
      await apply(byName());
      await applyGuarded(podByName());
      const name = { namespace: 'shop', name: 'by-name' };
      type Stored = KubeObject & { status?: ConnectionStatus };
      const keyOf = async () =>
        (await kube.get<Stored>(RESOURCES.connections, name)).status?.upstreamKeySecret;
      const secret = await waitFor(keyOf, 'a key', PATIENCE);
      const guards = await kubectl(
        'get',
        'networkpolicy/rankguard-by-name',
        `secret/${secret}`,
        '-n',
        'shop',
      );
      expect(guards).toContain('rankguard-by-name');
      const said = await kubectl('get', 'pod', 'by-name', '-n', 'shop', '-o', 'json');
      expect(JSON.parse(said).spec.containers[0].env).toContainEqual({
        name: 'API_KEY',
        valueFrom: { secretKeyRef: { name: secret, key: 'key' } },
      });
      await kubectl('delete', 'pod', 'by-name', '-n', 'shop', '--force');
      await kubectl('delete', 'rrc', 'by-name', '-n', 'shop', '--wait=false');
      const scope = { namespace: 'system', labelSelector: 'rankguard.dev/bundle=true' };
      const isGone = async () => (await kube.list(RESOURCES.configMaps, scope)).items.length === 1;
      await waitFor(isGone, 'what was made for it goes with it', PATIENCE);
      expect(await kubectl('get', 'networkpolicies,secrets', '-n', 'shop', '-o', 'name')).toBe('');
    },
    SLOW,
  );

  test(
    'what a pod was captured by cannot change under it',
    async () => {
      const change = '{"spec":{"ingress":{"port":9999}}}';
      const said = await refusal(
        kubectl('patch', 'rrc', 'search', '-n', 'shop', '--type', 'merge', '-p', change),
      );
      expect(said).toContain('cannot be changed');
    },
    SLOW,
  );

  test(
    'a second replica of another version follows, and leads when the first ends; usage is shared over both',
    async () => {
      const second = await startOperator('operator-1', await freePorts(), 'sidecar:2');
      await waitFor(() => second.missing().length === 0, 'it may be asked', PATIENCE);
      const images = async () => (await active()).injection?.images?.join();
      expect(await images()).toBe('sidecar:1,sidecar:2');
      expect(second.isLeader()).toBe(false);
      await applyGuarded(pod('tei-1'));
      const tellers = [await tellerOf(kubectl, 'tei-0'), await tellerOf(kubectl, 'tei-1')] as const;
      const urls = [ports, second.ports].map(({ control }) => `https://${address}:${control}`);
      for (const teller of tellers) teller.call();
      await shareUsage(tellers, urls);
      await operators.shift()?.stop();
      await waitFor(() => second.isLeader(), 'it leads', PATIENCE);
      tellers[0].call();
      await shareUsage(tellers, urls.slice(1));
      await waitFor(
        async () => (await images()) === 'sidecar:2',
        'the old image is no longer accepted',
        PATIENCE,
      );
    },
    SLOW,
  );

  test(
    'an API server that starts again changes nothing but time',
    async () => {
      await api.restart();
      await kubectl('delete', 'validatingwebhookconfigurations', 'rankguard-kinds');
      await kubectl('delete', 'pods', '--all', '-n', 'shop', '--force');
      await kubectl('delete', 'rrc', 'search', '-n', 'shop', '--wait=false');
      const isGone = async () => (await snapshotRevision()) === undefined;
      await waitFor(isGone, 'the snapshot goes with its connection', PATIENCE);
    },
    SLOW,
  );
});

/** The status of the connection as soon as its policies are active. */
async function active(): Promise<ConnectionStatus> {
  const name = { namespace: 'shop', name: 'search' };
  return await waitFor(
    async () => {
      const { status } = await kube.get<KubeObject & { status?: ConnectionStatus }>(
        RESOURCES.connections,
        name,
      );
      return (
        status?.conditions?.some(({ type, status: is }) => type === 'PolicyActive' && is === 'True') && status
      );
    },
    'it is active',
    PATIENCE,
  );
}

async function snapshotRevision(): Promise<number | undefined> {
  const scope = { namespace: 'system', labelSelector: 'rankguard.dev/bundle=true' };
  const { items } = await kube.list<KubeObject & { data: { revision: string } }>(RESOURCES.configMaps, scope);
  return items[0] === undefined ? undefined : Number(items[0].data.revision);
}

/** The API server finds admission by the Service's endpoints. */
const service = () => `apiVersion: v1
kind: Service
metadata: {name: rankguard, namespace: system}
spec:
  ports: [{name: admission, port: 443, targetPort: ${ports.admission}}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: rankguard, namespace: system, labels: {kubernetes.io/service-name: rankguard}}
addressType: IPv4
endpoints: [{addresses: [${JSON.stringify(address)}], conditions: {ready: true}}]
ports: [{name: admission, port: ${ports.admission}}]
`;
