import { describe, expect, test } from '@jest/globals';
import { type Container, type InjectionResult, inject } from '@rankguard/operator/injection';
import { connectionFrom, settings } from '../../support/operator/fixtures.ts';

const IMAGES = {
  tei: 'ghcr.io/huggingface/text-embeddings-inference:cpu-1.7@sha256:0',
  vllm: 'registry:5000/vllm/vllm-openai',
  infinity: 'michaelf34/infinity:0.0.77',
  'llama-cpp': 'ghcr.io/ggml-org/llama.cpp:server',
  triton: 'nvcr.io/nvidia/tritonserver:25.09-py3',
  'kserve-huggingface': 'kserve/huggingfaceserver:v0.16.0',
} as const;

const connectionOf = (ingress: object) =>
  connectionFrom({
    apiVersion: 'rankguard.dev/v1alpha1',
    kind: 'RerankConnection',
    metadata: { name: 'search', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'reranker' } },
      ingress: { port: 8080, capture: 'relocate', dialects: ['tei'], ...ingress },
      identity: { anonymous: 'allow' },
    },
  });

function injected(container: Partial<Container> & { image: string }, ingress: object = {}): InjectionResult {
  const connection = connectionOf(ingress);
  const app = { name: 'app', ports: [{ containerPort: 8080 }], ...container };
  const pod = { metadata: { labels: { app: 'reranker' } }, spec: { containers: [app] } };
  return inject({ pod, namespace: 'shop', services: [], connections: [connection], settings });
}
function moved(...args: Parameters<typeof injected>): Pick<Container, 'command' | 'args' | 'env'> {
  const result = injected(...args);
  if (result.kind !== 'injected') throw new Error(JSON.stringify(result));
  const { command, args: words, env } = result.pod.spec!.containers[0]!;
  return { ...(command && { command }), ...(words && { args: words }), ...(env && { env }) };
}
const env = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

describe('a server that is known is moved by its own settings', () => {
  test.each<[keyof typeof IMAGES, Partial<Container>, object]>([
    ['tei', {}, { env: env({ HOSTNAME: '127.0.0.1', PORT: '15950' }) }],
    [
      'tei',
      { args: ['-p', '8080', '--hostname=::'] },
      { args: ['-p', '15950', '--hostname=127.0.0.1'], env: env({ HOSTNAME: '127.0.0.1', PORT: '15950' }) },
    ],
    [
      'tei',
      { args: ['-p8080'], env: env({ PORT: '8080', URL: 'http://localhost:$(PORT)' }) },
      {
        args: ['-p15950'],
        env: env({ HOSTNAME: '127.0.0.1', PORT: '15950', URL: 'http://localhost:$(PORT)' }),
      },
    ],
    [
      'vllm',
      { args: ['--model', 'm', '--port=8080', '--host', '0.0.0.0', '--seed', '1'] },
      { args: ['--model', 'm', '--seed', '1', '--port', '15950', '--host', '127.0.0.1'] },
    ],
    [
      'vllm',
      { command: ['vllm', 'serve', 'm', '--port'], args: ['8080', '--seed', '1'] },
      {
        command: ['vllm', 'serve', 'm'],
        args: ['--seed', '1', '--port', '15950', '--host', '127.0.0.1'],
      },
    ],
    [
      'infinity',
      { args: ['v2'] },
      { args: ['v2'], env: env({ INFINITY_HOST: '127.0.0.1', INFINITY_PORT: '15950' }) },
    ],
    [
      'llama-cpp',
      { args: ['--port', '8080'] },
      { args: ['--port', '15950'], env: env({ LLAMA_ARG_HOST: '127.0.0.1', LLAMA_ARG_PORT: '15950' }) },
    ],
    [
      'triton',
      { command: ['/opt/tritonserver/bin/tritonserver'], args: ['--model-repository=/m'] },
      {
        command: ['/opt/tritonserver/bin/tritonserver'],
        args: ['--model-repository=/m', '--http-port', '15950', '--http-address', '127.0.0.1'],
      },
    ],
  ])('%s %j', (server, container, expected) => {
    expect(moved({ image: IMAGES[server], ...container })).toEqual(expected);
  });
});

