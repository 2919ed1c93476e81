import { stringify } from 'yaml';
import { OPERATOR_RULES } from './operator-alerts.ts';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  readonly description: string;
}

const SIDECAR_RULES: readonly Alert[] = [
  {
    alert: 'RankguardFaults',
    expr: 'sum by (connection, reason) (rate(rankguard_calls_total{verdict="fault", reason!~"UPSTREAM_.*|OVERLOADED|BUFFER_FULL"}[5m])) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'Calls of {{ $labels.connection }} fail in the guard: {{ $labels.reason }}',
    description: 'A policy, a mask or the guard itself faults. The calls do not pass.',
  },
  {
    alert: 'RankguardTurnsAway',
    expr: 'sum by (connection, reason) (rate(rankguard_calls_total{reason=~"OVERLOADED|BUFFER_FULL"}[5m])) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'Callers of {{ $labels.connection }} are turned away: {{ $labels.reason }}',
    description: 'More replicas of the reranker, or other limits of the connection.',
  },
  {
    alert: 'RankguardUpstreamFails',
    expr: 'sum by (connection) (rate(rankguard_upstream_errors_total[5m])) / sum by (connection) (rate(rankguard_calls_total[5m])) > 0.05',
    for: '5m',
    severity: 'warning',
    summary: 'The reranker of {{ $labels.connection }} fails more than one call in twenty',
    description: 'See the log of the reranker.',
  },
  {
    alert: 'RankguardKeysTooOld',
    expr: 'max by (issuer) (rankguard_key_set_age_seconds) > 900',
    for: '5m',
    severity: 'critical',
    summary: 'The keys of {{ $labels.issuer }} cannot be fetched',
    description: 'After an hour with the same keys, calls with its tokens are refused.',
  },
  {
    alert: 'RankguardChangeRefused',
    expr: 'increase(rankguard_bundle_reloads_total{result="refused"}[15m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'A change of {{ $labels.connection }} is not in force',
    description: 'The sidecar refused a bundle and keeps the last good one. See its log.',
  },
  {
    alert: 'RankguardRevisionsDiffer',
    expr: 'max by (connection) (rankguard_bundle_revision) != min by (connection) (rankguard_bundle_revision)',
    for: '10m',
    severity: 'warning',
    summary: 'Sidecars of {{ $labels.connection }} run different policies',
    description: 'One of them does not get its bundles, or refuses them.',
  },
  {
    alert: 'RankguardBypassed',
    expr: 'max by (connection, namespace, pod) (rankguard_bypassed) > 0',
    for: '0m',
    severity: 'critical',
    summary: 'Something else listens where callers of {{ $labels.connection }} come in',
    description:
      'The sidecar denies every call of that pod. Look at the listening sockets of {{ $labels.namespace }}/{{ $labels.pod }}.',
  },
  {
    alert: 'RankguardBundleExpires',
    expr: 'min by (connection) (rankguard_bundle_expires_timestamp_seconds) - time() < 4 * 3600',
    for: '10m',
    severity: 'critical',
    summary: 'A sidecar of {{ $labels.connection }} has not heard from the operator for long',
    description: 'When its bundle expires (failure.staleAfter of the connection), it denies every call.',
  },
  {
    alert: 'RankguardStarved',
    expr: 'max by (namespace, pod) (rankguard_nodejs_eventloop_lag_p99_seconds) > 0.05',
    for: '10m',
    severity: 'warning',
    summary: 'The sidecar of {{ $labels.namespace }}/{{ $labels.pod }} does not get its CPU',
    description: 'Raise spec.sidecar.resources of its connection.',
  },
];

function group(name: string, alerts: readonly Alert[]) {
  const rules = alerts.map(({ severity, summary, description, ...rule }) => ({
    ...rule,
    labels: { severity },
    annotations: { summary, description },
  }));
  return { name, rules };
}

/** The alert rules in Prometheus' own form (`promtool check rules` reads it); the PrometheusRule has it as its spec. */
export const ALERTS: string = stringify(
  {
    groups: [group('rankguard', SIDECAR_RULES), group('rankguard-operator', OPERATOR_RULES)],
  },
  { lineWidth: 0 },
);
