import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { expect, test } from '@jest/globals';
import { createMemorySecret } from '../../../test/support/secret-documents.ts';
import { type CaRing, createServingCertificates, TLS_TIMINGS } from './index.ts';

const NAME = 'rankguard.rankguard-system.svc';
const DAY = 86_400_000;

/** A day of one's own, from today on. */
function createDays() {
  const start = Date.now();
  let days = 0;
  return { now: () => start + days * DAY, pass };
  function pass(more: number): void {
    days += more;
  }
}
const replica = (ca: ReturnType<typeof createMemorySecret<CaRing>>, now: () => number) =>
  createServingCertificates({ ca, names: [NAME, '127.0.0.1'], now });

/** Whether a client that trusts `ca` accepts the server, by the runtime's own TLS. */
async function handshake(serving: { cert: string; key: string }, ca: string, servername = NAME) {
  const server = createServer({ ...serving });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca, servername });
  try {
    await once(socket, 'secureConnect');
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    socket.destroy();
    server.close();
  }
}

test('a client that trusts the bundle accepts every replica, by name and by address', async () => {
  const ca = createMemorySecret<CaRing>();
  const [one, two] = [replica(ca, Date.now), replica(ca, Date.now)];
  await one.refresh({ rotate: true });
  await two.refresh({ rotate: false });
  expect(two.caBundle()).toBe(one.caBundle());
  for (const { serving } of [one, two]) expect(await handshake(serving(), one.caBundle())).toBe('ok');
  expect(await handshake(one.serving(), one.caBundle(), 'elsewhere.svc')).toBe(
    'ERR_TLS_CERT_ALTNAME_INVALID',
  );
  const leaf = new X509Certificate(one.serving().cert);
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(leaf.ca).toBe(false);
  const other = replica(createMemorySecret(), Date.now);
  await other.refresh({ rotate: true });
  expect(await handshake(one.serving(), other.caBundle())).toMatch(/SELF_SIGNED|UNABLE_TO/);
});

test('over 500 days a client that learns of the bundle within two days never loses a replica', async () => {
  const ca = createMemorySecret<CaRing>();
  const { now, pass } = createDays();
  const [leader, follower] = [replica(ca, now), replica(ca, now)];
  const bundles: string[] = [];
  const cas = new Set<string>();
  for (let day = 0; day < 500; day += 2) {
    await leader.refresh({ rotate: true });
    await follower.refresh({ rotate: false });
    bundles.push(leader.caBundle());
    const stale = bundles.at(-2) ?? leader.caBundle();
    for (const { serving } of [leader, follower]) {
      const leaf = new X509Certificate(serving().cert);
      expect(Date.parse(leaf.validTo)).toBeGreaterThan(now() + 2 * DAY);
      const known = stale.split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));
      const issuer = known.find((one) => leaf.verify(one.publicKey));
      expect(issuer).toBeDefined();
      cas.add(issuer!.fingerprint256);
      expect(Date.parse(issuer!.validTo)).toBeGreaterThan(now());
    }
    pass(2);
  }
  expect(cas.size).toBe(3);
  expect(ca.writes()).toBeGreaterThanOrEqual(3);
}, 120_000);

test('a replica says when it serves with another certificate, and keeps the old one when the Secret is gone', async () => {
  const { now, pass } = createDays();
  const ca = createMemorySecret<CaRing>();
  let broken = false;
  const read = async () => {
    if (broken) throw new Error('no API server');
    return ca.read();
  };
  const tls = createServingCertificates({ ca: { ...ca, read }, names: [NAME], now });
  const seen: string[] = [];
  tls.onChange(({ cert }) => seen.push(cert));
  expect(() => tls.serving()).toThrow(expect.objectContaining({ code: 'CONTROL_UNAVAILABLE' }));
  expect(await tls.refresh({ rotate: true })).toBe(true);
  expect(await tls.refresh({ rotate: false })).toBe(false);
  pass(TLS_TIMINGS.leafRotate / DAY);
  broken = true;
  await expect(tls.refresh({ rotate: false })).rejects.toThrow('no API server');
  expect(tls.serving().cert).toBe(seen[0]);
  broken = false;
  expect(await tls.refresh({ rotate: false })).toBe(true);
  expect(seen).toHaveLength(2);
});