describe('what cannot be moved safely is refused with the reason', () => {
  test.each<[string, Partial<Container> & { image: string }, string]>([
    ['a shell', { image: IMAGES.tei, command: ['/bin/bash', '-c', 'x'] }, 'wrapped in a shell'],
    ['env in front', { image: IMAGES.tei, command: ['env', 'PORT=1', 'x'] }, 'wrapped in a shell'],
    ['words after --', { image: IMAGES.vllm, args: ['m', '--', 'x'] }, '`--`'],
    ['a flag without a value', { image: IMAGES.vllm, args: ['m', '--port'] }, 'without a value'],
    ['another port by flag', { image: IMAGES.tei, args: ['--port', '9000'] }, 'listens on 9000'],
    ['another port by variable', { image: IMAGES.tei, env: env({ PORT: '9000' }) }, 'listens on 9000'],
    ['an entrypoint that starts nothing', { image: IMAGES.triton }, 'does not start tritonserver'],
    ['a server that binds every address', { image: IMAGES['kserve-huggingface'] }, 'binds every address'],
    ['a server that nobody knows', { image: 'team/tei-like:1' }, 'state `relocate`'],
  ])('%s', (_, container, why) => {
    expect(injected(container)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'POD_CAPTURE_IMPOSSIBLE', message: expect.stringContaining(why) },
    });
  });

  test('a flag beats a variable, so that a variable of another port does not matter beside it', () => {
    const container = { image: IMAGES.tei, args: ['--port', '8080'], env: env({ PORT: '9000' }) };
    expect(moved(container).args).toEqual(['--port', '15950']);
  });
});

describe('the upstream key', () => {
  const upstreamKey = { upstreamKey: { secretKeyRef: { name: 'k', key: 'key' } } };
  const secret = { valueFrom: { secretKeyRef: { name: 'k', key: 'key' } } };

  test('is set in the app from its Secret, and mounted into the sidecar', () => {
    const result = injected({ image: IMAGES.tei }, upstreamKey);
    if (result.kind !== 'injected') throw new Error(JSON.stringify(result));
    expect(result.pod.spec!.containers[0]!.env).toContainEqual({ name: 'API_KEY', ...secret });
    expect(result.pod.spec!.containers[0]!.volumeMounts).toBeUndefined();
    const mounts = result.pod.spec!.initContainers![0]!.volumeMounts;
    expect(mounts).toContainEqual(expect.objectContaining({ mountPath: '/var/run/rankguard/secrets/k' }));
  });

  describe('that the operator makes for `auto`', () => {
    const generatedKey = { name: 'rankguard-search-key-0', key: 'key' };
    const fromIt = { valueFrom: { secretKeyRef: generatedKey } };
    const services = [
      {
        metadata: { name: 's' },
        spec: { selector: { app: 'reranker' }, ports: [{ port: 80, targetPort: 'http' }] },
      },
    ];
    function guard(container: Partial<Container>, ingress: object = {}) {
      const connection = { ...connectionOf({ port: 'http', capture: 'auto', ...ingress }), generatedKey };
      const app = {
        name: 'app',
        image: IMAGES.tei,
        ports: [{ name: 'http', containerPort: 8080 }],
        ...container,
      };
      const pod = { metadata: { labels: { app: 'reranker' } }, spec: { containers: [app] } };
      const input = { namespace: 'shop', services, connections: [connection], settings };
      const result = inject({ ...input, pod });
      if (result.kind !== 'injected') throw new Error(JSON.stringify(result));
      expect(inject({ ...input, pod: result.pod })).toMatchObject({ kind: 'injected', pod: result.pod });
      const [sidecar] = result.pod.spec!.initContainers!;
      const listeners = sidecar!.env!.find(({ name }) => name === 'RANKGUARD_LISTENERS')!.value!;
      return {
        env: result.pod.spec!.containers[0]!.env ?? [],
        listener: JSON.parse(listeners)[0] as { capture: string; locked?: true },
        mounts: sidecar!.volumeMounts!.map(({ mountPath }) => mountPath),
      };
    }
    const MOUNT = `/var/run/rankguard/secrets/${generatedKey.name}`;
    const inShell = { command: ['sh', '-c', 'text-embeddings-router --port 8080'] };

    test('locks an app that keeps its port, and tells the sidecar', () => {
      const { env, listener, mounts } = guard(inShell);
      expect(listener).toMatchObject({ capture: 'port-name', locked: true });
      expect(env).toContainEqual({ name: 'API_KEY', ...fromIt });
      expect(mounts).toContain(MOUNT);
    });

    test.each<[string, Partial<Container>, object]>([
      ['that moves', {}, {}],
      ['that Rankguard does not know', { image: 'team/custom' }, {}],
      ['that has a key of its own', { ...inShell, args: ['--api-key', 'x'] }, {}],
      ['of a connection with a key', inShell, { upstreamKey: { secretKeyRef: { name: 'k', key: 'key' } } }],
    ])('leaves an app alone %s', (_, container, ingress) => {
      const { env, listener, mounts } = guard(container, ingress);
      expect(listener.locked).toBeUndefined();
      expect(env).not.toContainEqual({ name: 'API_KEY', ...fromIt });
      expect(mounts).not.toContain(MOUNT);
    });
  });

  test('says where it does not reach', () => {
    expect(injected({ image: IMAGES.vllm }, upstreamKey)).toMatchObject({
      warnings: [expect.stringContaining('does not cover every rerank route of vllm')],
    });
    expect(injected({ image: IMAGES.tei, args: ['--api-key', 'x'] }, upstreamKey)).toMatchObject({
      warnings: [expect.stringContaining('a key of its own')],
    });
  });
});

