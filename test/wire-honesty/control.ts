import { expect } from '@jest/globals';
import { openClient, type RawResponse, requestBytes } from '../support/client.ts';
import { DOCUMENTS, leaksIn } from '../support/personal.ts';
import type { Case } from './cases.ts';

const CODINGS: Readonly<Record<string, string>> = {
  gzip: 'gzip',
  br: 'br',
  deflate: 'deflate',
  zstd: 'zstd',
};

function framingOf(headers: ReadonlyMap<string, string>): string {
  if (headers.has('transfer-encoding')) return 'chunked';
  return headers.has('content-length') ? 'length' : 'until the end';
}

/** Which framing a row promises; undefined where it does not matter. */
function promised(name: string): string | undefined {
  if (name.startsWith('length') || name === 'truncated-length') return 'length';
  if (name.startsWith('chunked') || name === 'trailers' || name === 'truncated-chunked') return 'chunked';
  return name === 'close-delimited' ? 'until the end' : undefined;
}

/**
 * Calls the upstream without a sidecar: it does on the wire what the row says, and what it sends does hold the
 * personal data. Without this a row could be green because nothing happened.
 */
export async function expectControl(url: string, entry: Case, body: unknown): Promise<void> {
  const client = await openClient(Number(new URL(url).port));
  client.send(requestBytes({ body }));
  try {
    if (entry.expected === 'refused') await expect(client.response()).rejects.toThrow(/ended before/);
    else expectAnswer(entry, await client.response());
  } finally {
    client.destroy();
  }
}

function expectAnswer({ name, status }: Case, response: RawResponse): void {
  expect(response.status).toBe(status);
  const framing = promised(name);
  if (framing !== undefined) expect(framingOf(response.headers)).toBe(framing);
  expect(response.headers.get('content-encoding')).toBe(CODINGS[name]);
  if (name === 'trailers') expect(leaksIn(response.trailers)).toEqual(['EMAIL_ADDRESS']);
  if (name === 'large') expect(response.body.length).toBeGreaterThan(1_450_000);
  if (name === 'escapes') expect(response.body.includes('@')).toBe(false);
  if (CODINGS[name] === undefined) expect(leaksIn(response.bytes)).toHaveLength(DOCUMENTS.length);
}
