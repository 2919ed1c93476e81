import { CONTROL_ROUTES, connectionKey, MOST_FORWARDED_ACKS, type PodAck } from '@rankguard/contract/control';
import type { ControlPorts } from './ports.ts';
import type { ReplicaClient } from './replica-client.ts';

/** What the sidecars that this replica serves have in force, told to the leader. */
export interface Acks {
  /** From a sidecar, or from another replica. */
  heard(ack: PodAck): void;
  /** A poll says that a revision is in force: as good as an acknowledgement, should that have been lost. */
  active(ack: Omit<PodAck, 'refused' | 'digest'>): void;
  close(): void;
}

const EVERY_MS = 250;
/** A sidecar that was not heard for so long is gone: it polls each minute. */
const FORGET_MS = 180_000;

/**
 * Acknowledgements are soft state: each replica holds what it heard, hands changes to the leader, and all of it to a
 * new leader. Sidecars repeat theirs with every poll, so that nothing has to be stored.
 */
export function createAcks(deps: {
  readonly ports: Pick<ControlPorts, 'leader' | 'acknowledged'>;
  readonly send: ReplicaClient['post'];
  readonly now: () => number;
  readonly failed: (error: unknown) => void;
  readonly everyMs?: number;
}): Acks {
  const { ports, send, now, failed } = deps;
  const known = new Map<string, { readonly ack: PodAck; readonly at: number }>();
  let unsent = new Set<string>();
  let leader: string | null = null;
  let telling = false;

  function note(ack: PodAck): void {
    const name = `${connectionKey(ack.connection)} ${ack.pod.uid}`;
    const before = known.get(name);
    known.set(name, { ack, at: now() });
    if (before === undefined || JSON.stringify(before.ack) !== JSON.stringify(ack)) unsent.add(name);
  }
  function forget(): void {
    for (const [name, { at }] of known) if (now() - at > FORGET_MS) known.delete(name);
  }
  function findLeader(): ReturnType<ControlPorts['leader']> {
    const found = ports.leader();
    const name = found === null ? null : found.self ? 'self' : found.url;
    if (name !== leader) unsent = new Set(known.keys());
    leader = name;
    return found;
  }
  async function tell(): Promise<void> {
    const to = findLeader();
    if (to === null || unsent.size === 0) return;
    const names = [...unsent].slice(0, MOST_FORWARDED_ACKS);
    const acks = names.flatMap((each) => known.get(each)?.ack ?? []);
    for (const each of names) unsent.delete(each);
    try {
      if (to.self) for (const ack of acks) ports.acknowledged(ack);
      else await send(`${to.url}${CONTROL_ROUTES.forwardedAcks}`, JSON.stringify({ acks }));
    } catch (error) {
      for (const each of names) unsent.add(each);
      failed(error);
    }
  }
  const timer = setInterval(() => {
    if (telling) return;
    telling = true;
    forget();
    void tell().finally(() => {
      telling = false;
    });
  }, deps.everyMs ?? EVERY_MS);
  timer.unref();

  return {
    heard: note,
    active({ connection, revision, pod }) {
      const name = `${connectionKey(connection)} ${pod.uid}`;
      const before = known.get(name);
      // What it refused, and which digest that was, is still true.
      if (before !== undefined && before.ack.revision >= revision) known.set(name, { ...before, at: now() });
      else note({ connection, revision, pod, digest: UNKNOWN, refused: null });
    },
    close: () => clearInterval(timer),
  };
}

/** A poll names the revision alone. */
const UNKNOWN = '0'.repeat(64);
