import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from './support/chart.ts';
import { apply, eventually, get, kubectl, type Manifest, refusal } from './support/kubectl.ts';
import { connectionOf, namespaceOf, podOf, policyOf } from './support/manifests.ts';
import { startOperators, stopOperators } from './support/operators.ts';
import { certificateFor } from './support/serving.ts';

const NAMESPACE = 'webhooks';
const NAME = `rankguard-pods-${NAMESPACE}`;
const KINDS = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'] as const;

interface Configuration {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly webhooks?: readonly object[];
}
const stored = (kind: string, name = NAME) => get<Configuration>(kind, name);
const asked = async () => await Promise.all(KINDS.map(async (kind) => (await stored(kind)).webhooks));
const edit = (kind: string, patch: readonly object[], name = NAME) =>
  kubectl(['patch', kind, name, '--type=json', '-p', JSON.stringify(patch)]);

/** What a pod that the connection selects becomes now: guarded, or refused with these words. */
async function selectedPod(): Promise<string> {
  const pod = podOf(NAMESPACE, { name: 'selected', labels: { app: 'reranker' } });
  const args = ['create', '-f', '-', '--dry-run=server', '-o', 'json'];
  const said = await kubectl(args, JSON.stringify(pod)).then(
    (printed) => JSON.parse(printed) as { spec: { initContainers?: { name: string }[] } },
    (error: Error) => error.message,
  );
  if (typeof said === 'string') return said;
  return said.spec.initContainers?.some(({ name }) => name === 'rankguard') ? 'guarded' : 'unguarded';
}

let wanted: readonly unknown[];
let foreign: string;
beforeAll(async () => {
  await install();
  await apply(
    namespaceOf(NAMESPACE),
    policyOf(NAMESPACE),
    connectionOf(NAMESPACE, { name: 'reranker', app: 'reranker' }),
  );
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', 'rrc/reranker', '--timeout=60s']);
  await eventually(async () => expect(await selectedPod()).toBe('guarded'));
  wanted = await asked();
  foreign = Buffer.from((await certificateFor('elsewhere.test')).ca).toString('base64');
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

const nothing = { matchLabels: { nobody: 'has-this' } };
const set = (path: string, value: unknown) => ({ op: 'add', path: `/webhooks/0/${path}`, value });
const never = [{ name: 'never.rankguard.test', expression: 'false' }];
const EDITS: readonly (readonly [string, () => readonly object[]])[] = [
  ['whose rules are emptied', () => [set('rules', [])]],
  ['that may fail', () => [set('failurePolicy', 'Ignore')]],
  ['whose namespaceSelector matches nothing', () => [set('namespaceSelector', nothing)]],
  ['whose objectSelector matches nothing', () => [set('objectSelector', nothing)]],
  ['with a condition that never holds', () => [set('matchConditions', never)]],
  ['that trusts another authority', () => [set('clientConfig/caBundle', foreign)]],
  [
    'that asks somebody else',
    () => [
      set('clientConfig/url', 'https://127.0.0.1:9/'),
      { op: 'remove', path: '/webhooks/0/clientConfig/service' },
    ],
  ],
  ['without entries', () => [{ op: 'replace', path: '/webhooks', value: [] }]],
  [
    'without the label by which it is watched',
    () => [set('rules', []), { op: 'remove', path: '/metadata/labels' }],
  ],
];

describe('a webhook configuration', () => {
  test.each(EDITS)('%s is put back, and no pod passes unguarded meanwhile', async (_, patch) => {
    for (const kind of KINDS) await edit(kind, patch());
    expect(await selectedPod()).toMatch(/^guarded$|POD_CHANGED|failed calling webhook/);
    await eventually(async () => expect(await asked()).toEqual(wanted));
    await eventually(async () => expect(await selectedPod()).toBe('guarded'));
  });

  test('for our own kinds is put back as well', async () => {
    const [, kind] = KINDS;
    const name = 'rankguard-kinds';
    const before = (await stored(kind, name)).webhooks;
    await edit(kind, [set('rules', []), set('matchConditions', never)], name);
    await eventually(async () => expect((await stored(kind, name)).webhooks).toEqual(before));
  });

  test('that somebody edits is reported on the connection', async () => {
    await eventually(async () => {
      const { items } = await get<{ items: { reason: string; message: string }[] }>(
        ...['events', '-n', NAMESPACE, '--field-selector', 'reason=WebhookChanged'],
      );
      const notes = items.map(({ message }) => message);
      expect(notes).toContainEqual(expect.stringMatching(new RegExp(`${NAME} was changed by somebody else`)));
    });
  });
});

describe('without operators', () => {
  beforeAll(() => stopOperators(), 120_000);
  afterAll(startOperators, 180_000);

  test('an edited configuration opens nothing, and is put back when they are there again', async () => {
    expect(await selectedPod()).toMatch(/failed calling webhook/);
    for (const kind of KINDS) await edit(kind, [set('failurePolicy', 'Ignore')]);
    await eventually(async () => expect(await selectedPod()).toMatch(/POD_CHANGED.*no sidecar/));
    for (const kind of KINDS) await edit(kind, [set('rules', [])]);
    expect(await selectedPod()).toMatch(/POD_CHANGED.*no sidecar/);
    const forged: Manifest = {
      initContainers: [{ name: 'rankguard', image: 'example.test/own', restartPolicy: 'Always' }],
    };
    const pod = podOf(NAMESPACE, { name: 'forged', labels: { app: 'reranker' }, spec: forged });
    const said = await refusal(['create', '-f', '-', '--dry-run=server'], JSON.stringify(pod));
    expect(said).toMatch(/POD_CHANGED.*another image or command/);
    await startOperators();
    await eventually(async () => expect(await asked()).toEqual(wanted), 120_000);
    await eventually(async () => expect(await selectedPod()).toBe('guarded'));
  }, 240_000);
});
