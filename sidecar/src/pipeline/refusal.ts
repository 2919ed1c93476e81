import { REASONS, type Reason, type ReasonCode } from '@rankguard/contract';
import type { MatchedRoute } from '../dialects/index.ts';

/** An answer that the sidecar makes itself instead of the upstream's. */
export interface Refusal {
  readonly refused: true;
  readonly reason: Reason;
  /** WWW-Authenticate (RFC 6750 section 3), with a 401. */
  readonly challenge?: string;
  /** Seconds; catalogue entries with `retry` get one in any case. */
  readonly retryAfter?: number;
  /** The connection cannot be used for another request: part of this one is still unread. */
  readonly close?: boolean;
  /** The API that the body turned out to be of, where the path alone does not tell: its clients read the answer. */
  readonly matched?: MatchedRoute;
}

export function refuse(code: ReasonCode, message?: string, more?: Partial<Refusal>): Refusal {
  return { refused: true, reason: { code, message: message ?? REASONS[code].sentence }, ...more };
}

export interface Answer {
  readonly status: number;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const RETRY_SECONDS = 1;

/**
 * The HTTP answer of a refusal: an RFC 9457 problem that also carries the dialect's own error members, so that an
 * SDK shows the explanation. `message` must already be masked.
 */
export function refusalAnswer(
  refusal: Refusal,
  requestId: string,
  matched: MatchedRoute | undefined,
): Answer {
  const { reason } = refusal;
  const entry = REASONS[reason.code];
  const code = reason.policyCode ?? reason.code;
  const explanation = `${reason.message} [${code}, request ${requestId}]`;
  const body = {
    type: `https://rankguard.dev/reasons/${reason.code}`,
    title: entry.sentence,
    status: entry.status,
    detail: reason.message,
    code,
    reason: reason.code,
    ...(reason.policy === undefined ? {} : { policy: reason.policy }),
    request_id: requestId,
    ...(matched?.dialect.error(entry.status, code, explanation) ?? { message: explanation }),
  };
  const headers = ['Content-Type', 'application/problem+json', 'Cache-Control', 'no-store'];
  headers.push(...(matched?.dialect.ownHeaders?.(entry.status) ?? []));
  const retryAfter = refusal.retryAfter ?? (entry.retry ? RETRY_SECONDS : undefined);
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
  if (refusal.challenge !== undefined) headers.push('WWW-Authenticate', refusal.challenge);
  return { status: entry.status, headers, body: Buffer.from(JSON.stringify(body)) };
}
