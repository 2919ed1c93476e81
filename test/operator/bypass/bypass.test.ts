import { describe, expect, test } from '@jest/globals';
import { type BypassInput, bypassCondition, findBypasses } from '@rankguard/operator/bypass';
import { type GuardingConnection, inject, type Pod, type Service } from '@rankguard/operator/injection';
import type { Grant, WayIn } from '@rankguard/operator/rights';
import { connectionFrom, settings } from '../../support/operator/fixtures.ts';

const connect = (ingress: object): GuardingConnection =>
  connectionFrom({
    apiVersion: 'rankguard.dev/v1alpha1',
    kind: 'RerankConnection',
    metadata: { name: 'search', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'reranker' } },
      ingress: { port: 'http', dialects: ['tei'], ...ingress },
      identity: { anonymous: 'allow' },
    },
  });
const pod = (name: string, app = 'reranker', image = 'team/custom:1', ports: object[] = []): Pod => ({
  metadata: { name, namespace: 'shop', labels: { app } },
  spec: {
    containers: [{ name: 'app', image, ports: [{ name: 'http', containerPort: 8080 }, ...(ports as [])] }],
  },
});
const service = (name: string, targetPort: number | string, more: object = {}): Service => ({
  metadata: { name },
  spec: { selector: { app: 'reranker' }, ports: [{ port: 80, targetPort }], ...more },
});
const named = connect({ capture: 'port-name' });
function guarded(one: Pod, connection: GuardingConnection = named): Pod {
  const input = { pod: one, namespace: 'shop', services: [], connections: [connection], settings };
  const result = inject(input);
  if (result.kind !== 'injected') throw new Error(JSON.stringify(result));
  return result.pod;
}
const find = (input: Partial<BypassInput>) =>
  findBypasses({ connection: named, pods: [], services: [], networkPolicy: true, rights: nobody, ...input });
const nobody = { known: true, grants: [] } as const;
const TEI = 'ghcr.io/huggingface/text-embeddings-inference:1';

