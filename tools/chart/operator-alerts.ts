import type { Alert } from './alerts.ts';

/**
 * About the operator. Every replica counts for itself what it answers, and reads the same statuses; `namespace` tells
 * installations apart.
 */
export const OPERATOR_RULES: readonly Alert[] = [
  {
    alert: 'RankguardOperatorGone',
    expr: 'absent(rankguard_operator_leader)',
    for: '5m',
    severity: 'critical',
    summary: 'No operator is seen',
    description:
      'It does not run, or nobody scrapes it (serviceMonitor.enabled). Without it selected pods cannot start, and sidecars deny when their bundles expire.',
  },
  {
    alert: 'RankguardNoLeader',
    expr: 'sum by (namespace) (rankguard_operator_leader) != 1',
    for: '2m',
    severity: 'critical',
    summary: '{{ $value }} operators lead where one should',
    description:
      'With none, no change comes into force. See the Lease rankguard and the logs of the replicas.',
  },
  {
    alert: 'RankguardAdmissionFails',
    expr: 'sum by (namespace, webhook) (rate(rankguard_operator_admission_seconds_count{outcome="failed"}[5m])) > 0',
    for: '2m',
    severity: 'critical',
    summary: 'Admission fails: {{ $labels.webhook }}',
    description: 'The API server refuses what it asks about. The log of the operator says why.',
  },
  {
    alert: 'RankguardAdmissionSlow',
    expr: 'histogram_quantile(0.99, sum by (namespace, webhook, le) (rate(rankguard_operator_admission_seconds_bucket[5m]))) > 2',
    for: '10m',
    severity: 'warning',
    summary: 'Admission takes {{ $value | humanizeDuration }}: {{ $labels.webhook }}',
    description: 'At 10 s the API server gives up and refuses. Raise operator.resources.',
  },
  {
    alert: 'RankguardPolicyNotActive',
    expr: 'max by (namespace) (rankguard_operator_connections{condition="PolicyActive", status="False"}) > 0',
    for: '10m',
    severity: 'warning',
    summary: 'In {{ $value }} connections the policies are not in force as they are written',
    description:
      'The last good revision goes on. kubectl get rerankconnections -A finds them; status.messages has every problem.',
  },
  {
    alert: 'RankguardCompilerFails',
    expr: 'sum by (namespace) (increase(rankguard_operator_compilations_total{result="failed"}[15m])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'The compiler crashes, is missing or runs out of time or memory',
    description: 'No policy can be changed. This is no mistake in a policy: see the log of the operator.',
  },
  {
    alert: 'RankguardPodsBehind',
    expr: 'max by (namespace) (rankguard_operator_pods_behind) > 0',
    for: '10m',
    severity: 'warning',
    summary: '{{ $value }} pods run an older revision than the active one',
    description:
      'Their sidecars get no bundles, or refuse them. status.pods.revisions of the connections says how many run what.',
  },
  {
    alert: 'RankguardPodsUnguarded',
    expr: 'max by (namespace) (rankguard_operator_pods_unguarded) > 0',
    for: '15m',
    severity: 'warning',
    summary: '{{ $value }} selected pods run without the sidecar',
    description:
      'They are older than their connection: restart their workload. status.pods.unguardedNames has names.',
  },
  {
    alert: 'RankguardBundlesUnsigned',
    expr: 'max by (namespace) (rankguard_operator_bundles_unsigned) > 0',
    for: '5m',
    severity: 'critical',
    summary: '{{ $value }} bundles cannot be signed',
    description: 'Sidecars go on with what they have until it expires. The log of the operator says why.',
  },
  {
    alert: 'RankguardCertificateExpires',
    expr: 'min by (namespace) (rankguard_operator_certificate_expires_seconds) - time() < 86400',
    for: '10m',
    severity: 'critical',
    summary: 'A certificate of the operator ends within a day',
    description: 'Rotation does not work. When it has ended, no selected pod can start.',
  },
  {
    alert: 'RankguardReconcileFails',
    expr: 'sum by (namespace, controller) (rate(rankguard_operator_reconcile_failures_total[5m])) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'The operator cannot do what it wants: {{ $labels.controller }}',
    description: 'It tries again by itself. Its log has the error.',
  },
  {
    alert: 'RankguardWatchMisses',
    expr: 'sum by (namespace, kind) (increase(rankguard_operator_watch_missed_changes_total[1h])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'Changes of {{ $labels.kind }} were missed by a watch',
    description:
      'Something between operator and API server loses data. The periodic list has made up for it.',
  },
  {
    alert: 'RankguardEventsDropped',
    expr: 'sum by (namespace, why) (increase(rankguard_operator_events_dropped_total{why!="rate"}[15m])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'Notices become no Event: {{ $labels.why }}',
    description: 'Events are for people and not evidence: nothing else is lost. See the log of the operator.',
  },
];
