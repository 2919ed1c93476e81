import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallRecord } from '@rankguard/contract';
import type { MatchedRoute } from '../dialects/index.ts';
import type { Metrics } from '../metrics/index.ts';
import type { Active } from '../runtime/types.ts';
import type { UsageWindows } from '../usage/index.ts';
import type { Budget } from './budget.ts';
import type { DisplacementSampler } from './displacement.ts';
import type { Trace } from './trace.ts';
import type { Turns } from './turns.ts';

export interface PipelineDeps {
  /** The bundle in force, or undefined before there is one. */
  readonly active: () => Active | undefined;
  readonly budget: Budget;
  readonly turns: Turns;
  readonly metrics: Metrics;
  readonly usage: UsageWindows;
  readonly displacement: DisplacementSampler;
  readonly record: (record: CallRecord) => void;
  /** true once the sidecar drains: answers then close their connections. */
  readonly draining: () => boolean;
  /** Why nothing may pass now, because callers could get round the sidecar; null when they cannot. */
  readonly bypassed: () => string | null;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One HTTP request and its answer to be. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The bundle in force when the request came; it stays this call's to the end. */
  readonly active: Active | undefined;
  readonly trace: Trace;
  /** Takes bytes of the budget until the call ends. */
  readonly reserve: (bytes: number) => boolean;
  /** Fires when the caller goes away. */
  readonly gone: AbortSignal;
  /** Fires when the rest of the request cannot be read as HTTP. */
  readonly malformed: AbortSignal;
  matched: MatchedRoute | undefined;
}
