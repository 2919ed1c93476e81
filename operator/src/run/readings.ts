import { X509Certificate } from 'node:crypto';
import type { ConnectionStatus } from '@rankguard/contract/resources';
import type { Publisher } from '../bundles/index.ts';
import type { BundleStore } from '../control/index.ts';
import { allCaches, type Caches, type Controllers } from '../controllers/index.ts';
import type { Election } from '../kube/index.ts';
import type { Readings } from '../metrics/index.ts';
import type { ServingCertificates } from '../tls/index.ts';

export interface ReadingsDeps {
  readonly election: Pick<Election, 'isLeader'>;
  readonly controllers: Pick<Controllers, 'depth'>;
  readonly store: BundleStore;
  readonly publisher: Publisher;
  readonly caches: Caches;
  readonly tls: ServingCertificates;
}

/** What the gauges show, looked up when somebody asks. */
export function createReadings(deps: () => ReadingsDeps): Readings {
  const statuses = () =>
    deps()
      .caches.connections.list()
      .map(({ status }) => (status ?? {}) as ConnectionStatus);
  return {
    leader: () => deps().election.isLeader(),
    queueDepth: () => deps().controllers.depth(),
    waiting: () => deps().store.waiting(),
    bundles: () => deps().publisher.keys().length,
    unsigned: () => deps().publisher.failing(),
    connections() {
      const counts = new Map<string, number>();
      for (const { conditions = [] } of statuses()) {
        for (const { type, status } of conditions) {
          const key = `${type} ${status}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      }
      return Array.from(counts, ([key, count]) => {
        const [condition = '', status = ''] = key.split(' ');
        return { condition, status, count };
      });
    },
    pods() {
      const all = statuses();
      const sum = (count: (status: ConnectionStatus) => number) =>
        all.reduce((total, status) => total + count(status), 0);
      return {
        guarded: sum(({ pods }) => pods?.guarded ?? 0),
        unguarded: sum(({ pods }) => pods?.unguarded ?? 0),
        behind: sum(behindOf),
      };
    },
    watched: () => {
      const { caches } = deps();
      const names = Object.keys(caches);
      return allCaches(caches).map(({ size }, i) => ({ kind: names[i] ?? '', count: size }));
    },
    certificateExpires() {
      try {
        return Date.parse(new X509Certificate(deps().tls.serving().cert).validTo) / 1000;
      } catch {
        return 0;
      }
    },
  };
}

function behindOf({ pods, activeRevision = 0 }: ConnectionStatus): number {
  const older = (pods?.revisions ?? []).filter(({ revision }) => revision < activeRevision);
  return older.reduce((total, one) => total + one.pods, 0);
}
