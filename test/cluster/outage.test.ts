import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { type Answer, type Call, type Client, startClient } from './support/client.ts';
import { apply, eventually, kubectl, type Manifest, token } from './support/kubectl.ts';
import { connectionFor, podOf, restarts, testApp } from './support/pods.ts';
import { SYSTEM } from './support/settings.ts';

const NAMESPACE = 'outage';
const SELECTOR = 'app=outage';
const PROBE = { httpGet: { path: '/health', port: 'http' }, periodSeconds: 1, timeoutSeconds: 10 };
const QUESTION = { query: 'refund', texts: ['a refund', 'the weather'] };

const pod: Manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'outage', namespace: NAMESPACE, labels: { app: 'outage' } },
  spec: {
    containers: [testApp({ livenessProbe: { ...PROBE, failureThreshold: 2 } })],
    terminationGracePeriodSeconds: 2,
  },
};
const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'outage', namespace: NAMESPACE },
  spec: { selector: { app: 'outage' }, ports: [{ port: 80, targetPort: 3000 }] },
};
/** The shortest staleness that a connection may have, and one call at a time. */
const limits = { failure: { staleAfter: '60s' }, limits: { concurrency: 1 } };

let client: Client;
let call: Call;
beforeAll(async () => {
  await install();
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...connectionFor(NAMESPACE, 'outage', limits),
  );
  await eventually(() => apply(service, pod));
  client = await startClient();
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', 'pod/outage', '--timeout=120s']);
  call = {
    url: `http://outage.${NAMESPACE}/rerank`,
    token: await token(NAMESPACE, 'default', 'test', '--duration=1h'),
    body: QUESTION,
  };
  await eventually(async () => expect((await client.call(call)).status).toBe(200));
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

const codeOf = ({ text }: Answer): string => (JSON.parse(text) as { code: string }).code;

/** Resolves when the kubelet has looked at the app's health some times more. */
async function healthIsLookedAt(): Promise<void> {
  const looks = async () =>
    (await kubectl(['-n', NAMESPACE, 'logs', 'outage', '-c', 'app'])).split('health').length;
  const before = await looks();
  await eventually(async () => expect(await looks()).toBeGreaterThan(before + 4));
}

const nothingRestarted = async () =>
  expect(restarts(await podOf(NAMESPACE, SELECTOR))).toEqual({ rankguard: 0, app: 0 });

test('a sidecar at its limit refuses with its reason, and the app stays alive', async () => {
  const load = await client.load({ ...call, body: { ...QUESTION, query: 'wait' } }, 2);
  try {
    await eventually(async () => {
      const answer = await client.call(call);
      expect([answer.status, codeOf(answer)]).toEqual([503, 'OVERLOADED']);
    });
    await healthIsLookedAt();
  } finally {
    await load.stop();
  }
  await nothingRestarted();
  await eventually(async () => expect((await client.call(call)).status).toBe(200));
}, 120_000);

describe('without operators for longer than `staleAfter`', () => {
  beforeAll(async () => {
    await kubectl(['-n', SYSTEM, 'scale', 'deployment/rankguard', '--replicas=0']);
  });
  afterAll(async () => {
    await kubectl(['-n', SYSTEM, 'scale', 'deployment/rankguard', '--replicas=2']);
    await kubectl(['-n', SYSTEM, 'rollout', 'status', 'deployment/rankguard', '--timeout=120s']);
  }, 180_000);

  test('a sidecar goes on, then denies with its reason; the app stays alive', async () => {
    const answers: Answer[] = [];
    await eventually(async () => {
      const answer = await client.call(call);
      answers.push(answer);
      expect(answer.status).toBe(503);
    }, 150_000);
    const refused = answers.at(-1)!;
    expect([codeOf(refused), refused.headers['rankguard-decision']]).toEqual(['BUNDLE_EXPIRED', 'fault']);
    // Until then no call was anything but allowed.
    expect(answers.slice(0, -1).map(({ status }) => status)).toContain(200);
    expect(new Set(answers.slice(0, -1).map(({ status }) => status)).size).toBe(1);
    await healthIsLookedAt();
    await nothingRestarted();
    // Its pod stays behind the Service: callers are told why, rather than that nobody is there.
    expect((await client.call(call)).status).toBe(503);
    await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', 'pod/outage', '--timeout=10s']);
  }, 240_000);

  test('it serves again when they are back, without a restart', async () => {
    await kubectl(['-n', SYSTEM, 'scale', 'deployment/rankguard', '--replicas=2']);
    await eventually(async () => expect((await client.call(call)).status).toBe(200), 120_000);
    await nothingRestarted();
  }, 240_000);
});
