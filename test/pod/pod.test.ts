import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Bundle } from '@rankguard/contract';
import { connectionKey } from '@rankguard/contract/control';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createBundleForge } from '../support/signed-bundles.ts';
import { waitFor } from '../support/wait.ts';
import { type PodSetup, setUpPod } from './setup.ts';

const DAY = 86_400_000;
let at: PodSetup;
beforeEach(async () => {
  at = await setUpPod((port) => ({ 'app/liveness': { timeoutSeconds: 5, tcp: { port } } }));
}, 60_000);
afterEach(() => at.close());

const ready = () => waitFor(async () => (await at.probe('/ready')).status === 200, 'the pod is ready');
async function inForce(revision: number): Promise<void> {
  await at.replica.publish(await at.bundle(revision));
  await waitFor(() => at.replica.acks.some((ack) => ack.revision === revision), `an answer to ${revision}`);
}
const noticed = (reason: string) =>
  waitFor(
    () => at.replica.audits.flatMap(({ batch }) => batch.entries).find((entry) => entry.reason === reason),
    `a notice of ${reason}`,
  );
const code = (body: string) => (JSON.parse(body) as { reason: string }).reason;

describe('bundles', () => {
  test('listeners are bound before there is one; then nothing passes, and the app is not declared dead', async () => {
    expect(await at.probe('/startup')).toEqual({ status: 200, text: 'ok' });
    expect(await at.probe('/ready')).toEqual({ status: 503, text: 'no bundle is active' });
    expect(await at.probe('/app/app/liveness')).toEqual({ status: 200, text: 'ok' });
    const refused = await at.call();
    expect([refused.status, code(refused.body)]).toEqual([503, 'BUNDLE_MISSING']);
    expect(at.upstream.calls).toHaveLength(0);
    await inForce(1);
    await ready();
    const { status, body } = await at.call();
    expect(status).toBe(200);
    expect(body).not.toContain('ann@example.com');
    expect(at.replica.acks).toMatchObject([{ revision: 1, refused: null, pod: { name: 'reranker-0' } }]);
  });

  test('the next revision is in force at once, and denials are told', async () => {
    await inForce(1);
    expect((await at.call()).status).toBe(200);
    const rego =
      'package rankguard.e2e\n\ndeny contains {"code": "CLOSED", "message": "closed"} if { true }\n';
    await at.replica.publish(await at.bundle(2, {}, rego));
    await waitFor(() => at.replica.acks.some(({ revision }) => revision === 2), 'revision 2');
    expect((await at.call()).status).toBe(403);
    expect(await noticed('POLICY_DENY')).toMatchObject({ kind: 'denial', policyCode: 'CLOSED', count: 1 });
  });

  test('a renewed signature of the same revision changes nothing but its end', async () => {
    await inForce(1);
    const expires = /^rankguard_bundle_expires_timestamp_seconds\{.*\} (\d+(?:\.\d+)?(?:e\+\d+)?)$/m;
    const before = Number(expires.exec(await at.metrics())?.[1]);
    const forge = await at.replica.signing.sign(await at.bundle(1, { failure: { staleAfter: '24h' } }), {
      controlCa: `${at.replica.ca}\n`,
      clusterIssuer: null,
    });
    at.replica.store.publish(connectionKey(at.connection), forge);
    await waitFor(async () => Number(expires.exec(await at.metrics())?.[1]) >= before, 'the renewal');
    expect((await at.call()).status).toBe(200);
    expect(at.replica.acks.filter(({ refused }) => refused !== null)).toEqual([]);
  });
});

describe('what is refused, while the one before stays in force', () => {
  test('a bundle that somebody else signed', async () => {
    await inForce(1);
    const forge = await createBundleForge(Date.now);
    const open = { ...(await at.bundle(2)), policies: [] } as Bundle;
    at.replica.store.publish(connectionKey(at.connection), await forge.sign(open));
    expect(await noticed('BUNDLE_REFUSED')).toMatchObject({ message: expect.stringContaining('root key') });
    expect((await at.call()).status).toBe(200);
    expect(at.replica.acks.map(({ revision }) => revision)).toEqual([1]);
  });

  test('an older revision that is played back', async () => {
    await inForce(5);
    await at.replica.publish(await at.bundle(4));
    const refusal = await waitFor(
      () => at.replica.acks.find(({ revision }) => revision === 4),
      'the refusal',
    );
    expect(refusal.refused).toMatchObject({
      code: 'BUNDLE_REFUSED',
      message: expect.stringContaining('older'),
    });
    expect((await at.call()).status).toBe(200);
  });

  test('a bundle of another connection', async () => {
    await inForce(1);
    const other = await at.bundle(2);
    const named = { ...other, connection: { ...other.connection, name: 'ads' } };
    const signed = await at.replica.signing.sign(named, { controlCa: '', clusterIssuer: null });
    at.replica.store.publish(connectionKey(at.connection), signed);
    expect(await noticed('BUNDLE_REFUSED')).toMatchObject({ message: expect.stringContaining('e2e/ads') });
    expect((await at.call()).status).toBe(200);
  });

  test('a bundle that names a Secret which this pod does not mount', async () => {
    await inForce(1);
    const bundle = await at.bundle(2);
    const upstreamKey = { name: 'elsewhere', key: 'key' };
    await at.replica.publish({ ...bundle, connection: { ...bundle.connection, upstreamKey } });
    const refusal = await waitFor(
      () => at.replica.acks.find(({ revision }) => revision === 2),
      'the refusal',
    );
    expect(refusal.refused).toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await at.call()).status).toBe(200);
  });
});

