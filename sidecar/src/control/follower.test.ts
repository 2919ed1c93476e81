import { afterEach, expect, test } from '@jest/globals';
import { CodedError, type ReasonCode } from '@rankguard/contract';
import type { BundleClaims } from '@rankguard/contract/control';
import { waitFor } from '../../../test/support/wait.ts';
import type { PollAnswer } from './client.ts';
import { createFollower, type Follower } from './index.ts';

const connection = { namespace: 'shop', name: 'search' };
const NEWS: PollAnswer = { kind: 'bundle', signed: {}, etag: '"7"' };
const claims = { bundle: { revision: 7, digest: 'd' }, issued: 1, expires: 2, controlCa: '' } as BundleClaims;

let follower: Follower | undefined;
afterEach(async () => await follower?.close());

/** A follower whose rests end at once and are noted, of an operator that answers these in turn, and then waits. */
async function follow(answers: readonly (ReasonCode | PollAnswer)[]) {
  const left = [...answers];
  const rests: number[] = [];
  const activated: BundleClaims[] = [];
  follower = createFollower({
    connection,
    client: {
      async poll({ signal }) {
        const next = left.shift();
        if (typeof next === 'string') throw new CodedError(next, 'not now');
        if (next !== undefined) return next;
        return await new Promise((_, reject) => signal.addEventListener('abort', reject));
      },
      ack: async () => undefined,
      trust: () => undefined,
    },
    trust: { verify: async () => claims },
    kept: { read: async () => undefined, write: async () => undefined },
    activate: (taken) => void activated.push(taken),
    renew: () => undefined,
    refused: () => undefined,
    log: () => undefined,
    // The longest that it may be.
    random: () => 1,
    async sleep(ms) {
      rests.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  await follower.start();
  return { rests, activated, left };
}
const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);

test('a sidecar that starts before its bundle asks again at once, however long there is none', async () => {
  const { rests, activated } = await follow([...times(20, 'CONTROL_NO_BUNDLE' as const), NEWS]);
  await waitFor(() => activated.length === 1, 'the bundle');
  expect(rests).toEqual(times(20, 100));
});

test('without a bundle an operator that cannot be reached is tried each second', async () => {
  const { rests, activated } = await follow([...times(10, 'CONTROL_UNAVAILABLE' as const), NEWS]);
  await waitFor(() => activated.length === 1, 'the bundle');
  expect(rests).toEqual([500, ...times(9, 1_000)]);
});

test('with a bundle in force nobody hurries, and refusals are never hurried', async () => {
  const gone = times(8, 'CONTROL_UNAVAILABLE' as const);
  const calm = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  const { rests, left } = await follow([NEWS, ...gone]);
  await waitFor(() => left.length === 0 && rests.length === 8, 'all tries');
  expect(rests).toEqual(calm);
  await follower?.close();
  const refused = await follow(times(8, 'CONTROL_POD' as const));
  await waitFor(() => refused.rests.length === 8, 'all tries');
  expect(refused.rests).toEqual(calm);
});

test('an operator that does not hold its polls is not asked without end', async () => {
  const { rests, left } = await follow([NEWS, ...times(5, { kind: 'unchanged' } as const)]);
  await waitFor(() => left.length === 0 && rests.length === 5, 'all tries');
  expect(rests).toEqual(times(5, 100));
});
