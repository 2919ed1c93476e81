import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { operator } from './operator.ts';
import { bars, figure, lines, of, page, quantile, rate } from './panels.ts';

const CALLS = 'rankguard_calls_total';
const DURATION = 'rankguard_call_duration_seconds';

function overview() {
  const share = `${rate(of(CALLS, 'verdict!="allow"'))} / clamp_min(${rate(of(CALLS))}, 1e-9)`;
  return page('overview', 'Rankguard / Overview', [
    figure('Calls', 'Calls a second.', 'reqps', { promql: rate(of(CALLS)), legend: 'calls' }),
    figure('Refused', 'Share of calls that were denied or failed.', 'percentunit', {
      promql: share,
      legend: 'refused',
    }),
    figure('Connections', 'Connections with a sidecar that has a bundle.', 'short', {
      promql: 'count(count by (connection) (rankguard_bundle_revision))',
      legend: 'connections',
    }),
    figure('99 of 100 calls', 'Time within which they end, the reranker included.', 's', {
      promql: quantile(0.99, DURATION),
      legend: 'p99',
    }),
    lines('Calls by verdict', 'What was decided.', 'reqps', {
      promql: rate(of(CALLS), 'verdict'),
      legend: '{{verdict}}',
    }),
    lines('Calls by connection', 'Who is called.', 'reqps', {
      promql: rate(of(CALLS), 'connection'),
      legend: '{{connection}}',
    }),
    bars('Reasons', 'Why calls did not pass.', 'reqps', {
      promql: `topk(10, ${rate(of(CALLS, 'verdict!="allow"'), 'reason')})`,
      legend: '{{reason}}',
    }),
    lines('Upstream errors', 'Calls that the reranker failed.', 'reqps', {
      promql: rate(of('rankguard_upstream_errors_total'), 'connection, reason'),
      legend: '{{connection}} {{reason}}',
    }),
    lines('Memory of sidecars', 'Resident.', 'bytes', {
      promql: 'max by (pod, instance) (rankguard_process_resident_memory_bytes)',
      legend: '{{pod}} {{instance}}',
    }),
    lines('Delay of the event loop', 'Above 50 ms a sidecar does not get its CPU.', 's', {
      promql: 'max by (pod, instance) (rankguard_nodejs_eventloop_lag_p99_seconds)',
      legend: '{{pod}} {{instance}}',
    }),
  ]);
}

function connection() {
  return page('connection', 'Rankguard / Connection', [
    lines('Calls by operation', 'What callers ask for, by dialect.', 'reqps', {
      promql: rate(of(CALLS), 'dialect, operation'),
      legend: '{{dialect}} {{operation}}',
    }),
    lines('Calls by reason', 'Why calls did not pass.', 'reqps', {
      promql: rate(of(CALLS, 'verdict!="allow"'), 'reason'),
      legend: '{{reason}}',
    }),
    lines(
      'Duration',
      'From the first byte read to the end of the answer, the reranker included.',
      's',
      { promql: quantile(0.5, DURATION), legend: 'p50' },
      { promql: quantile(0.95, DURATION), legend: 'p95' },
      { promql: quantile(0.99, DURATION), legend: 'p99' },
    ),
    lines('Time by stage', '95 of 100 calls spend less.', 's', {
      promql: quantile(0.95, 'rankguard_stage_duration_seconds', 'stage'),
      legend: '{{stage}}',
    }),
    lines('Bytes', 'Bodies from callers and to them.', 'Bps', {
      promql: rate(of('rankguard_bytes_total'), 'direction'),
      legend: '{{direction}}',
    }),
    lines('Masked values', 'By entity or kind of rule.', 'cps', {
      promql: rate(of('rankguard_masked_values_total'), 'entity'),
      legend: '{{entity}}',
    }),
    lines('Revision', 'Each sidecar at the same height runs the same policies.', 'short', {
      promql: `max by (connection, pod, instance) (${of('rankguard_bundle_revision')})`,
      legend: '{{connection}} {{pod}} {{instance}}',
    }),
    lines('Age of key sets', 'Above 900 s the issuer cannot be reached; at 3600 calls are refused.', 's', {
      promql: 'max by (issuer) (rankguard_key_set_age_seconds)',
      legend: '{{issuer}}',
    }),
    lines('Calls in flight', 'Being handled now.', 'short', {
      promql: 'sum by (pod, instance) (rankguard_inflight_calls)',
      legend: '{{pod}} {{instance}}',
    }),
    lines('Buffered bytes', 'Held for all calls of a sidecar.', 'bytes', {
      promql: 'sum by (pod, instance) (rankguard_buffered_bytes)',
      legend: '{{pod}} {{instance}}',
    }),
  ]);
}

