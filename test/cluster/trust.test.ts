import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type BundleClaims,
  bundlePath,
  CONTROL_AUDIENCE,
  CONTROL_ROUTES,
  type SignedBundle,
} from '@rankguard/contract/control';
import { ENVIRONMENT } from '@rankguard/contract/pod';
import { createBundleForge } from '../support/signed-bundles.ts';
import { install } from './support/chart.ts';
import { type Answer, type Client, startClient } from './support/client.ts';
import { type FalseOperator, takeTheOperatorsPlace } from './support/false-operator.ts';
import { apply, eventually, get, kubectl, token } from './support/kubectl.ts';
import { connectionOf, namespaceOf, podOf, policyOf } from './support/manifests.ts';
import { accountKey } from './support/own-node.ts';
import { signedLike } from './support/tokens.ts';

const NAMESPACE = 'trust';
const PATH = bundlePath({ namespace: NAMESPACE, name: 'reranker' });

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: {
    readonly initContainers?: readonly { env: readonly { name: string; value: string }[] }[];
  };
  readonly status: { readonly podIP: string };
}

let client: Client;
let control: { readonly url: string; readonly ca: string };
let guarded: Pod;

/** A token as the kubelet makes it for the sidecar of a pod. */
function tokenOf({ metadata: { name, namespace, uid } }: Pod, audience = CONTROL_AUDIENCE): Promise<string> {
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', name, '--bound-object-uid', uid];
  return token(namespace, 'default', audience, ...bound);
}
const podNamed = (name: string, namespace = NAMESPACE) => get<Pod>('pod', name, '-n', namespace);

/** The control API's answer to whoever shows this token; asked again while nobody can answer. */
const asked = (shown: string, path: string, body?: unknown): Promise<Answer> =>
  eventually(async () => {
    const call = { url: control.url + path, ca: control.ca, token: shown };
    const answer = await client.call({ ...call, ...(body !== undefined && { body }) });
    if (answer.status === 0 || answer.status === 503) throw new Error(answer.text);
    return answer;
  });
async function ask(
  shown: string,
  path = PATH,
  body?: unknown,
): Promise<{ readonly status: number; readonly code?: string }> {
  const { status, text } = await asked(shown, path, body);
  return status < 400 ? { status } : { status, code: JSON.parse(text).code };
}
async function bundleFor(shown: string, path = PATH): Promise<SignedBundle> {
  return JSON.parse((await asked(shown, path)).text);
}

/** The revision that the guarded pod's sidecar has in force. */
const inForce = (): Promise<number> =>
  eventually(async () => {
    const { text } = await client.call({ url: `http://${guarded.status.podIP}:15920/metrics` });
    const found = /^rankguard_bundle_revision\{[^}]*\} (\d+)$/m.exec(text)?.[1];
    if (found === undefined) throw new Error(`no revision in: ${text}`);
    return Number(found);
  });
/** Applies a policy with this rule; resolves with its revision once the sidecar has it. */
async function changePolicy(rule: string): Promise<number> {
  const before = await inForce();
  await eventually(() => apply(policyOf(NAMESPACE, rule)));
  return await eventually(async () => {
    const now = await inForce();
    expect(now).toBeGreaterThan(before);
    return now;
  });
}

beforeAll(async () => {
  await install();
  await apply(
    namespaceOf(NAMESPACE),
    policyOf(NAMESPACE),
    ...['reranker', 'other'].map((name) => connectionOf(NAMESPACE, { name, app: name })),
  );
  for (const name of ['reranker', 'other']) {
    await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', `rrc/${name}`, '--timeout=60s']);
    await eventually(() => apply(podOf(NAMESPACE, { name, labels: { app: name } })));
  }
  await apply(podOf(NAMESPACE, { name: 'plain', labels: { app: 'plain' } }));
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Ready', 'pod', '--all', '--timeout=120s']);
  client = await startClient();
  guarded = await podNamed('reranker');
  const env = new Map(guarded.spec.initContainers?.[0]?.env.map(({ name, value }) => [name, value]));
  control = { url: env.get(ENVIRONMENT.controlUrl) ?? '', ca: env.get(ENVIRONMENT.controlCa) ?? '' };
}, 300_000);
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']), 120_000);

describe('the control API', () => {
  const refused = { status: 401, code: 'CONTROL_TOKEN' };
  const foreign = { status: 403, code: 'CONTROL_POD' };

  test('gives a bundle to the pod that its connection guards', async () => {
    expect(await ask(await tokenOf(guarded))).toEqual({ status: 200 });
  });

  test('gives none to another pod: guarded by another connection, unguarded, of another namespace', async () => {
    const others = [
      await podNamed('other'),
      await podNamed('plain'),
      await podNamed('client', 'rankguard-test-client'),
    ];
    for (const pod of others) expect(await ask(await tokenOf(pod))).toEqual(foreign);
    const ack = {
      connection: { namespace: NAMESPACE, name: 'reranker' },
      revision: 1,
      digest: 'd',
      refused: null,
    };
    expect(await ask(await tokenOf(await podNamed('other')), CONTROL_ROUTES.acks, ack)).toEqual(foreign);
  });

  test('refuses a token of another audience, and one that is bound to no pod', async () => {
    expect(await ask(await tokenOf(guarded, 'rerank'))).toEqual(refused);
    expect(await ask((await kubectl(['create', 'token', 'default', '-n', NAMESPACE])).trim())).toEqual(
      refused,
    );
    expect(await ask(await token(NAMESPACE, 'default', CONTROL_AUDIENCE))).toEqual(refused);
    expect(await ask(await tokenOf(guarded), CONTROL_ROUTES.forwardedAcks, { acks: [] })).toEqual(refused);
  });

  test('refuses a token whose pod is gone, and one that somebody else signed', async () => {
    await eventually(() => apply(podOf(NAMESPACE, { name: 'gone', labels: { app: 'reranker' } })));
    const left = await tokenOf(await podNamed('gone'));
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', 'gone', '--grace-period=0', '--force']);
    await eventually(async () => expect(await ask(left)).toEqual(refused));
    expect(await ask(await signedLike(await tokenOf(guarded), { expiresIn: 3600, key: null }))).toEqual(
      refused,
    );
  });
});