test('a mesh proxy beside redirection is refused', () => {
  const result = inject({
    pod: {
      metadata: { labels: { app: 'reranker' } },
      spec: {
        containers: [
          { name: 'app', image: 'x', ports: [{ containerPort: 8080 }] },
          { name: 'istio-proxy', image: 'istio/proxyv2' },
        ],
      },
    },
    namespace: 'shop',
    services: [],
    connections: [
      connectionFrom({
        apiVersion: 'rankguard.dev/v1alpha1',
        kind: 'RerankConnection',
        metadata: { name: 'search', namespace: 'shop' },
        spec: {
          selector: { matchLabels: { app: 'reranker' } },
          ingress: { port: 8080, capture: 'redirect', dialects: ['tei'] },
          identity: { anonymous: 'allow' },
        },
      }),
    ],
    settings,
  });
  expect(result).toMatchObject({
    kind: 'refused',
    refusal: { message: expect.stringContaining('istio-proxy') },
  });
});

describe('commands of probes and hooks, which stay as they are', () => {
  const exec = (...command: string[]) => ({ exec: { command } });
  function warnings(container: Partial<Container>, ingress: object = {}): readonly string[] {
    const result = injected({ image: IMAGES.tei, ...container }, ingress);
    if (result.kind !== 'injected') throw new Error(JSON.stringify(result));
    const [app] = result.pod.spec!.containers;
    for (const member of ['livenessProbe', 'readinessProbe'] as const)
      expect(app?.[member]).toEqual(container[member]);
    expect(app?.lifecycle?.postStart).toEqual(container.lifecycle?.postStart);
    return result.warnings.filter((text) => text.includes('command'));
  }

  test('one that calls the port that the app had is told which to call', () => {
    const livenessProbe = exec('curl', '-f', 'http://localhost:8080/health');
    const lifecycle = { postStart: exec('sh', '-c', 'until nc -z 127.0.0.1 8080; do sleep 1; done') };
    expect(warnings({ livenessProbe, lifecycle })).toEqual([
      'liveness probe of container app runs a command that calls port 8080, where the sidecar now answers instead of the app: make it an httpGet probe, or let it call 15950',
      'postStart of container app runs a command that calls port 8080, where the sidecar now answers instead of the app: let it call 15950',
    ]);
  });

  test('one whose calls cannot be seen is told where the app went; a hook is not suspected', () => {
    const readinessProbe = exec('/ready.sh', '18080', '80801');
    const lifecycle = { postStart: exec('/warm-up.sh') };
    expect(warnings({ readinessProbe, lifecycle })).toEqual([
      'readiness probe of container app runs a command, which is left as it is; the app now listens on 15950 in place of 8080',
    ]);
  });

  test('nothing is said of an app that keeps its port', () => {
    const livenessProbe = exec('curl', 'localhost:8080/health');
    expect(warnings({ livenessProbe }, { capture: 'redirect' })).toEqual([]);
  });
});
