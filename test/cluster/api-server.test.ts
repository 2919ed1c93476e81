import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { type Call, type Client, startClient } from './support/client.ts';
import { apply, eventually, kubectl, type Manifest, token } from './support/kubectl.ts';
import { cluster, notOurs } from './support/ours.ts';
import { connectionFor, podOf, restarts, testApp } from './support/pods.ts';

const NAMESPACE = 'api-server';
const body = { query: 'refund', texts: ['a refund', 'the weather'] };

const pod = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { app: 'ranks', pod: name } },
  spec: { containers: [testApp()], terminationGracePeriodSeconds: 2 },
});
const callTo = async (name: string, bearer: string): Promise<Call> => {
  const { status } = await podOf(NAMESPACE, `pod=${name}`);
  return { url: `http://${status.podIP}:3000/rerank`, token: bearer, body };
};
const ready = (name: string) =>
  kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s']);

const elsewhere = 'test/operator/api-server.test.ts restarts one of its own';
(notOurs === null ? describe : describe.skip)(
  `the API server is restarted${notOurs === null ? '' : ` (${notOurs}; ${elsewhere})`}`,
  () => {
    let client: Client;
    let bearer: string;
    let call: Call;
    beforeAll(async () => {
      await install();
      await apply(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
        ...connectionFor(NAMESPACE, 'ranks'),
      );
      await eventually(() => apply(pod('before')));
      client = await startClient();
      await ready('before');
      bearer = await token(NAMESPACE, 'default', 'test', '--duration=1h');
      call = await callTo('before', bearer);
      await eventually(async () => expect((await client.call(call)).status).toBe(200));
      const load = await client.load(call, 2);
      await cluster('restart-api-server');
      counts = await load.stop();
    }, 400_000);
    let counts: Readonly<Record<string, number>>;
    afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

    test('calls go on meanwhile', () => {
      expect(Object.keys(counts)).toEqual(['200']);
      expect(counts['200']).toBeGreaterThan(20);
    });

    test('the operator serves admission again: a new pod is guarded', async () => {
      await eventually(() => apply(pod('after')));
      await ready('after');
      const after = await callTo('after', bearer);
      await eventually(async () => expect((await client.call(after)).status).toBe(200));
      expect((await client.call({ url: after.url, body })).status).toBe(401);
    }, 240_000);

    test('operator and sidecars follow it again: a new rule is in force in pods from before and after', async () => {
      const closed = `package rankguard.ranks\n\ndeny contains {"code": "CLOSED", "message": "Closed."} if true\n`;
      const [policy] = connectionFor(NAMESPACE, 'ranks');
      const spec = { mode: 'enforce', modules: { 'policy.rego': closed } };
      await eventually(() => apply({ ...policy, spec }));
      for (const name of ['before', 'after']) {
        const own = await callTo(name, bearer);
        await eventually(async () => {
          const answer = await client.call(own);
          expect([answer.status, JSON.parse(answer.text)]).toMatchObject([403, { code: 'CLOSED' }]);
        }, 120_000);
        expect(restarts(await podOf(NAMESPACE, `pod=${name}`))).toEqual({ rankguard: 0, app: 0 });
      }
    }, 300_000);
  },
);
