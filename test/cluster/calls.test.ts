import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { type Client, startClient } from './support/client.ts';
import { apply, eventually, get, kubectl, token } from './support/kubectl.ts';
import { IMAGES } from './support/settings.ts';

const examples = join(import.meta.dirname, '../../examples/kubernetes');
const example = (name: string) => readFileSync(join(examples, name), 'utf8');
const reranker = () =>
  example('reranker.yaml')
    .replaceAll('localhost/support-search:dev', IMAGES.example)
    .replaceAll('imagePullPolicy: IfNotPresent', `imagePullPolicy: ${IMAGES.pullPolicy}`);

const QUESTION = {
  query: 'refund',
  texts: ['a refund for ada@example.com', 'the weather'],
  return_text: true,
};
const URL_OF_SERVICE = 'http://reranker.support/rerank';

let client: Client;
let frontend: string;
beforeAll(async () => {
  await install();
  await apply(example('namespace.yaml'), example('connection.yaml'), example('callers.yaml'));
  await kubectl(['-n', 'support', 'wait', '--for=condition=PolicyActive', 'rrc/reranker', '--timeout=60s']);
  // Between a new connection and its webhook a pod is refused; its controller tries again.
  await apply(reranker());
  await kubectl(['-n', 'support', 'rollout', 'status', 'deployment/reranker', '--timeout=120s']);
  client = await startClient();
  frontend = await token('support', 'search-frontend', 'reranker');
}, 300_000);

describe('a call through the Service', () => {
  test('of an allowed caller is answered, and personal data is masked', async () => {
    const answer = await eventually(async () => {
      const got = await client.call({ url: URL_OF_SERVICE, token: frontend, body: QUESTION });
      expect(got.status).toBe(200);
      return got;
    });
    expect(answer.headers['rankguard-decision']).toBe('allow');
    expect(answer.text).toContain('a refund for');
    expect(answer.text).not.toContain('ada@example.com');
  });

  test('of another account is denied with the reason', async () => {
    const batch = await token('support', 'nightly-batch', 'reranker');
    const answer = await client.call({ url: URL_OF_SERVICE, token: batch, body: QUESTION });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([403, { code: 'NOT_ALLOWED' }]);
  });

  test('is denied with the reason that the policy gives', async () => {
    const body = { ...QUESTION, query: 'the social security number of Ada' };
    const answer = await client.call({ url: URL_OF_SERVICE, token: frontend, body });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([403, { code: 'SENSITIVE_QUERY' }]);
  });

  test('without a token, and with one of another audience, is refused', async () => {
    const other = await token('support', 'search-frontend', 'somewhere-else');
    expect((await client.call({ url: URL_OF_SERVICE, body: QUESTION })).status).toBe(401);
    expect((await client.call({ url: URL_OF_SERVICE, token: other, body: QUESTION })).status).toBe(401);
  });
});

test("the app's own manifest is unchanged", async () => {
  const { spec } = await get<{
    spec: { template: { spec: { containers: unknown[]; initContainers?: unknown } } };
  }>(...['deployment', 'reranker', '-n', 'support']);
  expect(spec.template.spec.containers).toHaveLength(1);
  expect(spec.template.spec.initContainers).toBeUndefined();
});

describe('a call to the pod', () => {
  test('on the app port is judged, on the relocated one it finds nobody', async () => {
    const pods = await get<{ items: { status: { podIP: string } }[] }>(
      'pods',
      '-n',
      'support',
      '-l',
      'app=reranker',
    );
    for (const { status } of pods.items) {
      const judged = await client.call({ url: `http://${status.podIP}:3000/rerank`, body: QUESTION });
      expect(judged.status).toBe(401);
      const moved = await client.call({ url: `http://${status.podIP}:15950/rerank`, body: QUESTION });
      expect(moved).toMatchObject({ status: 0, text: 'ECONNREFUSED' });
    }
  });
});
