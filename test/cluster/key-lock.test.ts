import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { type Client, startClient } from './support/client.ts';
import {
  apply,
  eventually,
  get,
  kubectl,
  type Manifest,
  refusal,
  refusedApply,
  token,
} from './support/kubectl.ts';
import { connectionOf, namespaceOf, podOf, policyOf } from './support/manifests.ts';
import { RELEASE, SYSTEM } from './support/settings.ts';

const NAMESPACE = 'key-lock';
const BY_NAME = { port: 'http', capture: 'port-name' };
const QUESTION = { query: 'refund', texts: ['a refund', 'the weather'] };

const service = (name: string, targetPort: number | string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: NAMESPACE },
  spec: { selector: { app: name }, ports: [{ port: 3000, targetPort }] },
});

let client: Client;
let caller: string;
let address: string;
beforeAll(async () => {
  await install();
  await apply(
    namespaceOf(NAMESPACE),
    policyOf(NAMESPACE),
    connectionOf(NAMESPACE, { name: 'locked', app: 'locked', ingress: BY_NAME }),
    connectionOf(NAMESPACE, { name: 'numbered', app: 'numbered', ingress: BY_NAME }),
    service('locked', 'http'),
    service('numbered', 3000),
  );
  for (const name of ['locked', 'numbered'])
    await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', `rrc/${name}`, '--timeout=60s']);
  await eventually(() => apply(podOf(NAMESPACE, { name: 'locked', labels: { app: 'locked' } })));
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', 'pod/locked', '--timeout=90s']);
  client = await startClient();
  caller = await token(NAMESPACE, 'default', 'rerank');
  ({
    status: { podIP: address },
  } = await get<{ status: { podIP: string } }>('pod', 'locked', '-n', NAMESPACE));
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

test('a call through the Service is judged, and the app answers the sidecar', async () => {
  const url = `http://locked.${NAMESPACE}:3000/rerank`;
  await eventually(async () => {
    const answer = await client.call({ url, token: caller, body: QUESTION });
    expect([answer.status, answer.headers['rankguard-decision']]).toEqual([200, 'allow']);
  });
  const stranger = await client.call({ url, body: QUESTION });
  expect([stranger.status, JSON.parse(stranger.text)]).toMatchObject([401, { code: 'TOKEN_MISSING' }]);
});

test("a call past the sidecar is refused by the app: to the pod's address, with and without a token", async () => {
  const url = `http://${address}:3000/rerank`;
  for (const bearer of [undefined, caller, 'a-guess']) {
    const answer = await client.call({ url, body: QUESTION, ...(bearer !== undefined && { token: bearer }) });
    // No header of ours: it is the app that asks for its key.
    expect([answer.status, answer.headers['rankguard-decision']]).toEqual([401, undefined]);
  }
  expect((await client.call({ url: `http://${address}:3000/health` })).status).toBe(200);
});

test('the key is in a Secret that cannot be changed and that the operator cannot read', async () => {
  const { status } = await get<{ status: { upstreamKeySecret: string } }>('rrc', 'locked', '-n', NAMESPACE);
  const name = status.upstreamKeySecret;
  expect(name).toMatch(/^rankguard-locked-key-[0-9a-f]{8}$/);
  const { spec } = await get<{ spec: { containers: { env: Manifest[] }[] } }>(
    'pod',
    'locked',
    '-n',
    NAMESPACE,
  );
  expect(spec.containers[0]?.env).toContainEqual({
    name: 'API_KEY',
    valueFrom: { secretKeyRef: { name, key: 'key' } },
  });
  const other = JSON.stringify({ stringData: { key: 'known-to-me' } });
  expect(await refusal(['-n', NAMESPACE, 'patch', 'secret', name, '-p', other])).toMatch(/immutable/);
  const operator = `system:serviceaccount:${SYSTEM}:${RELEASE}`;
  expect(await refusal(['-n', NAMESPACE, 'get', 'secret', name, '--as', operator])).toMatch(/forbidden/i);
});

test('a pod whose Service leads past the name is refused with the reason', async () => {
  const said = await refusedApply(podOf(NAMESPACE, { name: 'numbered', labels: { app: 'numbered' } }));
  expect(said).toMatch(/POD_CAPTURE_IMPOSSIBLE.*Service numbered/s);
});
