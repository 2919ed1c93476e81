import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Bundle } from '@rankguard/contract';
import { CONTROL_AUDIENCE, MOST_MESSAGE_BYTES, OPERATOR_AUDIENCE } from '@rankguard/contract/control';
import { createControlClient } from '@rankguard/sidecar/control';
import { createTrust } from '@rankguard/sidecar/trust';
import { Agent, request } from 'undici';
import {
  type Cluster,
  guardName,
  type KnownToken,
  OPERATOR_USER,
  POD,
  POD_TOKEN,
  type Replica,
  startCluster,
} from '../../../test/support/control-plane.ts';
import { waitFor } from '../../../test/support/wait.ts';

const connection = { namespace: 'shop', name: 'search' };
const bundle = (revision: number) =>
  ({
    format: 1,
    revision,
    digest: `d${revision}`,
    connection: { ...connection, staleAfterSeconds: 86_400 },
  }) as unknown as Bundle;
const ack = { connection, revision: 7, digest: 'd7', refused: null };
const report = {
  connection,
  instance: 'i',
  ledger: null,
  after: 0,
  complete: false,
  ends: false,
  entries: [],
};
const never = new AbortController().signal;

let cluster: Cluster;
let replica: Replica;
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  cluster = await startCluster();
  replica = await cluster.replica();
  cluster.tokens.set('good', POD_TOKEN);
  cluster.guarded.add(guardName(connection, POD.uid));
}, 30_000);
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await cluster.close();
});

function clientOf(token: string, { url, ca }: Replica = replica) {
  const client = createControlClient({ url, ca, token: async () => token });
  closing.push(client.close);
  const poll = (etag: string | null, waitSeconds = 0, activeRevision: number | null = null) =>
    client.poll({ connection, etag, activeRevision, waitSeconds, signal: never });
  return { ...client, get: poll };
}

/** Anything over HTTP, with the status and the code of the answer. */
async function send(method: 'GET' | 'POST', path: string, body?: string, token = 'good') {
  const agent = new Agent({ connect: { ca: replica.ca } });
  closing.push(() => agent.destroy());
  const answer = await request(`${replica.url}${path}`, {
    method,
    dispatcher: agent,
    body: body ?? null,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  });
  const text = await answer.body.text();
  const code = text === '' ? null : (JSON.parse(text) as { code: string }).code;
  return { status: answer.statusCode, code, headers: answer.headers };
}

describe('bundles', () => {
  test('a sidecar gets a bundle that it can believe, and the next one as soon as there is one', async () => {
    const { get } = clientOf('good');
    const waiting = get(null, 30);
    await waitFor(() => replica.store.waiting() === 1, 'the poll waits');
    await replica.publish(bundle(7));
    const first = await waiting;
    if (first.kind !== 'bundle') throw new Error('no bundle');
    const trust = createTrust({ rootKeys: replica.signing.rootKeys(), connection, now: Date.now });
    expect(await trust.verify(first.signed)).toMatchObject({ bundle: bundle(7), controlCa: replica.ca });
    expect(await get(first.etag)).toEqual({ kind: 'unchanged' });
    const next = get(first.etag, 30);
    await waitFor(() => replica.store.waiting() === 1, 'the poll waits');
    await replica.publish(bundle(8));
    expect(await next).toMatchObject({ kind: 'bundle' });
  });

  test('without a bundle the answer says so', async () => {
    await expect(clientOf('good').get(null)).rejects.toMatchObject({ code: 'CONTROL_NO_BUNDLE' });
  });

  test('a replica that ends answers those who wait', async () => {
    await replica.publish(bundle(7));
    const { get } = clientOf('good');
    const first = await get(null);
    const waiting = get(first.kind === 'bundle' ? first.etag : null, 30);
    await waitFor(() => replica.store.waiting() === 1, 'the poll waits');
    await replica.close();
    expect(await waiting).toEqual({ kind: 'unchanged' });
  });
});