const key = accountKey();
// `kubectl create token` gives no token for less than ten minutes: an expired one takes the cluster's own key.
(key === null ? describe.skip : describe)('a token that has expired, and is good otherwise', () => {
  test('is refused by the control API', async () => {
    const real = await tokenOf(guarded);
    expect(await ask(await signedLike(real, { expiresIn: 600, key }))).toEqual({ status: 200 });
    const expired = await signedLike(real, { expiresIn: -600, key });
    expect(await ask(expired)).toEqual({ status: 401, code: 'CONTROL_TOKEN' });
  });

  test('is refused by the sidecar', async () => {
    const url = `http://${guarded.status.podIP}:3000/rerank`;
    const body = { query: 'refund', texts: ['a refund'] };
    const real = await token(NAMESPACE, 'default', 'rerank');
    const fresh = await client.call({ url, body, token: await signedLike(real, { expiresIn: 600, key }) });
    expect(fresh.status).toBe(200);
    const late = await client.call({ url, body, token: await signedLike(real, { expiresIn: -600, key }) });
    expect([late.status, JSON.parse(late.text)]).toMatchObject([401, { code: 'TOKEN_EXPIRED' }]);
  });
});

describe("in the operator's place, with its certificate and without its keys", () => {
  const DENY = (code: string) =>
    `deny contains {"code": "${code}", "message": "no"} if input.request.query == "refund"`;
  let operator: FalseOperator | undefined;
  let old: SignedBundle;
  let revision: number;
  let forged: readonly SignedBundle[];

  const logs = () => kubectl(['-n', NAMESPACE, 'logs', 'reranker', '-c', 'rankguard', '--tail=-1']);
  const call = async () => {
    const url = `http://${guarded.status.podIP}:3000/rerank`;
    const caller = await token(NAMESPACE, 'default', 'rerank');
    const answer = await client.call({ url, token: caller, body: { query: 'refund', texts: ['a refund'] } });
    return { status: answer.status, code: JSON.parse(answer.text).code };
  };

  beforeAll(async () => {
    const own = await tokenOf(guarded);
    old = await bundleFor(own);
    revision = await changePolicy(DENY('SECOND'));
    const current = await bundleFor(own);
    const [header, payload, signature] = current.bundle.split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as BundleClaims;
    const bundle = { ...claims.bundle, revision: revision + 1 };
    const forge = await createBundleForge(Date.now);
    const stranger = await forge.sign(bundle, { ...claims });
    const changed = Buffer.from(JSON.stringify({ ...claims, bundle })).toString('base64url');
    const other = bundlePath({ namespace: NAMESPACE, name: 'other' });
    forged = [
      stranger,
      { ...current, bundle: [header, changed, signature].join('.') },
      await bundleFor(await tokenOf(await podNamed('other')), other),
      { ...current, bundle: stranger.bundle },
    ];
    operator = await takeTheOperatorsPlace(PATH);
  }, 240_000);
  afterAll(() => operator?.end(), 240_000);

  test('forged bundles and an older one are refused, and the one in force stays', async () => {
    await operator?.answer([...forged, old]);
    await eventually(async () => {
      const said = await logs();
      expect(said).toMatch(/signed by no root key of this pod/);
      expect(said).toMatch(/the signature of its bundle does not verify/);
      expect(said).toMatch(new RegExp(`it is for ${NAMESPACE}/other`));
      expect(said).toMatch(new RegExp(`is older than ${revision} in force`));
    }, 90_000);
    expect(await operator?.heard()).toMatch(/\/v1\/acks .*"BUNDLE_REFUSED".*is older than/);
    expect(await inForce()).toBe(revision);
    await eventually(async () => expect(await call()).toEqual({ status: 403, code: 'SECOND' }));
  }, 180_000);

  test('a sidecar that starts again has its last good bundle, and still refuses an older one', async () => {
    const end = ['-n', NAMESPACE, 'exec', 'reranker', '-c', 'rankguard', '--', '/nodejs/bin/node', '-e'];
    await kubectl([...end, 'process.kill(1, "SIGTERM")']);
    // Of the new container: the one before it had nothing kept.
    await eventually(async () => expect(await logs()).toMatch(/kept bundle active/), 90_000);
    await operator?.answer([...forged, old, old]);
    const refused = new RegExp(`is older than ${revision} in force`);
    await eventually(async () => expect(await logs()).toMatch(refused), 90_000);
    expect(await inForce()).toBe(revision);
    await eventually(async () => expect(await call()).toEqual({ status: 403, code: 'SECOND' }));
  }, 180_000);

  test('the operator itself is followed again', async () => {
    await operator?.end();
    operator = undefined;
    expect(await changePolicy(DENY('THIRD'))).toBeGreaterThan(revision);
    await eventually(async () => expect(await call()).toEqual({ status: 403, code: 'THIRD' }));
  }, 240_000);
});
