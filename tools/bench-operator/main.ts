import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { createKube, createTransport, type Kube, RESOURCES } from '@rankguard/operator/kube';
import { Agent, request } from 'undici';
import { freePort } from '../../examples/support-search/src/demo/processes.ts';
import { startApiServer } from '../cluster/api-server.ts';
import { createBinaryStore } from '../cluster/binaries.ts';

/**
 * The operator's memory and the injector's latency against a real kube-apiserver. Pods are objects that no kubelet
 * runs. Usage: node -C source tools/bench-operator/main.ts [connections] [guarded pods] [other pods]
 */
const root = join(import.meta.dirname, '../..');
const cache = process.env['RANKGUARD_TOOLS_CACHE'] ?? join(root, 'tools/.cache');
const [connections = 200, guarded = 2000, others = 2000] = process.argv.slice(2).map(Number);
const NAMESPACES = 10;
const REVIEWS = 500;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'rankguard-bench-operator-'));

const api = await startApiServer(createBinaryStore({ cache, say }));
let child: ChildProcess | undefined;
try {
  await measure();
} finally {
  child?.kill('SIGKILL');
  await api.close();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  const kube = createKube({ transport: createTransport(config), userAgent: 'bench' });
  await execute(api.kubectl, [
    '--kubeconfig',
    api.kubeconfig,
    'apply',
    '--server-side',
    '-f',
    join(root, 'crds'),
  ]);
  await execute(api.kubectl, [
    '--kubeconfig',
    api.kubeconfig,
    'wait',
    '--for=condition=Established',
    '--all',
    'crd',
  ]);
  await fill(kube);
  const ports = { admission: await freePort(), control: await freePort(), admin: await freePort() };
  const started = performance.now();
  child = await startOperator(ports);
  await until(
    async () => (await metric(ports.admin, 'rankguard_operator_bundles')) >= connections,
    'all are active',
  );
  say(`all ${connections} connections active after ${Math.round((performance.now() - started) / 1000)} s`);
  await until(
    async () => (await metric(ports.admin, 'rankguard_operator_queue_depth')) === 0,
    'the queue is empty',
  );
  await report(ports.admin, `${connections} connections, ${guarded} guarded pods`);
  await pods(kube, others, false, 'other');
  await report(ports.admin, `and ${others} pods that no connection selects`);
  await latency(ports.admission);
}

async function fill(kube: Kube): Promise<void> {
  await kube.create(RESOURCES.clusterRoles, { metadata: { name: 'rankguard' }, rules: [] });
  for (const name of ['system', ...Array.from({ length: NAMESPACES }, (_, i) => `shop-${i}`)]) {
    await kube.create(RESOURCES.namespaces, { metadata: { name } });
    await kube
      .create(
        { ...RESOURCES.secrets, plural: 'serviceaccounts', kind: 'ServiceAccount' },
        { metadata: { namespace: name, name: 'default' } },
      )
      .catch(() => {});
    if (name === 'system') continue;
    const rego = `package rankguard.readers\n\nallow if "${name}" in input.identity.groups\n`;
    await kube.create(RESOURCES.policies, {
      metadata: { namespace: name, name: 'readers' },
      spec: { modules: { 'a.rego': rego } },
    });
  }
  await together(connections, (i) =>
    kube.create(RESOURCES.connections, {
      metadata: { namespace: `shop-${i % NAMESPACES}`, name: `search-${i}` },
      spec: {
        selector: { matchLabels: { app: `reranker-${i}` } },
        ingress: { port: 8080, server: 'tei', dialects: ['tei'] },
        identity: { anonymous: 'allow' },
        policies: [{ name: 'readers' }],
      },
    }),
  );
  await pods(kube, guarded, true, 'guarded');
}

