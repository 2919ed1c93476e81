import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bundle, type CallRecord, formatProblem } from '@rankguard/contract';
import type { AppChecks, PodListener } from '@rankguard/contract/pod';
import { createPod, drainSocket, type Pod, requestDrain } from '@rankguard/sidecar/pod';
import { loadBundle } from '../../cli/src/run/load.ts';
import { createKey, sign, startIssuer } from '../identity/issuer.ts';
import {
  type Cluster,
  guardName,
  POD,
  POD_TOKEN,
  type Replica,
  startCluster,
} from '../support/control-plane.ts';
import { compiler, createMemoryLog } from '../support/guard.ts';
import { AUDIENCE, GROUP, resourcesYaml, UPSTREAM_KEY } from '../support/resources.ts';
import { type RawUpstream, startUpstream } from '../support/upstream.ts';

/** A listening socket of the pod, as procfs would show it. */
export interface Socket {
  address: string;
  port: number;
  loopback: boolean;
  own: boolean;
}

export interface PodSetup {
  readonly cluster: Cluster;
  readonly replica: Replica;
  readonly upstream: RawUpstream;
  readonly port: number;
  readonly token: string;
  readonly calls: readonly CallRecord[];
  readonly connection: { readonly namespace: string; readonly name: string };
  /** What else listens in the pod. */
  sockets: Socket[];
  /** Moves the sidecar's clock. */
  later(ms: number): void;
  logText(): string;
  bundle(revision: number, spec?: Readonly<Record<string, unknown>>, rego?: string): Promise<Bundle>;
  /** Another pod of the same connection, with the same reranker behind it. */
  sibling(): Promise<Sibling>;
  /** Another sidecar in the same pod, as after a restart of its container. */
  restart(): Promise<void>;
  call(query?: string, token?: string): Promise<{ status: number; body: string; headers: Headers }>;
  /** Status and text of a page of the probe port. */
  probe(path: string): Promise<{ status: number; text: string }>;
  metrics(): Promise<string>;
  writeSecret(value: string): void;
  /** What the preStop hook runs. */
  requestDrain(): Promise<void>;
  close(): Promise<void>;
}

export interface Sibling {
  call(query?: string): ReturnType<PodSetup['call']>;
  /** Ends as a pod does. */
  close(): Promise<void>;
}

/** Where one pod has its files and listens. */
interface Own {
  readonly folder: string;
  readonly port: number;
  readonly adminPort: number;
  readonly probePort: number;
}

const NAMESPACE = 'e2e';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** As the kubelet does it: a folder for each version, and links that it swaps. */
function mountSecret(folder: string, value: string): void {
  const version = `..${value.length}-${value}`;
  mkdirSync(join(folder, version));
  writeFileSync(join(folder, version, 'key'), value);
  symlinkSync(version, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  if (!existsSync(join(folder, 'key'))) symlinkSync('..data/key', join(folder, 'key'));
}

/** Operator, issuer, reranker and the sidecar of a pod, on loopback; the sidecar's files in a folder of its own. */
export async function setUpPod(checks: (upstreamPort: number) => AppChecks = () => ({})): Promise<PodSetup> {
  const folder = mkdtempSync(join(tmpdir(), 'rankguard-pod-'));
  const connection = { namespace: NAMESPACE, name: 'search' };
  const cluster = await startCluster();
  const replica = await cluster.replica();
  const key = await createKey('ES256', 'key-1');
  const issuer = await startIssuer({ keys: [key.jwk] });
  const upstream = await startUpstream();
  const { log, calls, logText } = createMemoryLog();
  let offset = 0;
  const seconds = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer.issuer, aud: AUDIENCE, sub: 'ann', groups: [GROUP], iat: seconds };
  const token = await sign(key, { ...claims, exp: seconds + 30 * 86_400 });

  /** What the kubelet and the API server do for a pod before its containers start. */
  async function admit(pod: typeof POD): Promise<Own> {
    const { name, uid } = pod;
    const username = `system:serviceaccount:${NAMESPACE}:default`;
    cluster.tokens.set(`token-${name}`, { ...POD_TOKEN, username, pod: { name, uid } });
    cluster.guarded.add(guardName(connection, uid));
    const own = join(folder, name);
    mkdirSync(join(own, 'secrets/upstream'), { recursive: true });
    mkdirSync(join(own, 'state'));
    writeFileSync(join(own, 'token'), `token-${name}\n`);
    mountSecret(join(own, 'secrets/upstream'), UPSTREAM_KEY);
    const [port, adminPort, probePort] = [await freePort(), await freePort(), await freePort()];
    return { folder: own, port, adminPort, probePort };
  }
  function start({ folder: own, port, adminPort, probePort }: Own): Pod {
    const listener: PodListener = {
      ...{ connection: connection.name, capture: 'relocate', portName: null },
      ...{ port, appPort: port, upstreamPort: upstream.port },
    };
    return createPod({
      config: {
        namespace: NAMESPACE,
        listeners: [listener],
        checks: checks(upstream.port),
        declaredPorts: [],
        controlUrl: replica.url,
        controlCa: replica.ca,
        rootKeys: replica.signing.rootKeys(),
      },
      log,
      now: () => Date.now() + offset,
      places: {
        host: '127.0.0.1',
        adminPort,
        probePort,
        stateDirectory: join(own, 'state'),
        tokenFile: join(own, 'token'),
        secretsDirectory: join(own, 'secrets'),
        sockets: async () => setup.sockets,
      },
    });
  }
  async function callAt(port: number, query: string, shown: string) {
    const response = await fetch(`http://127.0.0.1:${port}/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${shown}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, texts: ['ann@example.com writes', 'b'], return_text: true }),
    });
    return { status: response.status, body: await response.text(), headers: response.headers };
  }
  const own = await admit(POD);
  const { port, adminPort, probePort } = own;
  const setup: PodSetup = {
    cluster,
    replica,
    upstream,
    port,
    token,
    calls,
    connection,
    sockets: [],
    logText,
    later(ms) {
      offset += ms;
    },
    async bundle(revision, spec = {}, rego) {
      const text = resourcesYaml({ issuer: issuer.issuer, spec, ...(rego === undefined ? {} : { rego }) });
      const files = [{ file: 'e2e.yaml', text }];
      const result = await loadBundle(files, compiler, { connection: undefined, revision });
      if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
      return result.loaded.bundle;
    },
    async sibling() {
      const other = await admit({ ...POD, name: 'reranker-1', uid: 'uid-1' });
      const pod = start(other);
      await pod.start();
      return {
        call: (query = 'what') => callAt(other.port, query, token),
        async close() {
          await pod.drain(0);
          cluster.guarded.delete(guardName(connection, 'uid-1'));
        },
      };
    },
    async restart() {
      await running.drain(0);
      running = start(own);
      await running.start();
    },
    call: (query = 'what', shown = token) => callAt(port, query, shown),
    async probe(path) {
      const response = await fetch(`http://127.0.0.1:${probePort}${path}`);
      return { status: response.status, text: (await response.text()).trim() };
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(),
    writeSecret: (value) => mountSecret(join(own.folder, 'secrets/upstream'), value),
    requestDrain: () => requestDrain(drainSocket(join(own.folder, 'state'))),
    async close() {
      await running.drain(0);
      await upstream.close();
      await issuer.close();
      await cluster.close();
      rmSync(folder, { recursive: true });
    },
  };
  let running = start(own);
  await running.start();
  return setup;
}
