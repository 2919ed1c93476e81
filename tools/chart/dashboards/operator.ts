import { bare, figure, lines, type Query } from './panels.ts';

const OPERATOR = 'rankguard_operator_';
const RATE = '[$__rate_interval]';

/** Every replica reads the same statuses: the largest is what all but a lagging one say. */
const now = (metric: string): string => `max(${OPERATOR}${metric})`;
const perSecond = (metric: string, by: string): string =>
  `sum by (${by}) (rate(${OPERATOR}${metric}${RATE}))`;
const within = (q: number, metric: string, by: string): Query => ({
  promql: `histogram_quantile(${q}, ${perSecond(`${metric}_bucket`, `le, ${by}`)})`,
  legend: `{{${by}}} p${q * 100}`,
});
const eachReplica = (metric: string): Query => ({
  promql: `max by (pod, instance) (${OPERATOR}${metric})`,
  legend: '{{pod}} {{instance}}',
});

/** What the operator does, whatever connection it is for. */
export function operator() {
  return bare('operator', 'Rankguard / Operator', [
    figure('Leaders', 'One, but for moments of a hand-over.', 'short', {
      promql: `sum(${OPERATOR}leader)`,
      legend: 'leaders',
    }),
    figure('Not active', 'Connections whose policies are not in force as they are written.', 'short', {
      promql: `max(${OPERATOR}connections{condition="PolicyActive", status="False"}) or vector(0)`,
      legend: 'connections',
    }),
    figure('Unguarded pods', 'Selected, and without the sidecar.', 'short', {
      promql: now('pods_unguarded'),
      legend: 'pods',
    }),
    figure('Pods behind', 'Their sidecars confirmed an older revision than the active one.', 'short', {
      promql: now('pods_behind'),
      legend: 'pods',
    }),
    lines('Admission', 'Answers, by webhook and outcome.', 'reqps', {
      promql: perSecond('admission_seconds_count', 'webhook, outcome'),
      legend: '{{webhook}} {{outcome}}',
    }),
    lines(
      'Duration of admission',
      'A pod waits for it; at 10 s the API server refuses.',
      's',
      within(0.5, 'admission_seconds', 'webhook'),
      within(0.99, 'admission_seconds', 'webhook'),
    ),
    lines('Refusals of admission', 'By reason code.', 'reqps', {
      promql: perSecond('admission_refused_total', 'webhook, code'),
      legend: '{{webhook}} {{code}}',
    }),
    lines('Conditions', 'Connections for which a condition is not as it should be.', 'short', {
      promql: `max by (condition, status) (${OPERATOR}connections{condition=~"Ready|PolicyActive", status="False"} or ${OPERATOR}connections{condition=~"Conflicted|BypassPossible", status="True"})`,
      legend: '{{condition}} {{status}}',
    }),
    lines('Policies judged', 'Compiled and tested, by result.', 'short', {
      promql: `sum by (result) (increase(${OPERATOR}compilations_total[1h]))`,
      legend: '{{result}}',
    }),
    lines('Revisions acknowledged', 'What sidecars say of new revisions.', 'cps', {
      promql: perSecond('acknowledgements_total', 'result'),
      legend: '{{result}}',
    }),
    lines('Sidecars that wait', 'For news, by replica.', 'short', eachReplica('control_waiting')),
    lines('Queue', 'Names that the leader has yet to look at.', 'short', eachReplica('queue_depth')),
    lines(
      'Duration of reconciling',
      '99 of 100 looks take less.',
      's',
      within(0.99, 'reconcile_seconds', 'controller'),
    ),
    lines(
      'Duration of API calls',
      '99 of 100 calls take less.',
      's',
      within(0.99, 'api_request_seconds', 'verb'),
    ),
    lines(
      'Trouble',
      'Reconciliations, watches and Events that failed, and changes that no watch had told.',
      'cps',
      { promql: perSecond('reconcile_failures_total', 'controller'), legend: 'reconcile {{controller}}' },
      { promql: perSecond('watch_failures_total', 'kind'), legend: 'watch {{kind}}' },
      { promql: perSecond('watch_missed_changes_total', 'kind'), legend: 'missed {{kind}}' },
      { promql: perSecond('events_dropped_total', 'why'), legend: 'Events {{why}}' },
    ),
    lines('Memory', 'Resident, by replica.', 'bytes', {
      promql: `max by (pod, instance) (process_resident_memory_bytes and on (job, instance) ${OPERATOR}leader)`,
      legend: '{{pod}} {{instance}}',
    }),
  ]);
}