describe('who is refused', () => {
  const other: Record<string, KnownToken> = {
    'of another audience': { ...POD_TOKEN, audiences: ['rankguard', 'https://kubernetes.default.svc'] },
    'of an operator': { ...POD_TOKEN, audiences: [OPERATOR_AUDIENCE] },
    expired: { ...POD_TOKEN, expired: true },
    'not bound to a pod': { audiences: [CONTROL_AUDIENCE], username: POD_TOKEN.username },
    'of a person': { ...POD_TOKEN, username: 'ann' },
  };
  test.each(Object.entries(other))('a token %s', async (_, token) => {
    await replica.publish(bundle(7));
    cluster.tokens.set('other', token);
    const { get, ack: acknowledge } = clientOf('other');
    await expect(get(null)).rejects.toMatchObject({ code: 'CONTROL_TOKEN' });
    await expect(acknowledge(ack)).rejects.toMatchObject({ code: 'CONTROL_TOKEN' });
    expect(replica.acks).toEqual([]);
  });

  test.each(['unknown', '', 'with space', 'x'.repeat(17_000)])(
    "a token that is nobody's: %.12s",
    async (token) => {
      await expect(clientOf(token).get(null)).rejects.toMatchObject({ code: 'CONTROL_TOKEN' });
    },
  );

  test.each([
    ['another pod of the namespace', { ...POD, name: 'other', uid: 'uid-1' }, 'shop'],
    ['a pod with the name of a guarded one that is gone', { ...POD, uid: 'uid-1' }, 'shop'],
    ['a pod of another namespace', POD, 'ads'],
  ])('%s', async (_, pod, namespace) => {
    await replica.publish(bundle(7));
    cluster.tokens.set('other', {
      ...POD_TOKEN,
      username: `system:serviceaccount:${namespace}:default`,
      pod,
    });
    const { get, ack: acknowledge, audit } = clientOf('other');
    const refused = { code: 'CONTROL_POD' };
    await expect(get(null)).rejects.toMatchObject(refused);
    await expect(acknowledge(ack)).rejects.toMatchObject(refused);
    await expect(audit({ connection, entries: [], dropped: 0 })).rejects.toMatchObject(refused);
  });

  test('everybody while the API server reviews no tokens, and nobody for longer', async () => {
    await replica.publish(bundle(7));
    cluster.api.fail({ verb: 'POST', plural: 'tokenreviews', answer: 500 });
    const { get } = clientOf('good');
    await expect(get(null)).rejects.toMatchObject({ code: 'CONTROL_UNAVAILABLE' });
    expect(await get(null)).toMatchObject({ kind: 'bundle' });
  });

  test('an API server that answers for its own audience', async () => {
    const user = {
      username: POD_TOKEN.username,
      extra: { 'authentication.kubernetes.io/pod-uid': [POD.uid] },
    };
    cluster.api.reviews.set('tokenreviews', () => ({ authenticated: true, audiences: [], user }));
    await expect(clientOf('good').get(null)).rejects.toMatchObject({ code: 'CONTROL_TOKEN' });
  });

  test('a client that trusts another CA never sends its token', async () => {
    const stranger = await startCluster();
    closing.push(stranger.close);
    const { ca } = await stranger.replica();
    await expect(clientOf('good', { ...replica, ca }).get(null)).rejects.toMatchObject({
      code: 'CONTROL_UNAVAILABLE',
    });
    expect(cluster.api.seen).toEqual([]);
  });

  test('a token is looked at before a body', async () => {
    expect(await send('POST', '/v1/acks', '{', 'unknown')).toMatchObject({
      status: 401,
      code: 'CONTROL_TOKEN',
    });
  });
});

describe('acknowledgements', () => {
  test('reach the leader, of whichever replica they were told', async () => {
    cluster.tokens.set('operator', { audiences: [OPERATOR_AUDIENCE], username: OPERATOR_USER });
    const follower = await cluster.replica({
      operatorToken: 'operator',
      leader: () => ({ self: false, url: replica.url }),
    });
    await clientOf('good').ack(ack);
    await clientOf('good', follower).ack({ ...ack, revision: 8 });
    await waitFor(() => replica.acks.length === 2, 'both acknowledgements');
    expect(replica.acks).toEqual([
      { ...ack, pod: POD },
      { ...ack, revision: 8, pod: POD },
    ]);
    expect(follower.acks).toEqual([]);
  });

  test('a new leader is told everything again', async () => {
    cluster.tokens.set('operator', { audiences: [OPERATOR_AUDIENCE], username: OPERATOR_USER });
    let leader: string | null = null;
    const follower = await cluster.replica({
      operatorToken: 'operator',
      leader: () => (leader === null ? null : { self: false, url: leader }),
    });
    const second = await cluster.replica();
    await clientOf('good', follower).ack(ack);
    for (const next of [replica, second]) {
      leader = next.url;
      await waitFor(() => next.acks.length === 1, 'the acknowledgement');
    }
  });

  test('a poll counts as one, and does not undo a refusal', async () => {
    await replica.publish(bundle(7));
    const { get, ack: acknowledge } = clientOf('good');
    await get(null, 0, 6);
    await waitFor(() => replica.acks.length === 1, 'the first');
    expect(replica.acks[0]).toMatchObject({ revision: 6, refused: null, pod: POD });
    const refused = { code: 'POLICY_INVALID', message: 'no module' } as const;
    await acknowledge({ ...ack, refused });
    await get(null, 0, 6);
    await waitFor(() => replica.acks.length === 2, 'the refusal');
    expect(replica.acks[1]).toMatchObject({ revision: 7, refused });
  });

  test.each([
    ['a pod', 'good', 'CONTROL_TOKEN'],
    ['another ServiceAccount', 'stranger', 'CONTROL_TOKEN'],
  ])('are not forwarded for %s', async (_, token, code) => {
    cluster.tokens.set('stranger', {
      audiences: [OPERATOR_AUDIENCE],
      username: 'system:serviceaccount:shop:a',
    });
    const body = JSON.stringify({ acks: [{ ...ack, pod: POD }] });
    expect(await send('POST', '/v1/acks/forwarded', body, token)).toMatchObject({ status: 401, code });
    expect(replica.acks).toEqual([]);
  });
});

