import type { CallRecord, ReasonCode } from '@rankguard/contract';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Displacement } from '../displacement/index.ts';

/** Stages whose time is measured, in the order of the pipeline. */
export const STAGES = ['authenticate', 'read', 'recognise', 'decide', 'act', 'forward', 'answer'] as const;
export type Stage = (typeof STAGES)[number];

const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

export interface Metrics {
  /** Counts one finished call. */
  call(record: CallRecord): void;
  /** Counts an HTTP message that never became a call (unreadable framing, header overflow). */
  refusedMessage(reason: ReasonCode): void;
  upstreamError(connection: string, reason: ReasonCode): void;
  /** One ranking that was scored as it is and masked. */
  displacement(connection: string, moved: Displacement): void;
  /** What became of a call that was chosen to be scored a second time. */
  rankSample(connection: string, result: 'measured' | 'unchanged' | 'failed' | 'skipped'): void;
  bundle(connection: string, revision: number): void;
  reload(connection: string, result: 'activated' | 'refused'): void;
  /** Calls in flight, body bytes held for them, and log lines dropped so far. */
  held(calls: number, bytes: number, lostLines: number): void;
  keySet(issuer: string, ageSeconds: number): void;
  /** What only a sidecar in a pod has. `expires` is in unix seconds; null: there is no bundle. */
  pod(connection: string, state: PodState): void;
  /** The exposition text (Prometheus text format 0.0.4) and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

export interface PodState {
  readonly expires: number | null;
  readonly bypassed: boolean;
  /** Notices that never reached the operator, since the start. */
  readonly auditDropped: number;
  /** Seconds since what other sidecars counted was known; null: it never was, or no policy asks. */
  readonly usageLag: number | null;
}

function counters(registers: Registry[]) {
  const labels = ['connection', 'dialect', 'operation', 'verdict', 'reason', 'policy'] as const;
  return {
    calls: new Counter({
      name: 'rankguard_calls_total',
      help: 'Calls, by verdict and reason.',
      labelNames: labels,
      registers,
    }),
    messages: new Counter({
      name: 'rankguard_refused_messages_total',
      help: 'HTTP messages refused before they became calls.',
      labelNames: ['reason'] as const,
      registers,
    }),
    masked: new Counter({
      name: 'rankguard_masked_values_total',
      help: 'Masked values, by entity or kind of rule.',
      labelNames: ['connection', 'entity'] as const,
      registers,
    }),
    documents: new Counter({
      name: 'rankguard_documents_total',
      help: 'Candidate documents, by what became of them.',
      labelNames: ['connection', 'outcome'] as const,
      registers,
    }),
    bytes: new Counter({
      name: 'rankguard_bytes_total',
      help: 'Body bytes received from callers and sent to them.',
      labelNames: ['connection', 'direction'] as const,
      registers,
    }),
    disagreements: new Counter({
      name: 'rankguard_shadow_disagreements_total',
      help: 'Calls about which a shadow policy would have changed the verdict or an obligation.',
      labelNames: ['connection', 'policy', 'would'] as const,
      registers,
    }),
    shadow: new Counter({
      name: 'rankguard_shadow_verdicts_total',
      help: 'Denials and faults that a shadow policy would have caused.',
      labelNames: ['connection', 'policy'] as const,
      registers,
    }),
    upstreamErrors: new Counter({
      name: 'rankguard_upstream_errors_total',
      help: 'Calls that the upstream failed.',
      labelNames: ['connection', 'reason'] as const,
      registers,
    }),
    rankSamples: new Counter({
      name: 'rankguard_rank_samples_total',
      help: 'Calls chosen to be scored a second time, masked: measured, unchanged (nothing was masked), failed, skipped.',
      labelNames: ['connection', 'result'] as const,
      registers,
    }),
    reloads: new Counter({
      name: 'rankguard_bundle_reloads_total',
      help: 'New bundles, by whether they were activated.',
      labelNames: ['connection', 'result'] as const,
      registers,
    }),
  };
}

function gauges(registers: Registry[]) {
  return {
    revision: new Gauge({
      name: 'rankguard_bundle_revision',
      help: 'Revision of the active bundle.',
      labelNames: ['connection'] as const,
      registers,
    }),
    inflight: new Gauge({ name: 'rankguard_inflight_calls', help: 'Calls being handled.', registers }),
    buffered: new Gauge({
      name: 'rankguard_buffered_bytes',
      help: 'Body bytes held for all calls.',
      registers,
    }),
    lostLines: new Gauge({
      name: 'rankguard_log_lines_lost',
      help: 'Log lines dropped since the start, because their reader did not keep up.',
      registers,
    }),
    expires: new Gauge({
      name: 'rankguard_bundle_expires_timestamp_seconds',
      help: 'When the active bundle expires if the operator does not renew it. In a cluster.',
      labelNames: ['connection'] as const,
      registers,
    }),
    bypassed: new Gauge({
      name: 'rankguard_bypassed',
      help: '1 while calls could get round the sidecar and are therefore refused. In a cluster.',
      labelNames: ['connection'] as const,
      registers,
    }),
    auditDropped: new Gauge({
      name: 'rankguard_audit_dropped',
      help: 'Notices of denials and faults that never reached the operator, since the start. In a cluster.',
      labelNames: ['connection'] as const,
      registers,
    }),
    usageLag: new Gauge({
      name: 'rankguard_usage_lag_seconds',
      help: 'Time since everything was known that other sidecars counted, where a policy asks for it. In a cluster.',
      labelNames: ['connection'] as const,
      registers,
    }),
    keySetAge: new Gauge({
      name: 'rankguard_key_set_age_seconds',
      help: "Time since an issuer's keys were fetched.",
      labelNames: ['issuer'] as const,
      registers,
    }),
  };
}

