import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BinaryStore } from './binaries.ts';
import { type Authority, createAuthority, type KeyPair, writeKubeconfig } from './certificates.ts';
import { type Part, startPart, waitUntil } from './processes.ts';

/** A real etcd and kube-apiserver on free loopback ports: admission, CEL, RBAC, server-side apply; no nodes. */
export interface ApiServer {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Kubeconfig of a member of `system:masters`. */
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly authority: Authority;
  /** A kubeconfig of this user, whom RBAC knows by name and groups. */
  kubeconfigOf(user: string, groups?: readonly string[]): Promise<string>;
  /** Ends kube-apiserver, and starts it again on the same port and etcd. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl'] as const;

/** Builds the programs where they lack (some minutes), and starts them; resolves when `/readyz` says ok. */
export async function startApiServer(store: BinaryStore): Promise<ApiServer> {
  const programs = await store.obtain(PROGRAMS);
  const folder = mkdtempSync(join(tmpdir(), 'rankguard-api-server-'));
  const [etcdPort, peerPort, port] = await freePorts(3);
  const url = `https://127.0.0.1:${port}`;
  const authority = await createAuthority(join(folder, 'pki'));
  const serving = await authority.issue('serving', '/CN=kube-apiserver', 'IP:127.0.0.1,DNS:localhost');
  const admin = await authority.issue('admin', '/O=system:masters/CN=admin');
  const accounts = await authority.serviceAccountKeys();
  const log = (name: string) => join(folder, `${name}.log`);

  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const etcd = startPart('etcd', log('etcd'), programs.etcd, etcdArguments(folder, etcdUrl, peerPort!));
  const args = apiServerArguments({ etcdUrl, port: port!, authority, serving, accounts });
  const startServer = async (): Promise<Part> => {
    const part = startPart('kube-apiserver', log('kube-apiserver'), programs['kube-apiserver'], args);
    await waitUntil('kube-apiserver', () => isReady(url, authority), { parts: [etcd, part] });
    return part;
  };
  let server = await startServer();

  const kubeconfigOf = async (user: string, groups: readonly string[] = []): Promise<string> => {
    const name = `user-${user.replaceAll(/[^a-z0-9]/gi, '-')}`;
    const subject = [...groups.map((group) => `/O=${group}`), `/CN=${user}`].join('');
    const pair = await authority.issue(name, subject);
    return writeKubeconfig({
      file: join(folder, `${name}.conf`),
      server: url,
      authority: authority.certificate,
      user: pair,
    });
  };
  return {
    url,
    authority,
    kubectl: programs.kubectl,
    kubeconfig: writeKubeconfig({
      file: join(folder, 'admin.conf'),
      server: url,
      authority: authority.certificate,
      user: admin,
    }),
    kubeconfigOf,
    async restart() {
      await server.stop();
      server = await startServer();
    },
    async close() {
      await server.stop();
      await etcd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether the API server's programs are there already, so that a test need not wait for a build. */
export function hasApiServer(store: BinaryStore): boolean {
  return PROGRAMS.every((name) => existsSync(store.path(name)));
}

export function etcdArguments(folder: string, url: string, peerPort: number): string[] {
  const peers = `http://127.0.0.1:${peerPort}`;
  mkdirSync(folder, { recursive: true });
  return [
    ...['--data-dir', join(folder, 'etcd'), '--log-level', 'warn'],
    ...['--listen-client-urls', url, '--advertise-client-urls', url],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
    ...['--initial-cluster', `default=${peers}`],
    // A test cluster may lose its data with the machine.
    '--unsafe-no-fsync',
  ];
}

interface ServerSettings {
  readonly etcdUrl: string;
  readonly port: number;
  readonly authority: Authority;
  readonly serving: KeyPair;
  readonly accounts: { readonly privateKey: string; readonly publicKey: string };
}

export function apiServerArguments({
  etcdUrl,
  port,
  authority,
  serving,
  accounts,
}: ServerSettings): string[] {
  return [
    ...['--etcd-servers', etcdUrl, '--secure-port', String(port)],
    ...['--tls-cert-file', serving.certificate, '--tls-private-key-file', serving.key],
    ...['--client-ca-file', authority.certificate],
    ...['--service-account-issuer', 'https://kubernetes.default.svc'],
    ...['--service-account-key-file', accounts.publicKey],
    ...['--service-account-signing-key-file', accounts.privateKey],
    ...['--authorization-mode', 'Node,RBAC', '--service-cluster-ip-range', '10.96.0.0/16'],
    '--allow-privileged',
    // Webhooks are found by their endpoints: there is no kube-proxy that would make a Service's address work.
    '--enable-aggregator-routing',
  ];
}

/** Ports that nobody listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** `/readyz` is open to everybody. */
export function isReady(url: string, authority: Authority): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(
      `${url}/readyz`,
      { ca: readFileSync(authority.certificate), timeout: 2_000 },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}
