import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiServerArguments, etcdArguments, isReady } from '../api-server.ts';
import { type BinaryStore, NODE_BINARIES, type NodeBinaryName } from '../binaries.ts';
import { type Authority, createAuthority, type KeyPair, writeKubeconfig } from '../certificates.ts';
import { waitUntil } from '../processes.ts';
import { installPackages, reasonAgainstNode } from '../requirements.ts';
import { run } from '../run.ts';
import { type Configuration, writeConfiguration } from './configuration.ts';
import { down } from './down.ts';
import { buildPauseImage } from './images.ts';
import { type Layout, NETWORK, NODE_NAME } from './layout.ts';
import { createNetwork } from './network.ts';
import { createParts, type Parts } from './parts.ts';

export interface UpOptions {
  readonly layout: Layout;
  readonly store: BinaryStore;
  readonly say: (line: string) => void;
}

/** Starts a Kubernetes of one node from nothing; resolves when the node is Ready. */
export async function up({ layout, store, say }: UpOptions): Promise<void> {
  if (existsSync(layout.folder) && !existsSync(layout.mark)) {
    throw new Error(`${layout.folder} is there and is not a cluster's folder; name another`);
  }
  const reason = await reasonAgainstNode();
  if (reason !== null) throw new Error(reason);
  await installPackages(say);
  const programs = await store.obtain(NODE_BINARIES);
  await down(layout);
  mkdirSync(layout.bin, { recursive: true });
  writeFileSync(layout.mark, '');
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(layout.bin, name));

  await createNetwork();
  const authority = await createAuthority(layout.pki);
  const people = await issueAll(layout, authority);
  const configuration = writeConfiguration(layout, {
    authority: authority.certificate,
    kubelet: people.kubelet,
  });
  const node: Node = { layout, programs, authority, people, parts: createParts(layout), configuration };
  await startControlPlane(node);
  say('control plane ready');
  await startNode(node);
  say(`node ready; kubeconfig: ${layout.kubeconfig}`);
}

interface Node {
  readonly layout: Layout;
  readonly programs: Record<NodeBinaryName, string>;
  readonly authority: Authority;
  readonly people: Awaited<ReturnType<typeof issueAll>>;
  readonly parts: Parts;
  readonly configuration: Configuration;
}

/** Certificates and kubeconfigs of everybody who speaks to the API server. */
async function issueAll(layout: Layout, authority: Authority) {
  const { node, kubernetesService, apiServer: server } = NETWORK;
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'].map(
    (name) => `DNS:${name}`,
  );
  const addresses = ['127.0.0.1', node, kubernetesService].map((address) => `IP:${address}`);
  const apiServer = await authority.issue('apiserver', '/CN=kube-apiserver', [...addresses, ...names].join());
  const kubelet = await authority.issue(
    'kubelet',
    `/O=system:nodes/CN=system:node:${NODE_NAME}`,
    `DNS:${NODE_NAME},IP:${node}`,
  );
  const admin = await authority.issue('admin', '/O=system:masters/CN=admin');
  const front = await authority.issue('front-proxy', '/CN=front-proxy');
  const config = (name: string, user: KeyPair) =>
    writeKubeconfig({
      file: join(layout.folder, `${name}.conf`),
      server,
      authority: authority.certificate,
      user,
    });
  config('kubelet', kubelet);
  config('admin', admin);
  for (const name of ['kube-controller-manager', 'kube-scheduler', 'kube-proxy']) {
    config(name, await authority.issue(name, `/CN=system:${name}`));
  }
  return { apiServer, kubelet, admin, front, accounts: await authority.serviceAccountKeys() };
}

async function startControlPlane({ layout, programs, authority, people, parts }: Node): Promise<void> {
  const etcdUrl = 'http://127.0.0.1:2379';
  parts.start('etcd', programs.etcd, etcdArguments(layout.folder, etcdUrl, 2380));
  const common = apiServerArguments({
    etcdUrl,
    port: 6443,
    authority,
    serving: people.apiServer,
    accounts: people.accounts,
  });
  parts.start('kube-apiserver', programs['kube-apiserver'], [
    ...common,
    ...['--advertise-address', NETWORK.node, '--bind-address', NETWORK.node],
    ...['--kubelet-client-certificate', people.admin.certificate, '--kubelet-client-key', people.admin.key],
    '--kubelet-preferred-address-types=InternalIP',
    ...['--requestheader-client-ca-file', authority.certificate],
    ...['--requestheader-allowed-names', 'front-proxy', '--requestheader-username-headers', 'X-Remote-User'],
    ...['--requestheader-group-headers', 'X-Remote-Group'],
    ...['--requestheader-extra-headers-prefix', 'X-Remote-Extra-'],
    ...['--proxy-client-cert-file', people.front.certificate, '--proxy-client-key-file', people.front.key],
    // Webhooks are called at the pods' addresses: the API server has no route through kube-proxy's rules.
    '--enable-aggregator-routing=true',
  ]);
  await waitUntil('the API server', () => isReady(NETWORK.apiServer, authority));

  const config = (name: string) => ['--kubeconfig', join(layout.folder, `${name}.conf`)];
  parts.start('kube-controller-manager', programs['kube-controller-manager'], [
    ...config('kube-controller-manager'),
    ...[
      '--service-account-private-key-file',
      people.accounts.privateKey,
      '--use-service-account-credentials',
    ],
    ...['--root-ca-file', authority.certificate, '--leader-elect=false', '--allocate-node-cidrs=false'],
    ...['--cluster-signing-cert-file', authority.certificate, '--cluster-signing-key-file', authority.key],
  ]);
  parts.start('kube-scheduler', programs['kube-scheduler'], [
    ...config('kube-scheduler'),
    '--leader-elect=false',
  ]);
}

async function startNode(node: Node): Promise<void> {
  const { layout, programs, parts, configuration } = node;
  parts.start('containerd', programs.containerd, ['-c', configuration.containerd]);
  await waitUntil('containerd', async () => existsSync(layout.socket));
  await buildPauseImage(layout, programs);
  parts.start('kubelet', programs.kubelet, [
    ...['--config', configuration.kubelet, '--kubeconfig', join(layout.folder, 'kubelet.conf')],
    ...['--hostname-override', NODE_NAME, '--node-ip', NETWORK.node, '--root-dir', layout.kubelet],
  ]);
  const kubectl = (...args: string[]) => run(programs.kubectl, ['--kubeconfig', layout.kubeconfig, ...args]);
  await kubectl(
    ...['create', 'clusterrolebinding', 'kube-proxy'],
    ...['--clusterrole=system:node-proxier', '--user=system:kube-proxy'],
  );
  parts.start('kube-proxy', programs['kube-proxy'], [
    ...['--config', configuration.proxy, '--hostname-override', NODE_NAME],
  ]);
  parts.start('coredns', programs.coredns, ['-conf', configuration.coredns]);
  const ready = ['get', 'node', NODE_NAME, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'];
  await waitUntil('the node', async () => (await kubectl(...ready).catch(() => '')) === 'True');
}
