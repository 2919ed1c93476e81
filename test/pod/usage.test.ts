import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '../support/wait.ts';
import { type PodSetup, type Sibling, setUpPod } from './setup.ts';

/** Four answered calls of one identity, whichever pod they go to. A call `count` is told what was counted. */
const QUOTA = `package rankguard.e2e

allow if true

used := input.usage.hour.calls - input.usage.hour.denied

deny contains {"code": "QUOTA", "message": "Four calls an hour."} if {
	input.phase == "request"
	used >= 4
	input.request.query != "count"
}

deny contains {"code": "COUNT", "message": json.marshal({"used": used, "lag": input.usage.lag})} if {
	input.phase == "request"
	input.request.query == "count"
}
`;

let at: PodSetup;
const siblings: Sibling[] = [];
beforeEach(async () => {
  at = await setUpPod();
  await at.replica.publish(await at.bundle(1, {}, QUOTA));
}, 60_000);
afterEach(async () => {
  for (const sibling of siblings.splice(0)) await sibling.close();
  await at.close();
}, 30_000);

type Caller = Pick<Sibling, 'call'>;

async function startSibling(): Promise<Sibling> {
  const sibling = await at.sibling();
  siblings.push(sibling);
  return sibling;
}
async function counted({ call }: Caller): Promise<{ used: number; lag: number | null }> {
  const { body } = await call('count');
  const { code, detail } = JSON.parse(body) as { code: string; detail: string };
  return code === 'COUNT' ? JSON.parse(detail) : { used: -1, lag: null };
}
const ready = (pod: Caller) => waitFor(async () => (await counted(pod)).used >= 0, 'the bundle is in force');
const knows = (pod: Caller, used: number) =>
  waitFor(async () => (await counted(pod)).used === used, `${used} calls are known`, 30_000);
async function allowed({ call }: Caller): Promise<boolean> {
  const { status } = await call();
  return status === 200;
}

test('a quota is used up by calls to all pods together, also when one of them has gone', async () => {
  const other = await startSibling();
  await ready(at);
  await ready(other);
  for (const pod of [at, other, at, other]) expect(await allowed(pod)).toBe(true);
  await knows(at, 4);
  await knows(other, 4);
  expect(await allowed(at)).toBe(false);
  expect(await allowed(other)).toBe(false);
  expect(at.upstream.calls).toHaveLength(4);
  await waitFor(async () => ((await counted(at)).lag ?? 99) < 60, 'the lag is known', 30_000);
  await at.restart();
  await ready(at);
  await knows(at, 4);
  await other.close();
  siblings.length = 0;
  expect(await allowed(at)).toBe(false);
}, 120_000);

test('without the operator each pod goes on with its own count, and says how old the rest is', async () => {
  const other = await startSibling();
  await ready(at);
  await ready(other);
  expect(await allowed(other)).toBe(true);
  await knows(at, 1);
  await waitFor(async () => (await counted(at)).lag !== null, 'the lag is known', 30_000);
  await at.replica.close();
  at.later(120_000);
  for (const used of [1, 2, 3]) {
    expect((await counted(at)).used).toBe(used);
    expect(await allowed(at)).toBe(true);
  }
  expect(await allowed(at)).toBe(false);
  expect((await counted(at)).lag).toBeGreaterThanOrEqual(110);
  expect(await allowed(other)).toBe(true);
}, 120_000);
