import { expect } from '@jest/globals';
import { type CallRecord, REASONS, type ReasonCode } from '@rankguard/contract';
import { type RawResponse, requestBytes } from './client.ts';
import { HARMLESS, leaksIn } from './personal.ts';
import { type DialectName, GOOD, ROUTE, type Setup } from './setup.ts';
import type { Wire } from './wires/index.ts';

/** TEI's own error types (router/src/http/types.rs), by the status of the answer. */
const TEI_TYPES: Readonly<Record<number, string>> = {
  400: 'Validation',
  413: 'Validation',
  503: 'Overloaded',
};

/** Whose error members an answer must have; null: nobody's, as nothing tells the API. */
type Speaker = DialectName | Pick<Wire, 'explanation'> | null;

function expectErrorMembers(body: Record<string, unknown>, status: number, dialect: Speaker): void {
  if (typeof dialect === 'object' && dialect !== null) {
    expect(dialect.explanation(body)).toContain(body['detail']);
  } else if (dialect === 'tei') {
    expect(body['error_type']).toBe(TEI_TYPES[status] ?? 'Backend');
    expect(body['error']).toContain(body['detail']);
  } else {
    expect(body['message']).toContain(body['detail']);
  }
}

/** What every refusal has, whether or not a request could be made out of the bytes. */
export function expectProblem(response: RawResponse, reason: ReasonCode, dialect: Speaker): void {
  const { status, retry } = REASONS[reason];
  const body = response.json();
  expect({ status: response.status, reason: body['reason'], title: body['title'] }).toEqual({
    status,
    reason,
    title: REASONS[reason].sentence,
  });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('rankguard-decision')).toBe(status < 500 ? 'deny' : 'fault');
  expect(body['status']).toBe(status);
  expectErrorMembers(body, status, dialect);
  if (retry) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
  expect(leaksIn(response.bytes)).toEqual([]);
}

/** A refusal of a request that the sidecar could read as one: it has an id, and a record under it. */
export async function expectRefusal(
  setup: Setup,
  response: RawResponse,
  reason: ReasonCode,
  dialect: Speaker = 'tei',
): Promise<CallRecord> {
  expectProblem(response, reason, dialect);
  const id = response.headers.get('rankguard-request-id') ?? '';
  expect(response.json()['request_id']).toBe(id);
  const record = await setup.guard.callOf(id);
  expect({ status: record.status, reason: record.reason, verdict: record.verdict }).toEqual({
    status: REASONS[reason].status,
    reason,
    verdict: REASONS[reason].status < 500 ? 'deny' : 'fault',
  });
  expect(record.bytesOut).toBe(response.body.length);
  expect(leaksIn(setup.guard.logText())).toEqual([]);
  return record;
}

/** Sends one good call and shows that it is all that ever reached the upstream. */
export async function expectNothingForwarded(setup: Setup): Promise<void> {
  const response = await setup.send({ body: GOOD.tei });
  expect(response.status).toBe(200);
  expect(setup.upstream.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /rerank']);
  expect(setup.upstream.bytes).toBe(setup.upstream.calls[0]?.bytes.length);
}

/** An allowed answer: the upstream's, masked, with every harmless word still there. */
export async function expectMasked(setup: Setup, response: RawResponse): Promise<CallRecord> {
  expect(response.status).toBe(200);
  expect(response.headers.get('rankguard-decision')).toBe('allow');
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(leaksIn(response.bytes)).toEqual([]);
  expect(response.body.toString()).toContain(HARMLESS);
  const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
  expect(record.verdict).toBe('allow');
  expect(leaksIn(setup.guard.logText())).toEqual([]);
  return record;
}

/** A good call of a dialect as bytes, for tests that change one thing about it. */
export function goodRequest(setup: Setup, dialect: DialectName = 'tei'): Buffer {
  return requestBytes({ token: setup.token, target: ROUTE[dialect], body: GOOD[dialect] });
}
