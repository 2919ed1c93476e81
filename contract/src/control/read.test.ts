import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAck, readAuditBatch, readForwardedAcks } from './index.ts';

const connection = { namespace: 'shop', name: 'search' };
const ack = { connection, revision: 7, digest: 'd', refused: null };
const refusal = { ...ack, refused: { code: 'POLICY_INVALID', message: 'no module' } };
const pod = { namespace: 'shop', name: 'reranker-0', uid: 'u' };
const entry = {
  kind: 'denial',
  reason: 'POLICY_DENY',
  policy: 'shop/ranking',
  policyCode: null,
  message: 'no',
  count: 3,
  last: 1_700_000_000,
};
const batch = { connection, entries: [entry], dropped: 0 };

test('what a sidecar sends is read as it was sent', () => {
  expect(readAck(ack)).toEqual(ack);
  expect(readAck(refusal)).toEqual(refusal);
  expect(readAuditBatch(batch)).toEqual(batch);
  expect(readForwardedAcks({ acks: [{ ...refusal, pod }] })).toEqual({ acks: [{ ...refusal, pod }] });
});

test.each([
  ['a code that does not exist', readAck({ ...ack, refused: { code: 'NO_SUCH', message: 'm' } })],
  ['a name of Object', readAck({ ...ack, refused: { code: 'toString', message: 'm' } })],
  ['a revision that is no number', readAck({ ...ack, revision: '7' })],
  ['a negative revision', readAck({ ...ack, revision: -1 })],
  ['an empty namespace', readAck({ ...ack, connection: { namespace: '', name: 'search' } })],
  ['no refusal at all', readAck({ connection, revision: 7, digest: 'd' })],
  ['another kind', readAuditBatch({ ...batch, entries: [{ ...entry, kind: 'praise' }] })],
  ['a long message', readAuditBatch({ ...batch, entries: [{ ...entry, message: 'x'.repeat(513) }] })],
  ['too many entries', readAuditBatch({ ...batch, entries: Array.from({ length: 101 }, () => entry) })],
  ['a pod without a uid', readForwardedAcks({ acks: [{ ...ack, pod: connection }] })],
])('%s is not read', (_, read) => {
  expect(read).toBeUndefined();
});

test('anything else is not read and never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect([readAck(value), readAuditBatch(value), readForwardedAcks(value)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }),
  );
});
