import { afterEach, expect, test } from '@jest/globals';
import type { CallRecord } from '@rankguard/contract';
import {
  type AuditBatch,
  MOST_AUDIT_ENTRIES,
  MOST_AUDIT_MESSAGE,
  readAuditBatch,
} from '@rankguard/contract/control';
import { createGate, waitFor } from '../../../test/support/wait.ts';
import { type AuditShipper, createAuditShipper } from './index.ts';

const connection = { namespace: 'shop', name: 'search' };
const call = (more: Partial<CallRecord> = {}) =>
  ({
    verdict: 'deny',
    reason: 'POLICY_DENY',
    policy: 'shop/a',
    policyCode: 'NO',
    message: 'no',
    ...more,
  }) as CallRecord;

let shipper: AuditShipper | undefined;
afterEach(() => shipper?.close());

/** A shipper whose pauses end at once, and an operator that answers when `up`. */
function setUp() {
  const batches: AuditBatch[] = [];
  const state = { up: true, wait: Promise.resolve() };
  shipper = createAuditShipper({
    connection,
    now: () => 1_800_000_000_000,
    sleep: async () => new Promise((resolve) => setImmediate(resolve)),
    client: {
      async audit(batch) {
        await state.wait;
        if (!state.up) throw new Error('gone');
        batches.push(batch);
      },
    },
  });
  return { shipper, batches, state, entries: () => batches.flatMap(({ entries }) => entries) };
}

test('what is allowed is not told; what is not is counted, and read by the operator as it was sent', async () => {
  const { shipper, state, batches, entries } = setUp();
  const gate = createGate();
  state.wait = gate.opened;
  shipper.call(call({ verdict: 'allow', reason: null }));
  for (let i = 0; i < 4; i++) shipper.call(call());
  shipper.call(call({ verdict: 'fault', reason: 'POLICY_FAULT', message: 'x'.repeat(10_000) }));
  shipper.guard('PORT_UNDECLARED', 'port 9000');
  gate.open();
  const total = () => entries().reduce((sum, { count }) => sum + count, 0);
  await waitFor(() => total() === 6, 'all notices');
  expect(new Set(entries().map(({ kind }) => kind))).toEqual(new Set(['denial', 'fault', 'guard']));
  expect(entries().find(({ kind }) => kind === 'fault')?.message).toHaveLength(MOST_AUDIT_MESSAGE);
  for (const batch of batches) expect(readAuditBatch(JSON.parse(JSON.stringify(batch)))).toEqual(batch);
});

test('nothing is lost while the operator is gone, within the bound, and what is beyond is counted', async () => {
  const { shipper, state, batches, entries } = setUp();
  state.up = false;
  for (let i = 0; i < MOST_AUDIT_ENTRIES; i++)
    for (let n = 0; n < 3; n++) shipper.call(call({ policyCode: `C${i}` }));
  shipper.call(call({ policyCode: 'too many' }));
  await waitFor(() => shipper.dropped() === 1, 'the bound');
  state.up = true;
  await waitFor(() => entries().length >= MOST_AUDIT_ENTRIES, 'all kinds');
  expect(entries().reduce((sum, { count }) => sum + count, 0)).toBe(3 * MOST_AUDIT_ENTRIES);
  expect(batches.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(1);
  expect(Math.max(...batches.map(({ entries: each }) => each.length))).toBeLessThanOrEqual(
    MOST_AUDIT_ENTRIES,
  );
});

test('the end ships what is left', async () => {
  const { shipper, state, entries } = setUp();
  state.up = false;
  shipper.guard('GUARD_BYPASSED', 'a way round');
  await new Promise((resolve) => setImmediate(resolve));
  state.up = true;
  await shipper.close();
  expect(entries()).toMatchObject([{ kind: 'guard', count: 1 }]);
});
