import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { type Call, type Client, startClient } from './support/client.ts';
import { apply, eventually, get, kubectl, refusedApply, token } from './support/kubectl.ts';
import { IMAGES, SYSTEM } from './support/settings.ts';

const NAMESPACE = 'life';
const examples = join(import.meta.dirname, '../../examples/kubernetes');
const example = (name: string) =>
  readFileSync(join(examples, name), 'utf8')
    .replaceAll('namespace: support', `namespace: ${NAMESPACE}`)
    .replaceAll('"namespace": "support"', `"namespace": "${NAMESPACE}"`)
    .replaceAll('namespace == "support"', `namespace == "${NAMESPACE}"`)
    .replaceAll('localhost/support-search:dev', IMAGES.example)
    .replaceAll('imagePullPolicy: IfNotPresent', `imagePullPolicy: ${IMAGES.pullPolicy}`);

let client: Client;
let call: Call;
beforeAll(async () => {
  await install();
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await apply(example('connection.yaml'), example('callers.yaml'));
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', 'rrc/reranker', '--timeout=60s']);
  await apply(example('reranker.yaml'));
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/reranker', '--timeout=120s']);
  client = await startClient();
  call = {
    url: `http://reranker.${NAMESPACE}/rerank`,
    token: await token(NAMESPACE, 'search-frontend', 'reranker', '--duration=1h'),
    body: { query: 'refund', texts: ['a refund', 'the weather'] },
  };
  await eventually(async () => expect((await client.call(call)).status).toBe(200));
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

interface Status {
  readonly activeRevision: number;
}
const revision = async () =>
  (await get<{ status: Status }>('rrc', 'reranker', '-n', NAMESPACE)).status.activeRevision;

describe('a change of a policy', () => {
  test('is in force everywhere soon after it is applied, without a failed call', async () => {
    const load = await client.load(call, 4);
    const before = await revision();
    const edited = example('connection.yaml').replace(
      'The query asks for social security numbers.',
      'The query asks for social security numbers. Ask for the ticket instead.',
    );
    const pods = await get<{ items: { status: { podIP: string } }[] }>(
      ...['pods', '-n', NAMESPACE, '-l', 'app=reranker'],
    );
    await apply(edited);
    const appliedAt = performance.now();
    const after = await eventually(async () => {
      const now = await revision();
      expect(now).toBeGreaterThan(before);
      return now;
    });
    for (const { status } of pods.items) {
      await eventually(async () => {
        const metrics = await client.call({ url: `http://${status.podIP}:15920/metrics` });
        expect(metrics.text).toMatch(new RegExp(`rankguard_bundle_revision\\{[^}]*\\} ${after}\\b`));
      });
    }
    // What the suite itself takes to look is in this number.
    process.stderr.write(
      `policy in force in every sidecar after ${Math.round(performance.now() - appliedAt)} ms\n`,
    );
    const counts = await load.stop();
    expect(Object.keys(counts)).toEqual(['200']);
  });

  test('that does not compile, fails its test or runs away is refused with the reason, and the old one stays', async () => {
    const before = await revision();
    const broken = example('connection.yaml').replace('allow if {', 'allow if {{');
    expect(await refusedApply(broken)).toMatch(/callers\.rego:\d+/);
    const untested = example('connection.yaml').replaceAll('== "search-frontend"', '== "nobody"');
    expect(await refusedApply(untested)).toMatch(/test_the_frontend_may/);
    const loop = 'some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i + j < 0';
    const endless = `deny contains {"code": "X", "message": "x"} if { ${loop} }\n\n      deny contains {"code"`;
    const runaway = example('connection.yaml').replace('deny contains {"code"', endless);
    expect(await refusedApply(runaway)).toMatch(/callers.*the budget of computation is used up/s);
    expect(await revision()).toBe(before);
    expect((await client.call(call)).status).toBe(200);
  });
});

test('a rolling restart of the reranker under load fails no call', async () => {
  const load = await client.load(call, 4);
  await kubectl(['-n', NAMESPACE, 'rollout', 'restart', 'deployment/reranker']);
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/reranker', '--timeout=150s']);
  const counts = await load.stop();
  expect(Object.keys(counts)).toEqual(['200']);
  expect(counts['200']).toBeGreaterThan(50);
}, 240_000);

describe('without operators', () => {
  beforeAll(async () => {
    await kubectl(['-n', SYSTEM, 'scale', 'deployment/rankguard', '--replicas=0']);
    await eventually(async () => {
      const pods = await get<{ items: unknown[] }>('pods', '-n', SYSTEM);
      expect(pods.items).toEqual([]);
    }, 90_000);
  }, 120_000);
  afterAll(async () => {
    await kubectl(['-n', SYSTEM, 'scale', 'deployment/rankguard', '--replicas=2']);
    await kubectl(['-n', SYSTEM, 'rollout', 'status', 'deployment/rankguard', '--timeout=120s']);
  }, 180_000);

  test('calls go on, and new pods are refused rather than unguarded', async () => {
    expect((await client.call(call)).status).toBe(200);
    const lonely = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'lonely', namespace: NAMESPACE, labels: { app: 'reranker' } },
      spec: { containers: [{ name: 'app', image: IMAGES.example, ports: [{ containerPort: 3000 }] }] },
    };
    expect(await refusedApply(lonely)).toMatch(/rankguard/);
  });

  test('a sidecar that restarts comes back with its last good bundle', async () => {
    const pods = await get<{ items: { metadata: { name: string } }[] }>(
      ...['pods', '-n', NAMESPACE, '-l', 'app=reranker'],
    );
    for (const { metadata } of pods.items) {
      // The main process of a container takes no signal from inside it but those that it handles.
      const end = ['exec', '-n', NAMESPACE, metadata.name, '-c', 'rankguard', '--'];
      await kubectl([...end, '/nodejs/bin/node', '-e', 'process.kill(1, "SIGTERM")']);
      await eventually(async () => {
        const { status } = await get<{
          status: { initContainerStatuses: { restartCount: number; ready: boolean }[] };
        }>('pod', metadata.name, '-n', NAMESPACE);
        expect(status.initContainerStatuses[0]).toMatchObject({ restartCount: 1, ready: true });
      }, 90_000);
    }
    await eventually(async () => expect((await client.call(call)).status).toBe(200));
  }, 240_000);
});

