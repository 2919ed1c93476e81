import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { KubeError } from './errors.ts';

/** How to be somebody to the API server. */
export interface Credentials {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}
export interface Transport {
  /** Scheme, host and port. */
  readonly origin: string;
  /** What the path of every request begins with, without a slash at its end. */
  readonly basePath: string;
  /** What every request carries. `renew` makes it afresh: the server has refused the last. */
  credentials(renew?: boolean): Promise<Credentials>;
  /** Ends every request that is under way. */
  close(): Promise<void>;
}

/** How long headers are taken as they are: mounted tokens change about once an hour. */
const FRESH_MS = 20_000;
/** Longer than the pauses between calls of a quiet operator, shorter than what balancers drop. */
const KEEP_ALIVE_MS = 50_000;

/**
 * The connection that a kubeconfig describes. One dispatcher serves every request, so that watches and
 * calls share its pool (client-node makes one for each); it is made anew only when the server refuses
 * what the old one has shown.
 */
export function createTransport(config: KubeConfig, now: () => number = Date.now): Transport {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new KubeError('the kubeconfig has no current cluster');
  const { origin, pathname } = new URL(cluster.server);
  let made: (Credentials & { readonly at: number }) | null = null;
  let making: Promise<Credentials> | null = null;

  async function make(keep: Dispatcher | undefined): Promise<Credentials> {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw new KubeError('the credentials of the kubeconfig cannot be read', { cause });
    }
    const dispatcher = keep ?? dispatcherOf(config, options);
    made = { dispatcher, headers: headersOf(options), at: now() };
    return made;
  }

  return {
    origin,
    basePath: pathname.replace(/\/$/, ''),
    async credentials(renew = false) {
      if (made !== null && !renew && now() - made.at < FRESH_MS) return made;
      const old = made?.dispatcher;
      making ??= make(renew ? undefined : old).finally(() => {
        making = null;
      });
      const next = await making;
      // Requests that are under way on the old one end by themselves.
      if (old !== undefined && old !== next.dispatcher) void old.close().catch(() => {});
      return next;
    },
    async close() {
      const last = made;
      made = null;
      await last?.dispatcher.destroy();
    },
  };
}

function headersOf({ headers = {}, auth }: RequestOptions): Record<string, string> {
  const basic = auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  const given = Object.entries(headers as Record<string, unknown>).map(([name, value]) => [
    name,
    String(value),
  ]);
  return { ...basic, ...Object.fromEntries(given) };
}

function dispatcherOf(config: KubeConfig, options: RequestOptions): Dispatcher {
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const wanted = config.createDispatcherOptions(config.getCurrentCluster(), tls);
  // HTTP/1.1: a server that closes an HTTP/2 connection ends every watch at once.
  const shared = { allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS };
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 };
  if (wanted.type === 'agent') return new Agent({ ...shared, connect });
  if (wanted.type === 'none') return new Agent(shared);
  if (wanted.type === 'proxy') return new ProxyAgent({ ...shared, uri: wanted.uri, requestTls: tls });
  throw new KubeError(`a ${wanted.type} proxy in the kubeconfig is not supported; use an HTTP proxy`);
}