describe('usage', () => {
  test('is gathered by the leader, whichever replica is told', async () => {
    cluster.tokens.set('operator', { audiences: [OPERATOR_AUDIENCE], username: OPERATOR_USER });
    let leader: string | null = replica.url;
    const follower = await cluster.replica({
      operatorToken: 'operator',
      leader: () => (leader === null ? null : { self: false, url: leader }),
    });
    const direct = await clientOf('good').usage(report);
    expect(await clientOf('good', follower).usage(report)).toEqual(direct);
    const used = { id: 'd'.repeat(22), known: true, names: [] };
    const slot = Math.floor(Date.now() / 7_200_000);
    const entry = { ...used, minute: [], hour: [], day: [[slot, 2, 20, 6, 2, 0]] } as const;
    const told = { ...report, ledger: direct.ledger, complete: true, entries: [entry] };
    cluster.tokens.set('other', { ...POD_TOKEN, pod: { name: 'reranker-1', uid: 'uid-1' } });
    cluster.guarded.add(guardName(connection, 'uid-1'));
    await clientOf('other', follower).usage(told);
    const heard = await clientOf('good').usage({ ...told, entries: [] });
    expect(heard).toMatchObject({ entries: [entry], more: false });
    expect(heard.ageMs).not.toBeNull();
    leader = null;
    await expect(clientOf('good', follower).usage(report)).rejects.toMatchObject({
      code: 'CONTROL_UNAVAILABLE',
    });
  });

  test('a replica that has stopped leading takes none from another', async () => {
    cluster.tokens.set('operator', { audiences: [OPERATOR_AUDIENCE], username: OPERATOR_USER });
    const follower = await cluster.replica({
      operatorToken: 'operator',
      leader: () => ({ self: false, url: follower.url }),
    });
    await expect(clientOf('good', follower).usage(report)).rejects.toMatchObject({
      code: 'CONTROL_UNAVAILABLE',
    });
  });

  test('is not taken from a pod that the connection does not guard, nor as if from an operator', async () => {
    cluster.tokens.set('other', { ...POD_TOKEN, pod: { name: 'other', uid: 'uid-9' } });
    await expect(clientOf('other').usage(report)).rejects.toMatchObject({ code: 'CONTROL_POD' });
    const forwarded = JSON.stringify({ pod: POD, report });
    expect(await send('POST', '/v1/usage/forwarded', forwarded)).toMatchObject({
      status: 401,
      code: 'CONTROL_TOKEN',
    });
  });
});

test('notices arrive with the pod that the token names', async () => {
  const entry = {
    kind: 'denial',
    reason: 'POLICY_DENY',
    policy: 'shop/ranking',
    policyCode: 'DATASET',
    message: 'no',
    count: 3,
    last: 1,
  } as const;
  await clientOf('good').audit({ connection, entries: [entry], dropped: 2 });
  expect(replica.audits).toEqual([{ batch: { connection, entries: [entry], dropped: 2 }, pod: POD }]);
});

test.each([
  ['GET', '/', undefined, 404, 'CONTROL_ROUTE'],
  ['GET', '/v1/bundles/shop', undefined, 404, 'CONTROL_ROUTE'],
  ['POST', '/v1/acks', '{', 400, 'CONTROL_BODY'],
  ['POST', '/v1/acks', '{}', 400, 'CONTROL_BODY'],
  ['POST', '/v1/audit', '[]', 400, 'CONTROL_BODY'],
  ['POST', '/v1/usage', '{}', 400, 'CONTROL_BODY'],
  ['POST', '/v1/audit', `"${'x'.repeat(MOST_MESSAGE_BYTES)}"`, 413, 'CONTROL_BODY_TOO_LARGE'],
] as const)('%s %s %.10j is %d', async (method, path, body, status, code) => {
  const answer = await send(method, path, body);
  expect(answer).toMatchObject({ status, code });
  expect(answer.headers['content-type']).toContain('application/problem+json');
});