function displacements(registers: Registry[]): Metrics['displacement'] {
  const moved = new Histogram({
    name: 'rankguard_rank_displacement_positions',
    help: 'Mean distance between the places of a result with and without masking before scoring, for each sampled ranking.',
    labelNames: ['connection'] as const,
    buckets: [0, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 50],
    registers,
  });
  const order = new Histogram({
    name: 'rankguard_rank_kendall_tau',
    help: "Kendall's tau between the orders with and without masking before scoring, for each sampled ranking; 1: the same.",
    labelNames: ['connection'] as const,
    buckets: [-0.5, 0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1],
    registers,
  });
  return (connection, { positions, tau }) => {
    moved.observe({ connection }, positions);
    order.observe({ connection }, tau);
  };
}

function setPod(gauge: ReturnType<typeof gauges>, connection: string, state: PodState): void {
  if (state.expires !== null) gauge.expires.set({ connection }, state.expires);
  gauge.bypassed.set({ connection }, state.bypassed ? 1 : 0);
  gauge.auditDropped.set({ connection }, state.auditDropped);
  if (state.usageLag === null) gauge.usageLag.remove({ connection });
  else gauge.usageLag.set({ connection }, state.usageLag);
}

/** Everything the sidecar counts. Labels are bounded: names of resources, codes of the catalogue, never a caller's text. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'rankguard_', eventLoopMonitoringPrecision: 20 });
  const count = counters(registers);
  const gauge = gauges(registers);
  const stages = new Histogram({
    name: 'rankguard_stage_duration_seconds',
    help: 'Time spent in each stage of a call.',
    labelNames: ['connection', 'stage'] as const,
    buckets: SECONDS,
    registers,
  });
  const duration = new Histogram({
    name: 'rankguard_call_duration_seconds',
    help: 'Time from the first header byte read to the end of the answer, upstream included.',
    labelNames: ['connection', 'verdict'] as const,
    buckets: SECONDS,
    registers,
  });

  function effects({ connection, masked, shadow, disagreements }: CallRecord): void {
    for (const [entity, n] of Object.entries(masked)) count.masked.inc({ connection, entity }, n);
    for (const { policy } of shadow) count.shadow.inc({ connection, policy });
    for (const { policy, would } of disagreements) count.disagreements.inc({ connection, policy, would });
  }

  function call(record: CallRecord): void {
    const { connection, verdict } = record;
    count.calls.inc({
      connection,
      dialect: record.dialect ?? 'none',
      operation: record.operation ?? 'none',
      verdict,
      reason: record.reason ?? 'none',
      policy: record.policy ?? 'none',
    });
    if (record.dropped > 0) count.documents.inc({ connection, outcome: 'dropped' }, record.dropped);
    const kept = record.documents - record.dropped;
    if (kept > 0)
      count.documents.inc({ connection, outcome: verdict === 'allow' ? 'sent' : 'refused' }, kept);
    effects(record);
    count.bytes.inc({ connection, direction: 'in' }, record.bytesIn);
    count.bytes.inc({ connection, direction: 'out' }, record.bytesOut);
    for (const [stage, ms] of Object.entries(record.timings)) {
      if (stage === 'total') duration.observe({ connection, verdict }, ms / 1000);
      else stages.observe({ connection, stage }, ms / 1000);
    }
  }

  return {
    call,
    refusedMessage: (reason) => count.messages.inc({ reason }),
    upstreamError: (connection, reason) => count.upstreamErrors.inc({ connection, reason }),
    bundle: (connection, revision) => gauge.revision.set({ connection }, revision),
    displacement: displacements(registers),
    rankSample: (connection, result) => count.rankSamples.inc({ connection, result }),
    reload: (connection, result) => count.reloads.inc({ connection, result }),
    held(calls, bytes, lostLines) {
      gauge.lostLines.set(lostLines);
      gauge.inflight.set(calls);
      gauge.buffered.set(bytes);
    },
    keySet: (issuer, age) => gauge.keySetAge.set({ issuer }, age),
    pod: (connection, state) => setPod(gauge, connection, state),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    close() {
      registry.clear();
    },
  };
}