/** The replica that holds the lease; what a replica that is gone left there does not count. */
async function leader(): Promise<string> {
  const leases = await get<{ items: { metadata: { name: string }; spec: { holderIdentity?: string } }[] }>(
    ...['leases', '-n', SYSTEM],
  );
  const holders = leases.items
    .filter(({ metadata }) => !metadata.name.includes('-replica-'))
    .map(({ spec }) => spec.holderIdentity?.split('/')[0]);
  const pods = await get<{ items: { metadata: { name: string; deletionTimestamp?: string } }[] }>(
    ...['pods', '-n', SYSTEM],
  );
  const alive = pods.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return alive.map(({ metadata }) => metadata.name).find((name) => holders.includes(name)) ?? '';
}

test('when the leader is killed another leads within 20 seconds', async () => {
  const before = await eventually(async () => {
    const now = await leader();
    expect(now).not.toBe('');
    return now;
  });
  await kubectl(['-n', SYSTEM, 'delete', 'pod', before, '--grace-period=0', '--force']);
  const killedAt = performance.now();
  await eventually(async () => {
    const now = await leader();
    expect(now).not.toBe('');
    expect(now).not.toBe(before);
  }, 60_000);
  const seconds = (performance.now() - killedAt) / 1000;
  process.stderr.write(`another leads after ${seconds.toFixed(1)} s\n`);
  expect(seconds).toBeLessThan(25);
}, 120_000);