describe('without the operator', () => {
  test('calls go on, also after a restart, until the bundle is stale; the app stays alive', async () => {
    await inForce(1);
    await at.replica.close();
    expect((await at.call()).status).toBe(200);
    await at.restart();
    await ready();
    expect((await at.call()).status).toBe(200);
    at.later(DAY + 2 * 3_600_000);
    const denied = await at.call();
    expect([denied.status, code(denied.body)]).toEqual([503, 'BUNDLE_EXPIRED']);
    expect(await at.probe('/app/app/liveness')).toMatchObject({ status: 200 });
    expect(await at.probe('/live')).toMatchObject({ status: 200 });
  });
});

describe('the guard', () => {
  test('a relocated app that listens on every address makes the pod unready and denying', async () => {
    await inForce(1);
    at.sockets = [{ address: '0.0.0.0', port: at.upstream.port, loopback: false, own: false }];
    await waitFor(async () => (await at.probe('/ready')).status === 503, 'the pod is unready');
    const denied = await at.call();
    expect([denied.status, code(denied.body)]).toEqual([503, 'GUARD_BYPASSED']);
    expect(await at.metrics()).toContain('rankguard_bypassed{connection="e2e/search"} 1');
    await noticed('GUARD_BYPASSED');
    at.sockets = [];
    await ready();
    expect((await at.call()).status).toBe(200);
  });

  test('a port that nobody declared is told, and stops nothing', async () => {
    at.sockets = [{ address: '0.0.0.0', port: 9000, loopback: false, own: false }];
    await inForce(1);
    expect(await noticed('PORT_UNDECLARED')).toMatchObject({ kind: 'guard' });
    expect((await at.call()).status).toBe(200);
  });
});

test('the preStop hook makes it unready; calls are still answered, and their connections closed', async () => {
  await inForce(1);
  expect((await at.call()).headers.get('connection')).not.toBe('close');
  await at.requestDrain();
  expect(await at.probe('/ready')).toEqual({ status: 503, text: 'draining' });
  const last = await at.call();
  expect([last.status, last.headers.get('connection')]).toEqual([200, 'close']);
});

test('a ServiceAccount of the cluster may call where the connection says so', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const clusterIssuer = {
    issuer: 'https://kubernetes.default.svc',
    keys: [{ ...(await exportJWK(publicKey)), kid: 'cluster', alg: 'RS256' }],
  };
  const rego = `package rankguard.e2e

allow if {
	input.identity.workload.namespace == "shop"
	input.identity.workload.serviceAccount == "frontend"
}
`;
  const bundle = await at.bundle(1, {}, rego);
  const connection = { ...bundle.connection, serviceAccountAudiences: ['rankguard'] };
  await at.replica.publish({ ...bundle, connection }, { clusterIssuer });
  await ready();
  const tokenOf = (account: string, audience: string) =>
    new SignJWT({ 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: account, uid: 'a' } } })
      .setProtectedHeader({ alg: 'RS256', kid: 'cluster' })
      .setIssuer(clusterIssuer.issuer)
      .setSubject(`system:serviceaccount:shop:${account}`)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
  expect((await at.call('what', await tokenOf('frontend', 'rankguard'))).status).toBe(200);
  expect((await at.call('what', await tokenOf('backend', 'rankguard'))).status).toBe(403);
  expect((await at.call('what', await tokenOf('frontend', 'control.rankguard.dev'))).status).toBe(401);
  expect((await at.call('what', at.token)).status).toBe(403);
});

test("a Secret that changes where it is mounted is the upstream's new key, without a restart", async () => {
  await inForce(1);
  await at.call();
  at.writeSecret('another-key');
  const shown = () => at.upstream.calls.at(-1)?.headers.get('authorization');
  expect(shown()).not.toBe('Bearer another-key');
  await waitFor(
    async () => {
      await at.call();
      return shown() === 'Bearer another-key';
    },
    'the new key',
    20_000,
  );
});