async function pods(kube: Kube, count: number, isGuarded: boolean, prefix: string): Promise<void> {
  await together(count, (i) => {
    const connection = i % Math.max(1, connections);
    const labels = { app: `reranker-${connection}`, 'rankguard.dev/injected': 'true' };
    const annotations = { 'rankguard.dev/connections': `search-${connection}=relocate` };
    return kube.create(RESOURCES.pods, {
      metadata: {
        namespace: `shop-${connection % NAMESPACES}`,
        name: `${prefix}-${i}`,
        ...(isGuarded && { labels, annotations }),
      },
      spec: {
        containers: [{ name: 'app', image: 'tei' }],
        ...(isGuarded && {
          initContainers: [{ name: 'rankguard', image: 'sidecar:1', restartPolicy: 'Always' }],
        }),
      },
    });
  });
  say(`${count} ${prefix} pods made`);
}

async function together(count: number, act: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

async function startOperator(ports: {
  admission: number;
  control: number;
  admin: number;
}): Promise<ChildProcess> {
  const { stdout } = await execute(join(root, 'tools/opa.sh'));
  return spawn(process.execPath, [join(root, 'tools/bench-operator/operator/main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      TMPDIR: folder,
      NODE_OPTIONS: '-C source',
      KUBECONFIG: api.kubeconfig,
      RANKGUARD_BENCH_PORTS: JSON.stringify(ports),
      RANKGUARD_NAMESPACE: 'system',
      RANKGUARD_POD_NAME: 'operator-0',
      RANKGUARD_POD_IP: '127.0.0.1',
      RANKGUARD_SERVICE_ACCOUNT: 'rankguard',
      RANKGUARD_RELEASE: 'rankguard',
      RANKGUARD_SERVICE: 'rankguard',
      RANKGUARD_OWNER: 'rankguard',
      RANKGUARD_SIDECAR_IMAGE: 'sidecar:1',
      RANKGUARD_OPA: stdout.trim(),
      RANKGUARD_LOG_LEVEL: 'error',
    },
  });
}

async function metric(port: number, name: string): Promise<number> {
  try {
    const { body } = await request(`http://127.0.0.1:${port}/metrics`);
    const text = await body.text();
    return Number(
      new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN,
    );
  } catch {
    return Number.NaN;
  }
}

async function report(port: number, what: string): Promise<void> {
  const rss = await metric(port, 'process_resident_memory_bytes');
  const heap = await metric(port, 'nodejs_heap_size_used_bytes');
  const outside = await metric(port, 'nodejs_external_memory_bytes');
  const watched = await metric(port, 'rankguard_operator_watched_objects{kind="pods"}');
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  say(
    `${what}: ${mib(rss)} resident (${mib(heap)} heap, ${mib(outside)} outside it), ${watched} pods in the local copy`,
  );
}

async function latency(port: number): Promise<void> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const times: number[] = [];
  for (let i = 0; i < REVIEWS; i++) {
    const body = JSON.stringify(review(i));
    const started = performance.now();
    const answer = await request(`https://127.0.0.1:${port}/mutate/pods/search-0`, {
      method: 'POST',
      dispatcher,
      body,
      headers: { 'content-type': 'application/json' },
    });
    const text = await answer.body.text();
    times.push(performance.now() - started);
    if (i === 0)
      say(
        `admission: ${answer.statusCode} ${text.includes('"patch"') ? 'with a patch' : text.slice(0, 300)}`,
      );
  }
  await dispatcher.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(1);
  say(`injection of a pod: median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms of ${REVIEWS}`);
}

function review(i: number): object {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `new-${i}`, namespace: 'shop-0', labels: { app: 'reranker-0' } },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'ghcr.io/huggingface/text-embeddings-inference:cpu-1.8',
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [{ name: 'PORT', value: '8080' }],
          readinessProbe: { httpGet: { path: '/health', port: 8080 } },
        },
      ],
    },
  };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `u${i}`,
      operation: 'CREATE',
      namespace: 'shop-0',
      name: `new-${i}`,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      userInfo: { username: 'bench' },
      object,
    },
  };
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 600_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
