import type { CallRecord, Identity, ResolvedConnection, ShadowDisagreement } from '@rankguard/contract';
import type { Stage } from '../metrics/index.ts';
import type { Active } from '../runtime/types.ts';
import type { Shown } from '../usage/index.ts';
import type { Refusal } from './refusal.ts';

/** What is learnt about a call on its way; its record is made from it once, at the end. */
export interface Trace {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly startedAt: number;
  readonly timings: Record<string, number>;
  readonly masked: Record<string, number>;
  readonly shadow: { policy: string; code: string }[];
  readonly disagreements: ShadowDisagreement[];
  readonly ranking: CallRecord['ranking'][number][];
  dialect: string | null;
  operation: string | null;
  identity: Identity | null;
  model: string | null;
  dataset: string | null;
  documents: number;
  dropped: number;
  /** Candidates that went to the reranker. */
  sent: number;
  results: number;
  /** Results that the caller gets. */
  handedOut: number;
  bytesIn: number;
  upstreamStatus: number | null;
  /** The results in the order the caller gets them; empty when no policy looks at exposure. */
  readonly shown: Shown[];
}

export function createTrace(id: string, method: string, path: string): Trace {
  return {
    id,
    method,
    path,
    startedAt: performance.now(),
    timings: {},
    masked: {},
    shadow: [],
    disagreements: [],
    ranking: [],
    dialect: null,
    operation: null,
    identity: null,
    model: null,
    dataset: null,
    documents: 0,
    dropped: 0,
    sent: 0,
    results: 0,
    handedOut: 0,
    bytesIn: 0,
    upstreamStatus: null,
    shown: [],
  };
}

/** Adds the time since `since` to a stage and returns now, where the next stage begins. */
export function lap(trace: Trace, stage: Stage, since: number): number {
  const now = performance.now();
  trace.timings[stage] = (trace.timings[stage] ?? 0) + (now - since);
  return now;
}

export function addCounts(into: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) into[name] = (into[name] ?? 0) + count;
}

const LONGEST_TEXT = 512;

/** Detectors see through one percent-encoding; one of another would hide from them. */
function shownPath(path: string): string {
  return path.replace(/%(?:25)+(?=[0-9a-f]{2})/gi, '%');
}

/** The record of a finished call. Every text that a caller or policy wrote goes through `mask`. */
export function recordOf(
  trace: Trace,
  active: Active | undefined,
  outcome: { readonly status: number; readonly bytesOut: number; readonly refusal: Refusal | undefined },
  mask: (text: string) => string,
): CallRecord {
  const text = (value: string | null | undefined) =>
    value === null || value === undefined ? null : mask(value).slice(0, LONGEST_TEXT);
  const reason = outcome.refusal?.reason;
  const { identity } = trace;
  return {
    time: new Date(Date.now()).toISOString(),
    id: trace.id,
    connection: active === undefined ? 'none' : connectionName(active.bundle.connection),
    dialect: trace.dialect,
    operation: trace.operation,
    method: trace.method,
    path: active === undefined ? '' : (text(shownPath(trace.path)) ?? ''),
    status: outcome.status,
    verdict: reason === undefined ? 'allow' : outcome.status < 500 ? 'deny' : 'fault',
    reason: reason?.code ?? null,
    policy: reason?.policy ?? null,
    policyCode: reason?.policyCode ?? null,
    message: text(reason?.message),
    identity:
      identity === null
        ? null
        : {
            kind: identity.kind,
            subject: text(identity.subject),
            issuer: identity.issuer,
            token: text(identity.token.id),
          },
    model: text(trace.model),
    dataset: text(trace.dataset),
    documents: trace.documents,
    dropped: trace.dropped,
    results: trace.results,
    ranking: trace.ranking,
    bytesIn: trace.bytesIn,
    bytesOut: outcome.bytesOut,
    upstreamStatus: trace.upstreamStatus,
    masked: trace.masked,
    shadow: trace.shadow,
    disagreements: trace.disagreements,
    bundle: active === undefined ? null : { revision: active.bundle.revision, digest: active.bundle.digest },
    timings: { ...trace.timings, total: performance.now() - trace.startedAt },
  };
}

/** `namespace/name`, as metrics and records say it. */
export function connectionName({ namespace, name }: ResolvedConnection): string {
  return `${namespace}/${name}`;
}
