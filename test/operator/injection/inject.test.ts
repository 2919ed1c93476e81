import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  type InjectionInput,
  inject,
  type Pod,
  patch,
  type Service,
  samePod,
} from '@rankguard/operator/injection';
import fc from 'fast-check';
import { parseAllDocuments, stringify } from 'yaml';
import { applyPatch } from '../../support/operator/apply-patch.ts';
import { connectionFrom, settings } from '../../support/operator/fixtures.ts';

const FOLDER = join(import.meta.dirname, 'testdata');
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.in.yaml'))
  .map((name) => name.replace('.in.yaml', ''));

function readInput(name: string): InjectionInput {
  const text = readFileSync(join(FOLDER, `${name}.in.yaml`), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as { kind: string });
  return {
    pod: objects.find(({ kind }) => kind === 'Pod') as Pod,
    namespace: 'shop',
    services: objects.filter(({ kind }) => kind === 'Service') as Service[],
    connections: objects
      .filter(({ kind }) => kind === 'RerankConnection')
      .map((object, index) => connectionFrom(object, index)),
    settings,
  };
}

describe.each(NAMES)('%s', (name) => {
  const input = readInput(name);
  const before = structuredClone(input);
  const result = inject(input);

  test('comes out as in its golden file', () => {
    const file = join(FOLDER, `${name}.out.yaml`);
    const text = stringify(result, { lineWidth: 0, aliasDuplicateObjects: false });
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(text);
  });

  test('leaves its input alone', () => {
    expect(input).toEqual(before);
  });

  if (result.kind !== 'injected') return;

  test('injecting again changes nothing', () => {
    const again = inject({ ...input, pod: result.pod });
    expect(again).toMatchObject({ kind: 'injected', pod: result.pod });
  });

  test('the patch makes the pod', () => {
    expect(samePod(applyPatch(input.pod, patch(input.pod, result.pod)), result.pod)).toBe(true);
    expect(patch(result.pod, result.pod)).toEqual([]);
  });
});

const word = fc.constantFrom(
  '--port',
  '--port=8080',
  '-p',
  '8080',
  '9000',
  '--host',
  '0.0.0.0',
  '--',
  'serve',
  '-x',
);
const probe = fc.oneof(
  fc.record({ httpGet: fc.record({ path: fc.constantFrom('/', '/health'), port: port() }) }),
  fc.record({ tcpSocket: fc.record({ port: port() }) }),
  fc.record({ grpc: fc.record({ port: fc.constantFrom(8080, 9000) }), timeoutSeconds: fc.nat(5) }),
  fc.constant({ exec: { command: ['true'] } }),
);
function port() {
  return fc.constantFrom<number | string>(8080, 9000, 'http', 'metrics');
}
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const container = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      image: fc.constantFrom(
        'ghcr.io/huggingface/text-embeddings-inference:1.7',
        'vllm/vllm-openai:v1',
        'michaelf34/infinity:1',
        'team/custom@sha256:0',
      ),
      command: fc.array(word, { maxLength: 4 }),
      args: fc.array(word, { maxLength: 4 }),
      env: fc.array(
        fc.record({
          name: fc.constantFrom('PORT', 'HOSTNAME', 'API_KEY', 'A'),
          value: fc.constantFrom('8080', ''),
        }),
        { maxLength: 4 },
      ),
      ports: fc.subarray([
        { name: 'http', containerPort: 8080 },
        { name: 'metrics', containerPort: 9000 },
        { containerPort: 8081 },
      ]),
      readinessProbe: probe,
      livenessProbe: probe,
      lifecycle: fc.constantFrom({ preStop: { httpGet: { port: 'http', path: '/stop' } } }, {}),
      resources: fc.constantFrom(
        {},
        { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } },
      ),
    },
    { requiredKeys: ['name', 'image'] },
  );
const pods = fc.record({
  metadata: fc.constant({ name: 'p', labels: { app: 'reranker' } }),
  spec: fc.record(
    {
      containers: fc
        .tuple(container('a'), maybe(container('b')))
        .map((all) => all.filter((one) => one !== undefined)),
      initContainers: fc.tuple(container('init')),
      terminationGracePeriodSeconds: fc.nat(60),
      volumes: fc.constant([{ name: 'own', emptyDir: {} }]),
    },
    { requiredKeys: ['containers'] },
  ),
});
const connections = fc
  .array(
    fc.record({
      port: fc.constantFrom<string | number>('http', 8080, 'metrics', 8081),
      capture: fc.constantFrom('auto', 'relocate', 'redirect', 'port-name'),
      key: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) =>
    all.map(({ port, capture, key }, index) =>
      connectionFrom(
        {
          apiVersion: 'rankguard.dev/v1alpha1',
          kind: 'RerankConnection',
          metadata: { name: `c${index}`, namespace: 'shop' },
          spec: {
            selector: { matchLabels: { app: 'reranker' } },
            identity: { anonymous: 'allow' },
            ingress: {
              port,
              capture,
              dialects: ['tei'],
              ...(key && { upstreamKey: { secretKeyRef: { name: 'k', key: 'k' } } }),
            },
          },
        },
        index,
      ),
    ),
  );

/** What a pod is after the API server has stored it: defaults that the server writes are left out. */
const stored = (value: object): Pod => JSON.parse(JSON.stringify(value));

test('whatever the pod, injecting twice is injecting once', () => {
  let injected = 0;
  fc.assert(
    fc.property(pods, connections, (pod, all) => {
      const input = { pod: stored(pod), namespace: 'shop', services: [], connections: all, settings };
      const once = inject(input);
      if (once.kind !== 'injected') return;
      injected += 1;
      const twice = inject({ ...input, pod: stored(once.pod) });
      expect(twice).toMatchObject({ kind: 'injected', guarded: once.guarded, pod: stored(once.pod) });
      expect(samePod(once.pod, (twice as { pod: Pod }).pod)).toBe(true);
    }),
    { numRuns: 400 },
  );
  // A property that nothing reaches proves nothing.
  expect(injected).toBeGreaterThan(50);
});

test("a sidecar's resources are the same in whatever order and spelling the API server stores them", () => {
  const [one] = NAMES.map(readInput).filter((input) => inject(input).kind === 'injected');
  const limits = { memory: '0.25Gi', cpu: '0.5' };
  const input = { ...one!, settings: { ...settings, resources: { requests: { memory: '128Mi' }, limits } } };
  const once = inject(input);
  if (once.kind !== 'injected') throw new Error(JSON.stringify(once));
  const restored = stored(once.pod);
  const sidecar = restored.spec?.initContainers?.find(({ name }) => name === 'rankguard');
  const spelled = { cpu: '500m', 'ephemeral-storage': '1Gi', memory: '256Mi' };
  sidecar!.resources = { limits: spelled, requests: { cpu: '500m', memory: '128Mi' } };
  expect(inject({ ...input, pod: restored })).toMatchObject({ kind: 'injected', pod: restored });
});
