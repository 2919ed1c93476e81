import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { createStoredReader } from '@rankguard/operator/compile';
import {
  createKube,
  createTransport,
  type Kube,
  type KubeObject,
  RESOURCES,
  type Transport,
} from '@rankguard/operator/kube';
import { createInstalledSchemas } from '../../operator/src/run/installed-schemas.ts';
import { noApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/wait.ts';
import { startTestCluster, type TestCluster } from './admission/cluster.ts';

/** An upgrade begins with the CustomResourceDefinitions: this operator then reads what a newer schema has filled in. */
const SLOW = 120_000;
const bool = (more: object = {}) => ({ type: 'boolean', description: 'New.', ...more });
const NEW_OBJECT = {
  type: 'object',
  description: 'New.',
  default: {},
  properties: {
    mode: { type: 'string', default: 'off' },
    limits: {
      type: 'object',
      default: { most: 3 },
      properties: { most: { type: 'integer' }, all: bool({ default: true }) },
    },
  },
};

interface Node {
  readonly properties: Record<string, Node>;
  readonly items: Node;
}
interface Definition {
  readonly spec: { readonly versions: [{ readonly schema: { readonly openAPIV3Schema: Node } }] };
}

const connection = (name: string, more: { ingress?: object; policy?: object } = {}) => ({
  apiVersion: 'rankguard.dev/v1alpha1',
  kind: 'RerankConnection',
  metadata: { name, namespace: 'shop' },
  spec: {
    selector: { matchLabels: { app: name } },
    ingress: { port: 8080, dialects: ['tei'], ...more.ingress },
    identity: { anonymous: 'allow' },
    policies: [{ name: 'readers', ...more.policy }],
  },
});

(noApiServer === null ? describe : describe.skip)('resources that a newer schema has stored', () => {
  let cluster: TestCluster;
  let transport: Transport;
  let kube: Kube;
  beforeAll(async () => {
    cluster = await startTestCluster();
    const config = new KubeConfig();
    config.loadFromFile(cluster.server.kubeconfig);
    transport = createTransport(config);
    kube = createKube({ transport, userAgent: 'test' });
    const name = 'rerankconnections.rankguard.dev';
    const definition = await kube.get<Definition & { metadata: { name: string } }>(RESOURCES.definitions, {
      name,
    });
    const { spec } = definition.spec.versions[0].schema.openAPIV3Schema.properties as { spec: Node };
    Object.assign(spec.properties['ingress']!.properties, { hedging: NEW_OBJECT, sealed: bool() });
    Object.assign(spec.properties['policies']!.items.properties, { weight: { type: 'integer', default: 1 } });
    await kube.replace(RESOURCES.definitions, definition);
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  }, SLOW);
  afterAll(async () => {
    await transport?.close();
    await cluster?.close();
  }, SLOW);

  /** As the API server stores it, once it has taken up the new schema. */
  async function stored(object: ReturnType<typeof connection>): Promise<KubeObject> {
    const { name } = object.metadata;
    return await waitFor(
      async () => {
        await cluster.apply(object);
        const found = await kube.get<KubeObject>(RESOURCES.connections, { namespace: 'shop', name });
        if (JSON.stringify(found).includes('"hedging"')) return found;
        await kube.remove(RESOURCES.connections, { namespace: 'shop', name });
        return undefined;
      },
      'the new schema',
      SLOW,
    );
  }
  const read = async (object: unknown) =>
    await createStoredReader(createInstalledSchemas(kube, () => undefined))(object, 'it');

  test(
    'what it filled in is passed over, nested and in lists, and what else is there is read',
    async () => {
      const object = await stored(connection('defaulted'));
      expect(object).toMatchObject({
        spec: {
          ingress: { hedging: { mode: 'off', limits: { most: 3, all: true } } },
          policies: [{ weight: 1 }],
        },
      });
      const { resource, problems } = await read(object);
      expect(problems).toEqual([]);
      if (resource?.kind !== 'RerankConnection') throw new Error('it is not read');
      const { spec } = resource.object;
      expect(spec.ingress).not.toHaveProperty('hedging');
      expect(spec.policies).toEqual([{ name: 'readers' }]);
    },
    SLOW,
  );

  test(
    'what somebody wrote into a newer field is refused with its place: it may be a restriction',
    async () => {
      const more = { ingress: { hedging: { mode: 'on' }, sealed: true }, policy: { weight: 2 } };
      const { resource, problems } = await read(await stored(connection('stated', more)));
      expect(resource).toBeUndefined();
      expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
        'CONFIG_UNSUPPORTED spec.ingress.hedging',
        'CONFIG_UNSUPPORTED spec.ingress.sealed',
        'CONFIG_UNSUPPORTED spec.policies[0].weight',
      ]);
    },
    SLOW,
  );

  test(
    'a slip of the pen is refused by the API server with its place, and by the operator where it gets that far',
    async () => {
      const typo = connection('typo', { ingress: { dialect: ['tei'] } });
      const said = await cluster.kubectl(['create', '-f', '-'], typo);
      expect(said).toMatchObject({
        code: 1,
        text: expect.stringContaining('unknown field "spec.ingress.dialect"'),
      });
      expect((await read(typo)).problems).toMatchObject([
        { code: 'CONFIG_INVALID', path: 'spec.ingress.dialect' },
      ]);
    },
    SLOW,
  );
});

test('without the right to read schemas an unknown field is refused as before', async () => {
  const refused = createInstalledSchemas(
    { get: () => Promise.reject(new Error('forbidden')) },
    () => undefined,
  );
  const typo = connection('typo', { ingress: { hedging: {} } });
  expect((await createStoredReader(refused)(typo, 'it')).problems).toMatchObject([
    { path: 'spec.ingress.hedging' },
  ]);
});