describe('what remains open', () => {
  test('nothing, where apps are relocated', () => {
    const connection = connect({ capture: 'relocate' });
    const found = find({
      connection,
      pods: [guarded(pod('a', 'reranker', TEI), connection)],
      services: [service('s', 8080), service('h', 8080, { clusterIP: 'None' })],
      networkPolicy: false,
    });
    expect(found).toEqual([]);
    expect(bypassCondition(found)).toMatchObject({ status: 'False', reason: 'NoneKnown' });
  });

  test('pods that are older than the connection, but not those that have ended', () => {
    const ended = { ...pod('done'), status: { phase: 'Succeeded' } };
    const found = find({ pods: [pod('b'), pod('a'), ended, guarded(pod('c'))] });
    expect(found).toEqual([{ reason: 'UnguardedPods', message: expect.stringContaining(': a, b;') }]);
    expect(bypassCondition(found)).toMatchObject({ status: 'True', reason: 'UnguardedPods' });
  });

  test('a pod that only another connection on another port guards', () => {
    const other = {
      ...connect({ port: 9000, capture: 'relocate', relocate: { args: ['--x'] } }),
      name: 'other',
    };
    const metrics = pod('a', 'reranker', TEI, [{ name: 'metrics', containerPort: 9000 }]);
    expect(find({ pods: [guarded(metrics, other)] })).toMatchObject([{ reason: 'UnguardedPods' }]);
    const same = { ...connect({ port: 8080, capture: 'redirect' }), name: 'other' };
    expect(find({ pods: [guarded(pod('a'), same)] })).toEqual([]);
  });

  test('the port by number, unless a key that covers it or a NetworkPolicy closes it', () => {
    const pods = [guarded(pod('a', 'reranker', TEI))];
    expect(find({ pods, networkPolicy: false })).toMatchObject([{ reason: 'PortByNumber' }]);
    expect(find({ pods, networkPolicy: true })).toEqual([]);
    const key = { upstreamKey: { secretKeyRef: { name: 'k', key: 'k' } } };
    expect(
      find({ pods, networkPolicy: false, connection: connect({ capture: 'port-name', ...key }) }),
    ).toEqual([]);
    const vllm = [guarded(pod('v', 'reranker', 'vllm/vllm-openai:1'))];
    const locked = connect({ capture: 'port-name', ...key });
    expect(find({ pods: vllm, networkPolicy: false, connection: locked })).toMatchObject([
      { reason: 'PortByNumber' },
    ]);
  });

  test('the port by number, but in pods that are locked with the key that the operator made', () => {
    const generatedKey = { name: 'rankguard-search-key-0', key: 'key' };
    const connection = { ...connect({ capture: 'port-name' }), generatedKey };
    const locked = guarded(pod('locked', 'reranker', TEI), connection);
    const open = guarded(pod('open'), connection);
    expect(find({ connection, pods: [locked], networkPolicy: false })).toEqual([]);
    expect(find({ connection, pods: [locked, open], networkPolicy: false })).toEqual([
      { reason: 'PortByNumber', message: expect.stringContaining('open by number in open:') },
    ]);
  });

  test('a Service that was changed to route by number, or is headless', () => {
    const pods = [guarded(pod('a'))];
    const services = [
      service('named', 'http'),
      service('number', 8080),
      service('head', 'http', { clusterIP: 'None' }),
    ];
    expect(find({ pods, services }).map(({ message }) => message)).toEqual([
      expect.stringContaining('Service head is headless'),
      expect.stringContaining('Service number routes to port 8080'),
    ]);
  });

  test('a known reranker that nothing selects, with the Services that lead to it', () => {
    const stray = pod('stray', 'free', TEI);
    const services = [service('front', 'http', { selector: { app: 'free' } })];
    expect(find({ pods: [stray, pod('web', 'web', 'nginx')], services })).toEqual([
      {
        reason: 'UnselectedReranker',
        message: expect.stringContaining('stray, reached through Services front'),
      },
    ]);
  });

  test('ports that are neither guarded nor declared', () => {
    const pods = [guarded(pod('a', 'reranker', 'x', [{ containerPort: 9000 }]))];
    expect(find({ pods })).toMatchObject([{ reason: 'UndeclaredPort' }]);
    const declared = connect({ capture: 'port-name', otherPorts: [{ port: 9000, why: 'metrics' }] });
    expect(find({ pods, connection: declared })).toEqual([]);
  });

  test('who may exec, forward ports or ask by the API server, by the pods that they may do it to', () => {
    const grant = (name: string, ways: WayIn[], pods: string[] | null = null): Grant => ({
      ...{ subject: `User ${name}`, by: 'RoleBinding team', ways, pods },
    });
    const all = [
      grant('ann', ['exec', 'port-forward']),
      grant('bob', ['port-forward']),
      grant('cat', ['proxy']),
      grant('dan', ['exec'], ['other-pod']),
    ];
    const who = (input: Partial<BypassInput>) =>
      find({ rights: { known: true, grants: all }, ...input }).flatMap(({ reason, message }) =>
        reason === 'ExecAllowed' ? [message.split(': ').slice(1).join(': ')] : [],
      );
    expect(who({ pods: [guarded(pod('a'))] })).toEqual([
      'User ann (exec, port-forward: RoleBinding team), User bob (port-forward: RoleBinding team), User cat (proxy: RoleBinding team)',
    ]);
    const moved = connect({ capture: 'relocate' });
    expect(who({ connection: moved, pods: [guarded(pod('a', 'reranker', TEI), moved)] })).toEqual([
      'User ann (exec, port-forward: RoleBinding team), User bob (port-forward: RoleBinding team)',
    ]);
    // The app answers only with a key, which a process in the pod can read.
    const key = { upstreamKey: { secretKeyRef: { name: 'k', key: 'k' } } };
    const locked = connect({ capture: 'relocate', ...key });
    expect(who({ connection: locked, pods: [guarded(pod('a', 'reranker', TEI), locked)] })).toEqual([
      'User ann (exec: RoleBinding team)',
    ]);
    expect(who({ pods: [] })).toEqual([]);
    expect(find({ pods: [guarded(pod('a'))], rights: { known: false, why: 'forbidden' } })).toEqual([
      { reason: 'ExecAllowed', message: expect.stringMatching(/not known: forbidden/) },
    ]);
  });

  test('pods of which only the metadata is known are judged by their marks', () => {
    const { metadata } = guarded(pod('a'));
    expect(find({ pods: [{ metadata: metadata ?? {} }] })).toEqual([]);
  });
});
