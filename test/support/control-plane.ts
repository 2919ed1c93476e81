import type { Bundle } from '@rankguard/contract';
import {
  type AuditBatch,
  CONTROL_AUDIENCE,
  type ConnectionKey,
  connectionKey,
  type PodAck,
  type PodIdentity,
} from '@rankguard/contract/control';
import {
  type BundleStore,
  type ControlPorts,
  createBundleStore,
  createControlServer,
} from '../../operator/src/control/index.ts';
import { createKube, createTransport, reviewToken } from '../../operator/src/kube/index.ts';
import {
  createSigning,
  type KeyRing,
  type Signing,
  type Surroundings,
} from '../../operator/src/signing/index.ts';
import {
  type CaRing,
  createServingCertificates,
  type ServingCertificates,
} from '../../operator/src/tls/index.ts';
import { type FakeApiServer, startFakeApiServer } from './kube/fake-api-server.ts';
import { createMemorySecret } from './secret-documents.ts';

/** A token that the API server knows. */
export interface KnownToken {
  readonly audiences: readonly string[];
  readonly username: string;
  readonly pod?: { readonly name: string; readonly uid: string };
  /** An API server says of an expired one that it is nobody's. */
  readonly expired?: boolean;
}

export const OPERATOR_USER = 'system:serviceaccount:rankguard-system:rankguard';
export const POD: PodIdentity = { namespace: 'shop', name: 'reranker-0', uid: 'uid-0' };
export const POD_TOKEN: KnownToken = {
  audiences: [CONTROL_AUDIENCE],
  username: 'system:serviceaccount:shop:default',
  pod: POD,
};

/** What replicas share: an API server over real HTTP that reviews tokens, and the Secrets. */
export interface Cluster {
  readonly api: FakeApiServer;
  readonly tokens: Map<string, KnownToken>;
  /** `namespace/name uid` of guarded pods. */
  readonly guarded: Set<string>;
  replica(options?: ReplicaOptions): Promise<Replica>;
  close(): Promise<void>;
}

export interface ReplicaOptions {
  readonly leader?: ControlPorts['leader'];
  readonly operatorToken?: string;
}

/** The real control API over TLS. */
export interface Replica {
  readonly url: string;
  readonly ca: string;
  readonly store: BundleStore;
  readonly signing: Signing;
  readonly tls: ServingCertificates;
  readonly acks: PodAck[];
  readonly audits: { readonly batch: AuditBatch; readonly pod: PodIdentity }[];
  publish(bundle: Bundle, surroundings?: Partial<Surroundings>): Promise<void>;
  close(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  const api = await startFakeApiServer();
  const transport = createTransport(api.kubeconfig());
  const kube = createKube({ transport, userAgent: 'rankguard-operator/test' });
  const tokens = new Map<string, KnownToken>();
  const guarded = new Set<string>();
  const [ca, root, signingKeys] = [
    createMemorySecret<CaRing>(),
    createMemorySecret<KeyRing>(),
    createMemorySecret<KeyRing>(),
  ];
  const replicas: Replica[] = [];
  api.reviews.set('tokenreviews', (body) => {
    const { token, audiences } = (body as { spec: { token: string; audiences: string[] } }).spec;
    return statusOf(tokens.get(token), audiences);
  });

  async function replica({ leader, operatorToken = '' }: ReplicaOptions = {}): Promise<Replica> {
    const tls = createServingCertificates({ ca, names: ['rankguard.svc', '127.0.0.1'], now: Date.now });
    const signing = createSigning({ root, signing: signingKeys, now: Date.now });
    await tls.refresh({ rotate: true });
    await signing.refresh({ rotate: true });
    const store = createBundleStore();
    const acks: PodAck[] = [];
    const audits: { batch: AuditBatch; pod: PodIdentity }[] = [];
    const server = createControlServer({
      store,
      tls,
      serverName: 'rankguard.svc',
      now: Date.now,
      observe: () => {},
      failed: () => {},
      ports: {
        reviewToken: (token, audiences) => reviewToken(kube, token, audiences),
        guards: async (connection, { uid }) => guarded.has(guardName(connection, uid)),
        guardedPods: (connection) =>
          [...guarded]
            .filter((one) => one.startsWith(guardName(connection, '')))
            .map((one) => one.split(' ')[1]!),
        acknowledged: (ack) => void acks.push(ack),
        audited: (batch, pod) => void audits.push({ batch, pod }),
        leader: leader ?? (() => ({ self: true })),
        operatorToken: async () => operatorToken,
        operatorUser: OPERATOR_USER,
      },
    });
    const port = await server.start({ host: '127.0.0.1', port: 0 });
    const made: Replica = {
      url: `https://127.0.0.1:${port}`,
      ca: tls.caBundle(),
      store,
      signing,
      tls,
      acks,
      audits,
      async publish(bundle, surroundings = {}) {
        const all = { controlCa: tls.caBundle(), clusterIssuer: null, ...surroundings };
        store.publish(connectionKey(bundle.connection), await signing.sign(bundle, all));
      },
      close: () => server.close(0),
    };
    replicas.push(made);
    return made;
  }
  return {
    api,
    tokens,
    guarded,
    replica,
    async close() {
      await Promise.all(replicas.map((each) => each.close()));
      await transport.close();
      await api.close();
    },
  };
}

export function guardName(connection: ConnectionKey, uid: string): string {
  return `${connectionKey(connection)} ${uid}`;
}

/** authentication.k8s.io/v1 TokenReviewStatus. */
function statusOf(known: KnownToken | undefined, asked: readonly string[]): object {
  const audiences = known?.audiences.filter((audience) => asked.includes(audience)) ?? [];
  if (known === undefined || known.expired === true || audiences.length === 0) {
    return { authenticated: false, error: 'invalid bearer token' };
  }
  const { username, pod } = known;
  const extra =
    pod === undefined
      ? {}
      : {
          'authentication.kubernetes.io/pod-name': [pod.name],
          'authentication.kubernetes.io/pod-uid': [pod.uid],
        };
  return { authenticated: true, audiences, user: { username, extra } };
}
