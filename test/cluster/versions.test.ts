import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../tools/cluster/run.ts';
import { install } from './support/chart.ts';
import { type Call, type Client, startClient } from './support/client.ts';
import { apply, eventually, get, kubectl, type Manifest, token } from './support/kubectl.ts';
import { cluster, notOurs } from './support/ours.ts';
import { connectionFor, type PodState, podOf, podsOf, restarts, testApp } from './support/pods.ts';
import { IMAGES } from './support/settings.ts';

const NAMESPACE = 'versions';
const NEXT = process.env['RANKGUARD_TEST_NEXT_TAG'] ?? `${IMAGES.sidecar.tag}-next`;
const body = { query: 'refund', texts: ['a refund', 'the weather'] };
/** Another tag of the same images is another version to everybody who reads manifests. */
const reason =
  process.env['RANKGUARD_TEST_NEXT_TAG'] === undefined && notOurs !== null
    ? `${notOurs}; RANKGUARD_TEST_NEXT_TAG names a second tag of them`
    : null;

const pod = (name: string, spec: Manifest = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { app: 'ranks', pod: name } },
  spec: { containers: [testApp()], terminationGracePeriodSeconds: 2, ...spec },
});
/** Admission judges it as any other; no node runs it. */
const NOWHERE = { schedulerName: 'nobody' };

const sidecarOf = ({ spec }: PodState) =>
  spec.initContainers?.find(({ name }) => name === 'rankguard')?.image;
const imageOf = (tag: string) => `${IMAGES.sidecar.repository}:${tag}`;

async function accepted(): Promise<readonly string[]> {
  const { status } = await get<{ status: { injection: { images: string[] } } }>(
    'rrc',
    'ranks',
    '-n',
    NAMESPACE,
  );
  return status.injection.images;
}

/** Creates pods, one right after the other, until `until` has ended; resolves with what was said of those refused. */
async function createPods(until: Promise<unknown>): Promise<{ created: number; refused: string[] }> {
  let over = false;
  const end = () => {
    over = true;
  };
  until.then(end, end);
  const refused: string[] = [];
  let created = 0;
  for (; !over; created += 1) {
    const manifest = JSON.stringify(pod(`pending-${created}`, NOWHERE));
    await kubectl(['create', '-f', '-'], manifest).catch((error: Error) => refused.push(error.message));
  }
  return { created, refused };
}

(reason === null ? describe : describe.skip)(
  `an upgrade to another version of the sidecar${reason === null ? '' : ` (${reason})`}`,
  () => {
    let client: Client;
    let bearer: string;
    const callTo = async (name: string): Promise<Call> => {
      const { status } = await podOf(NAMESPACE, `pod=${name}`);
      return { url: `http://${status.podIP}:3000/rerank`, token: bearer, body };
    };
    const isGuarded = async (name: string) => {
      await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s']);
      const call = await callTo(name);
      await eventually(async () => expect((await client.call(call)).status).toBe(200));
      expect((await client.call({ url: call.url, body })).status).toBe(401);
    };

    let pending: Awaited<ReturnType<typeof createPods>>;
    let counts: Readonly<Record<string, number>>;
    beforeAll(async () => {
      await install();
      if (notOurs === null)
        for (const { repository, tag } of [IMAGES.sidecar, IMAGES.operator])
          await cluster('tag', `${repository}:${tag}`, `${repository}:${NEXT}`);
      await apply(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
        ...connectionFor(NAMESPACE, 'ranks'),
      );
      await eventually(() => apply(pod('before')));
      client = await startClient();
      bearer = await token(NAMESPACE, 'default', 'test', '--duration=1h');
      await isGuarded('before');

      const load = await client.load(await callTo('before'), 2);
      const upgrade = install(`operator.image.tag=${NEXT}`, `sidecar.image.tag=${NEXT}`);
      // Old replicas answer for a while after Helm has said that the new ones are ready.
      const alone = upgrade.then(() =>
        eventually(async () => expect(await accepted()).toEqual([imageOf(NEXT)]), 120_000),
      );
      const created = createPods(alone);
      const known = eventually(async () => expect(await accepted()).toContain(imageOf(NEXT)), 120_000);
      const between = known.then(() => apply(pod('between')));
      await Promise.all([upgrade, between, alone]);
      pending = await created;
      await apply(pod('after'));
      counts = await load.stop();
    }, 500_000);
    afterAll(async () => {
      await kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']);
      await install();
    }, 300_000);

    test('refuses no pod while both are about, and leaves none unguarded', async () => {
      expect(pending.refused).toEqual([]);
      expect(pending.created).toBeGreaterThan(5);
      const images = (await podsOf(NAMESPACE, 'app=ranks')).map(sidecarOf);
      expect(new Set(images)).toEqual(new Set([imageOf(IMAGES.sidecar.tag), imageOf(NEXT)]));
    });

    test('fails no call to a pod from before', () => {
      expect(Object.keys(counts)).toEqual(['200']);
    });

    test('pods from before, in between and after are guarded', async () => {
      for (const name of ['before', 'between', 'after']) {
        await isGuarded(name);
        expect(restarts(await podOf(NAMESPACE, `pod=${name}`))).toEqual({ rankguard: 0, app: 0 });
      }
      expect(sidecarOf(await podOf(NAMESPACE, 'pod=before'))).toBe(imageOf(IMAGES.sidecar.tag));
      expect(sidecarOf(await podOf(NAMESPACE, 'pod=after'))).toBe(imageOf(NEXT));
    }, 300_000);

    test('pods from before take a new revision from the new operators', async () => {
      const [policy] = connectionFor(NAMESPACE, 'ranks');
      const closed = `package rankguard.ranks\n\ndeny contains {"code": "CLOSED", "message": "Closed."} if true\n`;
      await apply({ ...policy, spec: { mode: 'enforce', modules: { 'policy.rego': closed } } });
      const call = await callTo('before');
      await eventually(async () => expect((await client.call(call)).status).toBe(403));
    });

    test('rankguard check lists the pods to restart', async () => {
      const words = ['cli/src/main.ts', 'check', `${NAMESPACE}/ranks`, '--output', 'json'];
      const said = await run(process.execPath, ['-C', 'source', ...words]).catch(
        ({ message }: Error) => message,
      );
      expect(said).toContain(`${NAMESPACE}/before (${imageOf(IMAGES.sidecar.tag)})`);
      expect(said).not.toContain(`${NAMESPACE}/after (`);
    });
  },
);
