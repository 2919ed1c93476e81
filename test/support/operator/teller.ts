import { CONTROL_AUDIENCE, CONTROL_ROUTES, OPERATOR_AUDIENCE } from '@rankguard/contract/control';
import { ENVIRONMENT } from '@rankguard/contract/pod';
import { createControlClient } from '@rankguard/sidecar/control';
import { createUsageWindows } from '@rankguard/sidecar/usage';
import { waitFor } from '../wait.ts';

const connection = { namespace: 'shop', name: 'search' };
const ada = { connection: 'shop/search', kind: 'user', issuer: 'https://idp', subject: 'ada' } as const;
const plain = { dataset: null, model: null };

/** What a sidecar counts and tells, without its data path. */
export interface Teller {
  /** Counts an answered call. */
  call(): void;
  /** Tells and hears everything that there is; rejects when the operator does not answer. */
  exchange(url: string): Promise<void>;
  /** How often it has counted one. */
  own(): number;
  /** Calls of the last hour, its own and those that it heard of. */
  calls(): number;
  lag(): number | null;
}

/** `ca` and `token` as a pod has them; each exchange may go to another replica. */
function createTeller(options: {
  readonly pod: string;
  readonly ca: string;
  readonly token: string;
}): Teller {
  const windows = createUsageWindows({ now: Date.now, instance: options.pod });
  const sharing = windows.sharing!;
  let own = 0;
  return {
    call() {
      own += 1;
      windows.add(ada, {
        ...plain,
        ...{ documents: 1, rows: 1, cost: 1, denied: false, answered: true, shown: [] },
      });
    },
    own: () => own,
    async exchange(url) {
      const client = createControlClient({ url, ca: options.ca, token: async () => options.token });
      try {
        while (!sharing.take(await client.usage(sharing.report(connection, false))));
      } catch (cause) {
        sharing.untold();
        throw new Error(`${url}${CONTROL_ROUTES.usage} does not answer`, { cause });
      } finally {
        await client.close();
      }
    },
    calls: () => windows.read(ada, plain).hour.calls,
    lag: sharing.lag,
  };
}

type Kubectl = (...args: string[]) => Promise<string>;

/** What the kubelet mounts into the operator's pod. */
export async function operatorToken(kubectl: Kubectl): Promise<string> {
  return await kubectl(
    ...['create', 'token', 'rankguard', '--namespace', 'system', '--audience', OPERATOR_AUDIENCE],
  );
}

/** The sidecar of a guarded pod: its token is bound to the pod, its CA is in the pod's own environment. */
export async function tellerOf(kubectl: Kubectl, pod: string): Promise<Teller> {
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', pod, '--audience', CONTROL_AUDIENCE];
  const token = await kubectl('create', 'token', 'default', '--namespace', 'shop', ...bound);
  const { spec } = JSON.parse(await kubectl('get', 'pod', pod, '--namespace', 'shop', '-o', 'json')) as {
    spec: { initContainers: { env?: { name: string; value?: string }[] }[] };
  };
  const env = spec.initContainers.flatMap((container) => container.env ?? []);
  const ca = env.find(({ name }) => name === ENVIRONMENT.controlCa)?.value ?? '';
  return createTeller({ pod, ca, token: token.trim() });
}

const PATIENCE = 60_000;

/** Each tells another replica, until all know of all calls, and that nobody else has counted any. */
export async function shareUsage(tellers: readonly Teller[], urls: readonly string[]): Promise<void> {
  const total = tellers.reduce((sum, teller) => sum + teller.own(), 0);
  let failed: unknown;
  const isShared = async () => {
    try {
      for (const [at, teller] of tellers.entries()) await teller.exchange(urls[at % urls.length] ?? '');
    } catch (error) {
      failed = error;
      return false;
    }
    return tellers.every((teller) => teller.calls() === total && teller.lag() !== null);
  };
  await waitFor(isShared, 'usage is shared', PATIENCE).catch((cause) => {
    throw failed ?? cause;
  });
}
