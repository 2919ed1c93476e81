import type { ReasonCode } from '@rankguard/contract';
import { POLL_SECONDS } from '@rankguard/contract/control';
import { createBackoff, type Sleep, sleep } from './backoff.ts';
import type { ControlClient } from './client.ts';
import { createReceiver, type ReceiverDeps, refusalOf } from './receiver.ts';

export interface FollowerDeps extends Omit<ReceiverDeps, 'client' | 'signal'> {
  readonly client: Pick<ControlClient, 'poll' | 'ack' | 'trust'>;
  /** A bundle that is not put in force, and why. Its message holds no secret. */
  readonly refused: (code: ReasonCode, message: string) => void;
  readonly random?: () => number;
  readonly sleep?: Sleep;
}

export interface Follower {
  /** Puts the kept bundle in force if there is a good one, then follows the operator in the background. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const KNOWN_MS = 1_000;
/** Longest rests of a sidecar that has no bundle yet, and therefore denies every call. */
const NOT_YET_MS = 100;
const NOBODY_MS = 1_000;

/** Whoever answers at once that there is no news, such as a proxy in between, is not asked without end. */
const NO_NEWS_MS = 100;

/** Keeps one connection's bundle up to date. */
export function createFollower(deps: FollowerDeps): Follower {
  const { connection, client, log } = deps;
  const rest = deps.sleep ?? sleep;
  const stop = new AbortController();
  const receiver = createReceiver({ ...deps, signal: stop.signal });
  const backoff = createBackoff(deps.random ?? Math.random);
  let said: string | undefined;
  let following: Promise<void> | undefined;

  async function once(): Promise<void> {
    const { etag, revision } = receiver.known();
    const answer = await client.poll({
      connection,
      etag,
      activeRevision: revision,
      waitSeconds: POLL_SECONDS,
      signal: stop.signal,
    });
    if (answer.kind === 'unchanged') return await rest(NO_NEWS_MS, stop.signal);
    const taken = await receiver.accept(answer);
    // It would be given again at once.
    if (taken === 'known') await rest(KNOWN_MS, stop.signal);
  }

  async function follow(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await once();
        if (said !== undefined) log('info', 'the operator answers again', {});
        said = undefined;
        backoff.reset();
      } catch (error) {
        if (stop.signal.aborted) return;
        fail(error);
        await rest(restAfter(error), stop.signal);
      }
    }
  }

  /**
   * The operator holds a poll until there is a bundle; what ends the wait before that is answered at once with the next
   * poll. A replica that cannot be reached may be back at any moment. Refusals do not change so fast.
   */
  function restAfter(error: unknown): number {
    const wait = backoff.next();
    if (receiver.known().revision !== null) return wait;
    const { code } = refusalOf(error);
    if (code === 'CONTROL_NO_BUNDLE') return Math.min(wait, NOT_YET_MS);
    return code === 'CONTROL_UNAVAILABLE' ? Math.min(wait, NOBODY_MS) : wait;
  }

  function fail(error: unknown): void {
    const { code, message } = refusalOf(error);
    // Said once, not every half minute.
    if (said !== message) log('warn', message, { code });
    if (said !== message && !code.startsWith('CONTROL_')) deps.refused(code, message);
    said = message;
  }

  return {
    async start() {
      await receiver.restore();
      following = follow();
    },
    async close() {
      stop.abort();
      await following;
    },
  };
}
