import type { Bundle } from '@rankguard/contract';
import type { ClusterIssuer, SignedBundle } from '@rankguard/contract/control';
import { type Kube, pause, type ReflectorLog } from '../kube/index.ts';
import { createSecretDocument } from '../secrets/index.ts';
import type { OperatorSettings } from '../settings/index.ts';
import { createSigning, type Signing } from '../signing/index.ts';
import { createServingCertificates, type ServingCertificates } from '../tls/index.ts';

/** Keys and certificates of this installation, shared by its replicas, and kept fresh. */
export interface Identity {
  readonly signing: Signing;
  readonly tls: ServingCertificates;
  sign(bundle: Bundle): Promise<SignedBundle>;
  /** The DNS name under which the API server and sidecars call. */
  readonly serverName: string;
  /** Resolves when keys and certificates are there for the first time. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const LOOK_MS = 10_000;
const RETRY_MS = 1_000;
const ISSUER_MS = 300_000;

export function createIdentity(deps: {
  readonly kube: Kube;
  readonly settings: OperatorSettings;
  readonly log: ReflectorLog;
  readonly isLeader: () => boolean;
  /** Keys or certificates have changed: bundles, webhooks and pods need them. */
  readonly onChange: () => void;
}): Identity {
  const { kube, settings, log } = deps;
  const { namespace, release, service, podIp } = settings;
  const document = <T>(name: string) => createSecretDocument<T>(kube, namespace, `${release}-${name}`);
  const signing = createSigning({ root: document('root'), signing: document('signing'), now: Date.now });
  const serverName = `${service}.${namespace}.svc`;
  const names = [serverName, `${serverName}.cluster.local`, service, podIp, 'localhost', '127.0.0.1'];
  const tls = createServingCertificates({ ca: document('ca'), names, now: Date.now });
  const issuer = createIssuer(kube);
  const ending = new AbortController();
  let running: Promise<unknown> = Promise.resolve();

  async function refresh(): Promise<void> {
    const rotate = deps.isLeader();
    const results = await Promise.allSettled([signing.refresh({ rotate }), tls.refresh({ rotate })]);
    if (results.some((result) => result.status === 'fulfilled' && result.value)) deps.onChange();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  return {
    signing,
    tls,
    serverName,
    async sign(bundle) {
      // Only who may be called by ServiceAccounts needs to know the cluster's issuer.
      const wanted = bundle.connection.serviceAccountAudiences.length > 0;
      const clusterIssuer = wanted ? await issuer() : null;
      return await signing.sign(bundle, { controlCa: tls.caBundle(), clusterIssuer });
    },
    async start() {
      for (;;) {
        try {
          await refresh();
          break;
        } catch (error) {
          if (ending.signal.aborted) return;
          log('warn', 'keys and certificates cannot be read yet', { error: String(error) });
          await pause(RETRY_MS, ending.signal);
        }
      }
      running = (async () => {
        while (!ending.signal.aborted) {
          await pause(LOOK_MS, ending.signal);
          if (ending.signal.aborted) return;
          await refresh().catch((error) =>
            log('warn', 'keys and certificates cannot be refreshed', { error: String(error) }),
          );
        }
      })();
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** The cluster's issuer as its API server publishes it; what was read last stays good while nobody answers. */
function createIssuer(kube: Kube): () => Promise<ClusterIssuer> {
  let known: { readonly issuer: ClusterIssuer; readonly at: number } | undefined;
  return async () => {
    if (known !== undefined && performance.now() - known.at < ISSUER_MS) return known.issuer;
    try {
      const { issuer } = (await kube.raw('/.well-known/openid-configuration')) as { issuer: string };
      const { keys } = (await kube.raw('/openid/v1/jwks')) as Pick<ClusterIssuer, 'keys'>;
      known = { issuer: { issuer, keys }, at: performance.now() };
    } catch (error) {
      if (known === undefined) throw error;
    }
    return known.issuer;
  };
}
