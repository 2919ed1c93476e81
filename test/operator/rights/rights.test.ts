import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import {
  createKube,
  createTransport,
  type Kube,
  KubeError,
  RESOURCES,
  reviewAccess,
  type Transport,
} from '@rankguard/operator/kube';
import { createRightsReader, type Grant } from '@rankguard/operator/rights';
import { type ApiServer, startApiServer } from '../../../tools/cluster/api-server.ts';
import { clusterPrograms, noApiServer } from '../../support/api-server.ts';
import { waitFor } from '../../support/wait.ts';

const suite = noApiServer === null ? describe : describe.skip;
const SLOW = 120_000;
const GROUP = 'rbac.authorization.k8s.io';

/** Every rule of this product is given to a user of its own, once in the namespace and once in the cluster. */
const RULES = ['', '*', 'apps'].flatMap((apiGroup) =>
  ['pods/exec', 'pods/portforward', '*/proxy', 'pods', '*', 'nodes/proxy', 'pods/log'].flatMap((resource) =>
    ['get', 'create', 'list', '*'].map((verb) => ({
      apiGroups: [apiGroup],
      resources: [resource],
      verbs: [verb],
    })),
  ),
);
const users = RULES.flatMap((rule, i) =>
  ['Role', 'ClusterRole'].map((kind) => ({ name: `user-${i}-${kind.toLowerCase()}`, kind, rule })),
);
const objects = users.flatMap(({ name, kind, rule }) => {
  const metadata = { name, ...(kind === 'Role' && { namespace: 'shop' }) };
  const apiVersion = `${GROUP}/v1`;
  return [
    { apiVersion, kind, metadata, rules: [rule] },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: GROUP, kind, name },
      subjects: [{ kind: 'User', name, apiGroup: GROUP }],
    },
  ];
});

suite('who may get into pods', () => {
  let api: ApiServer;
  let transport: Transport;
  let kube: Kube;
  const folder = mkdtempSync(join(tmpdir(), 'rankguard-rights-'));
  beforeAll(async () => {
    api = await startApiServer(clusterPrograms);
    const config = new KubeConfig();
    config.loadFromFile(api.kubeconfig);
    transport = createTransport(config);
    kube = createKube({ transport, userAgent: 'test' });
    await kube.create(RESOURCES.namespaces, { metadata: { name: 'shop' } });
    const file = join(folder, 'rbac.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await promisify(execFile)(api.kubectl, ['--kubeconfig', api.kubeconfig, 'create', '-f', file]);
  }, SLOW);
  afterAll(async () => {
    await transport?.close();
    await api?.close();
    rmSync(folder, { recursive: true, force: true });
  }, SLOW);

  const may = (username: string, resource: string, subresource: string, verb: string) => {
    const inside = resource === 'pods' ? { namespace: 'shop', name: 'a' } : { name: 'node' };
    return reviewAccess(kube, { username }, { group: '', resource, subresource, verb, ...inside });
  };
  async function opens(username: string, resource: string, subresource: string): Promise<boolean> {
    const [create, get] = await Promise.all(
      ['create', 'get'].map((verb) => may(username, resource, subresource, verb)),
    );
    return create === true || get === true;
  }
  const waysOf = (grants: readonly Grant[], name: string) => [
    ...new Set(grants.filter(({ subject }) => subject === `User ${name}`).flatMap(({ ways }) => ways)),
  ];

  test(
    "agrees with the API server's own answer for every rule, in the namespace and in the cluster",
    async () => {
      const last = users.findLast(({ rule }) => rule.resources[0] === '*' && rule.apiGroups[0] === '')!;
      await waitFor(() => opens(last.name, 'pods', 'exec'), 'the authorizer has read its rules', 30_000);
      const rights = await createRightsReader({ kube })('shop');
      if (!rights.known) throw new Error(rights.why);
      for (const { name, kind, rule } of users) {
        const [exec, forward, proxy, kubelet] = await Promise.all([
          opens(name, 'pods', 'exec'),
          opens(name, 'pods', 'portforward'),
          opens(name, 'pods', 'proxy'),
          opens(name, 'nodes', 'proxy'),
        ]);
        // Who may do everything everywhere is a cluster admin.
        const isAdmin =
          kind === 'ClusterRole' &&
          [rule.apiGroups, rule.resources, rule.verbs].every(([one]) => one === '*');
        const expected = [
          ...(exec || kubelet ? ['exec'] : []),
          ...(forward ? ['port-forward'] : []),
          ...(proxy ? ['proxy'] : []),
        ];
        expect([name, rule, waysOf(rights.grants, name)]).toEqual([name, rule, isAdmin ? [] : expected]);
      }
    },
    SLOW,
  );

  test(
    'the control plane is not named, and rights elsewhere do not count',
    async () => {
      const here = await createRightsReader({ kube })('shop');
      const there = await createRightsReader({ kube })('default');
      if (!here.known || !there.known) throw new Error('not known');
      expect(here.grants.filter(({ by }) => !/^(Cluster)?RoleBinding user-/.test(by))).toEqual([]);
      expect(there.grants.filter(({ by }) => !by.startsWith('ClusterRoleBinding'))).toEqual([]);
    },
    SLOW,
  );
});

test('an operator that may not read rights says so', async () => {
  const list = () => Promise.reject(new KubeError('roles is forbidden', { status: 403 }));
  expect(await createRightsReader({ kube: { list } })('shop')).toEqual({
    known: false,
    why: 'roles is forbidden',
  });
});

test('rights are read once a minute, however many connections there are', async () => {
  let lists = 0;
  let now = 0;
  const list = async () => {
    lists += 1;
    return { items: [], resourceVersion: '1' };
  };
  const rightsIn = createRightsReader({ kube: { list }, now: () => now });
  await Promise.all([rightsIn('shop'), rightsIn('shop'), rightsIn('shop')]);
  expect(lists).toBe(4);
  now = 59_000;
  await rightsIn('other');
  expect(lists).toBe(6);
  now = 60_000;
  await rightsIn('shop');
  expect(lists).toBe(10);
});