function policy() {
  return page('policy', 'Rankguard / Policy', [
    lines('Denials by policy', 'Enforced.', 'reqps', {
      promql: rate(of(CALLS, 'verdict="deny"'), 'policy'),
      legend: '{{policy}}',
    }),
    lines(
      'Faults by policy',
      'Never normal: the policy could not be decided, and the call did not pass.',
      'reqps',
      {
        promql: rate(of(CALLS, 'verdict="fault"'), 'policy, reason'),
        legend: '{{policy}} {{reason}}',
      },
    ),
    lines('Shadow verdicts', 'What policies in shadow would have refused.', 'reqps', {
      promql: rate(of('rankguard_shadow_verdicts_total'), 'policy'),
      legend: '{{policy}}',
    }),
    lines('New bundles', 'Activated and refused changes.', 'short', {
      promql: `sum by (result) (increase(${of('rankguard_bundle_reloads_total')}[1h]))`,
      legend: '{{result}}',
    }),
    lines('Time to decide', 'Both phases together.', 's', {
      promql: quantile(0.99, 'rankguard_stage_duration_seconds', 'connection', 'stage="decide"'),
      legend: '{{connection}} p99',
    }),
    bars('Denials by reason', 'In the last hour.', 'short', {
      promql: `topk(10, sum by (reason) (increase(${of(CALLS, 'verdict="deny"')}[1h])))`,
      legend: '{{reason}}',
    }),
  ]);
}

function ranking() {
  const documents = 'rankguard_documents_total';
  return page('ranking', 'Rankguard / Ranking', [
    lines('Documents', 'Candidates, by what became of them.', 'cps', {
      promql: rate(of(documents), 'outcome'),
      legend: '{{outcome}}',
    }),
    lines(
      'Share of dropped documents',
      'Candidates that a caller may not see, or that a policy removed.',
      'percentunit',
      {
        promql: `${rate(of(documents, 'outcome="dropped"'), 'connection')} / clamp_min(${rate(of(documents), 'connection')}, 1e-9)`,
        legend: '{{connection}}',
      },
    ),
    lines('Documents in a call', 'Mean.', 'short', {
      promql: `${rate(of(documents), 'connection')} / clamp_min(${rate(of(CALLS, 'operation="rerank"'), 'connection')}, 1e-9)`,
      legend: '{{connection}}',
    }),
    lines('Time of the reranker', 'Its own, without the sidecar.', 's', {
      promql: quantile(0.95, 'rankguard_stage_duration_seconds', 'connection', 'stage="forward"'),
      legend: '{{connection}} p95',
    }),
    lines('Rankings', 'Allowed calls that rank.', 'reqps', {
      promql: rate(of(CALLS, 'verdict="allow"', 'operation="rerank"'), 'connection'),
      legend: '{{connection}}',
    }),
  ]);
}

/** The dashboards by the name of their file. */
export function dashboards(): ReadonlyMap<string, Dashboard> {
  const pages = { overview, connection, policy, ranking, operator };
  return new Map(Object.entries(pages).map(([name, make]) => [name, make().build()]));
}
