import { expect, test } from '@jest/globals';
import type { ConnectionObject, PodObject } from '../controllers/index.ts';
import type { KubeObject, Resource } from '../kube/index.ts';
import { createFindBypass } from './find-bypass.ts';

const connection: ConnectionObject = {
  apiVersion: 'rankguard.dev/v1alpha1',
  kind: 'RerankConnection',
  metadata: { name: 'search', namespace: 'shop', uid: 'c' },
  spec: {
    selector: { matchLabels: { app: 'reranker' } },
    ingress: { port: 3000, capture: 'relocate', server: 'tei', otherPorts: [] },
  },
};
const pod = (name: string, guarded: boolean): PodObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    uid: name,
    labels: { app: 'reranker' },
    ...(guarded && { annotations: { 'rankguard.dev/connections': 'search=relocate' } }),
  },
  spec: { containers: [{ name: 'app' }] },
});

test('a pod of the connection that was replaced is not a way round any more', async () => {
  const stored: PodObject[] = [pod('old', false)];
  const kube = {
    list: async <T extends KubeObject>({ plural }: Resource) => ({
      items: (plural === 'pods' ? [...stored] : []) as KubeObject[] as T[],
      resourceVersion: '1',
    }),
  };
  const none = { list: () => [], get: () => undefined };
  const find = createFindBypass(kube, { services: none, profiles: none, clusterProfiles: none });
  const codes = async (guarded: PodObject[], unguarded: PodObject[]) =>
    (await find(connection, { guarded, unguarded })).map(({ code }) => code);

  expect(await codes([], [...stored])).toEqual(['UnguardedPods']);
  stored.splice(0, 1, pod('new', true));
  expect(await codes([...stored], [])).toEqual([]);
});
