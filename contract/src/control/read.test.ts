import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  readAck,
  readAuditBatch,
  readForwardedAcks,
  readForwardedUsage,
  readUsageReport,
  readUsageShares,
} from './index.ts';

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
const used = {
  id: 'a'.repeat(22),
  known: true,
  names: ['b'.repeat(22)],
  minute: [[340_000_000, 1, 2, 3, 0.5, 0]],
  hour: [],
  day: [],
};
const report = {
  connection,
  instance: 'i',
  ledger: null,
  after: 0,
  complete: true,
  ends: false,
  entries: [used],
};
const shares = {
  ledger: 'l',
  key: 'k'.repeat(43),
  version: 3,
  more: false,
  ageMs: null,
  since: 0,
  nextMs: 2_000,
  entries: [used],
};
const batch = { connection, entries: [entry], dropped: 0 };

test('what a sidecar sends is read as it was sent', () => {
  expect(readAck(ack)).toEqual(ack);
  expect(readAck(refusal)).toEqual(refusal);
  expect(readAuditBatch(batch)).toEqual(batch);
  expect(readUsageReport(report)).toEqual(report);
  expect(readUsageShares(shares)).toEqual(shares);
  expect(readForwardedUsage({ pod, report })).toEqual({ pod, report });
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
  ['a row that lacks a number', readUsageReport({ ...report, entries: [{ ...used, day: [[1, 2, 3]] }] })],
  ['a negative count', readUsageReport({ ...report, entries: [{ ...used, minute: [[1, -1, 0, 0, 0, 0]] }] })],
  [
    'thirteen slots of a window',
    readUsageReport({ ...report, entries: [{ ...used, day: Array(13).fill([1, 0, 0, 0, 0, 0]) }] }),
  ],
  ['a name in place of a digest', readUsageReport({ ...report, entries: [{ ...used, id: 'ada' }] })],
  ['a report that is complete in part', readUsageReport({ ...report, complete: 'yes' })],
  ['a short key', readUsageShares({ ...shares, key: 'k' })],
  ['an age that is no number', readUsageShares({ ...shares, ageMs: '0' })],
  ['a forwarded report without a pod', readForwardedUsage({ report })],
])('%s is not read', (_, read) => {
  expect(read).toBeUndefined();
});

test('anything else is not read and never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const readers = [readAck, readAuditBatch, readForwardedAcks, readUsageReport, readUsageShares];
      for (const read of readers) expect(read(value)).toBeUndefined();
    }),
  );
});
