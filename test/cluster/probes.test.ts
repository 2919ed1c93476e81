import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { apply, eventually, kubectl, type Manifest } from './support/kubectl.ts';
import { connectionFor, podOf, restarts, testApp } from './support/pods.ts';

const NAMESPACE = 'probes';

/** A probe that notices a sick app soon, and has patience with a busy machine. */
const timing = { periodSeconds: 2, failureThreshold: 2, timeoutSeconds: 10 };
const starting = { ...timing, failureThreshold: 60 };
const HEALTHY = `const answer = await fetch('http://127.0.0.1:' + process.env.PORT + '/health'); process.exit(answer.ok ? 0 : 1);`;
const command = ['/nodejs/bin/node', '--input-type=module', '-e', HEALTHY];

interface Shape {
  readonly name: string;
  readonly capture?: 'port-name';
  readonly startup: Manifest;
  readonly readiness: Manifest;
  readonly liveness: Manifest;
}
const http = (port: number | string) => ({ httpGet: { path: '/health', port } });
const SHAPES: readonly Shape[] = [
  { name: 'http', startup: http('http'), readiness: http('http'), liveness: http(3000) },
  { name: 'http-named', startup: http(3000), readiness: http(3000), liveness: http('http') },
  {
    name: 'http-by-name',
    capture: 'port-name',
    startup: http(3000),
    readiness: http('http'),
    liveness: http('http'),
  },
  {
    name: 'tcp',
    startup: { tcpSocket: { port: 'http' } },
    readiness: { tcpSocket: { port: 'http' } },
    liveness: { tcpSocket: { port: 3000 } },
  },
  {
    name: 'tcp-named',
    startup: { tcpSocket: { port: 3000 } },
    readiness: { tcpSocket: { port: 3000 } },
    liveness: { tcpSocket: { port: 'http' } },
  },
  // The API knows no names of ports here.
  {
    name: 'grpc',
    startup: { grpc: { port: 3000 } },
    readiness: { grpc: { port: 3000, service: 'rerank' } },
    liveness: { grpc: { port: 3000 } },
  },
  {
    name: 'exec',
    startup: { exec: { command } },
    readiness: { exec: { command } },
    liveness: { exec: { command } },
  },
];

function objects({ name, capture, startup, readiness, liveness }: Shape): Manifest[] {
  const labels = { app: name };
  const metadata = { name, namespace: NAMESPACE, labels };
  const container = testApp({
    startupProbe: { ...starting, ...startup },
    readinessProbe: { ...timing, ...readiness },
    livenessProbe: { ...timing, ...liveness },
  });
  const spec = { containers: [container], terminationGracePeriodSeconds: 2 };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
  return capture === 'port-name' ? [service, pod] : [pod];
}
const connection = ({ name, capture }: Shape): Manifest[] =>
  connectionFor(
    NAMESPACE,
    name,
    capture === undefined ? {} : { ingress: { port: 'http', capture, dialects: ['tei'] } },
  );

beforeAll(async () => {
  await install();
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...SHAPES.flatMap(connection),
  );
  // Between a new connection and its webhook a pod is refused. One by one: a pod that was made cannot be applied again,
  // as injection changed what may not change any more.
  for (const object of SHAPES.flatMap(objects)) await eventually(() => apply(object));
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

const state = (name: string) => podOf(NAMESPACE, `app=${name}`);

describe.each(SHAPES.map(({ name }) => name))('%s', (name) => {
  test('a guarded pod whose app is well starts, becomes ready and is left alone', async () => {
    const wait = ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=150s'];
    await kubectl(['-n', NAMESPACE, ...wait]);
    const pod = await state(name);
    expect(pod.spec.initContainers?.map((container) => container.name)).toContain('rankguard');
    expect(restarts(pod)).toEqual({ rankguard: 0, app: 0 });
  });
});

test('an app that is not well is started again, whatever kind of probe finds out, and its sidecar is not', async () => {
  const fall = `require('node:fs').writeFileSync('/tmp/sick', '')`;
  for (const { name } of SHAPES)
    await kubectl(['-n', NAMESPACE, 'exec', name, '-c', 'app', '--', '/nodejs/bin/node', '-e', fall]);
  for (const { name } of SHAPES) {
    await eventually(
      async () => expect(restarts(await state(name))).toEqual({ rankguard: 0, app: 1 }),
      120_000,
    );
    await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s']);
  }
}, 240_000);
