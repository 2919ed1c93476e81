import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { apply, eventually, get, kubectl, type Manifest } from './support/kubectl.ts';
import { connectionFor, podOf, program, testApp } from './support/pods.ts';

const NAMESPACE = 'jobs';

/** Work that ends by itself: a server on the app's port, one look at it, and an exit code. */
const work = (code: number) => `
import { createServer } from 'node:http';
const server = createServer((_, response) => response.end('done'));
server.listen(Number(process.env.PORT), process.env.HOSTNAME, async () => {
  const answer = await fetch('http://127.0.0.1:' + process.env.PORT);
  console.log(await answer.text());
  process.exit(${code});
});`;
const jobSpec = (code: number): Manifest => ({
  backoffLimit: 0,
  template: {
    metadata: { labels: { app: 'batch' } },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 2,
      containers: [testApp(program(work(code)))],
    },
  },
});
const job = (name: string, code: number): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: NAMESPACE },
  spec: jobSpec(code),
});

beforeAll(async () => {
  await install();
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...connectionFor(NAMESPACE, 'batch'),
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace: NAMESPACE },
      spec: { schedule: '0 3 1 1 *', suspend: true, jobTemplate: { spec: jobSpec(0) } },
    },
  );
  const wait = ['wait', '--for=condition=PolicyActive', 'rrc/batch', '--timeout=60s'];
  await kubectl(['-n', NAMESPACE, ...wait]);
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

/** Waits for the condition of a Job, and then for its pod: what its containers ended with. */
async function endOf(name: string, condition: 'Complete' | 'Failed') {
  await kubectl(['-n', NAMESPACE, 'wait', `--for=condition=${condition}`, `job/${name}`, '--timeout=150s']);
  return eventually(async () => {
    const { status } = await podOf(NAMESPACE, `batch.kubernetes.io/job-name=${name}`);
    const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    const codes = Object.fromEntries(all.map(({ name: own, state }) => [own, state.terminated?.exitCode]));
    expect(Object.values(codes)).not.toContain(undefined);
    return { phase: status.phase, ...codes };
  });
}

test('a guarded Job completes, its pod ends, and its sidecar ends well', async () => {
  await apply(job('once', 0));
  expect(await endOf('once', 'Complete')).toEqual({ phase: 'Succeeded', rankguard: 0, app: 0 });
  expect(await kubectl(['-n', NAMESPACE, 'logs', 'job/once', '-c', 'app'])).toBe('done\n');
}, 240_000);

test('a guarded Job that fails has failed, and its pod ends', async () => {
  await apply(job('broken', 3));
  expect(await endOf('broken', 'Failed')).toEqual({ phase: 'Failed', rankguard: 0, app: 3 });
}, 240_000);

test("a CronJob's Job completes, and its pod ends", async () => {
  await kubectl(['-n', NAMESPACE, 'create', 'job', 'by-hand', '--from=cronjob/nightly']);
  expect(await endOf('by-hand', 'Complete')).toEqual({ phase: 'Succeeded', rankguard: 0, app: 0 });
}, 240_000);

test('pods that have ended are not counted as guarded', async () => {
  await eventually(async () => {
    const { status } = await get<{ status: { pods: { guarded: number; unguarded: number } } }>(
      ...['rrc', 'batch', '-n', NAMESPACE],
    );
    expect(status.pods).toMatchObject({ guarded: 0, unguarded: 0 });
  });
});
