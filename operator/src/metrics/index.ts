import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ControllerMetrics } from '../controllers/index.ts';
import type { EventMetrics } from '../events/index.ts';
import type { ReflectorMetrics } from '../kube/index.ts';

/** Everything that the operator counts, in base units. No label holds a name that a user chooses. */
export interface OperatorMetrics {
  readonly registry: Registry;
  readonly reflector: ReflectorMetrics;
  readonly controllers: ControllerMetrics;
  readonly events: EventMetrics;
  /** A call of the API server; 0: no answer. */
  api(verb: string, status: number, seconds: number): void;
  admission(webhook: string, outcome: string, code: string | null, seconds: number): void;
  control(route: string, status: number, code: string | null): void;
  compiled(result: 'ok' | 'refused' | 'failed'): void;
  acknowledged(accepted: boolean): void;
}

/** What is read when somebody asks. */
export interface Readings {
  readonly leader: () => boolean;
  readonly queueDepth: () => number;
  /** Sidecars that wait for news. */
  readonly waiting: () => number;
  readonly bundles: () => number;
  readonly unsigned: () => number;
  /** Connections by what their conditions say: Ready, PolicyActive, Conflicted, BypassPossible. */
  readonly connections: () => Iterable<{
    readonly condition: string;
    readonly status: string;
    readonly count: number;
  }>;
  /** `behind`: guarded, and an older revision than the active one is confirmed. */
  readonly pods: () => { readonly guarded: number; readonly unguarded: number; readonly behind: number };
  readonly watched: () => Iterable<{ readonly kind: string; readonly count: number }>;
  /** unix seconds */
  readonly certificateExpires: () => number;
}

const API_BUCKETS = [0.005, 0.02, 0.1, 0.5, 2, 10, 30];
const ADMISSION_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10];
const RECONCILE_BUCKETS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];
const PREFIX = 'rankguard_operator_';

export function createMetrics(readings: Readings): OperatorMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { counter, histogram } = makers(registry);
  addGauges(registry, readings);

  const lists = counter('lists_total', 'Lists of a kind, by why: start, expired, periodic.', ['kind', 'why']);
  const missed = counter('watch_missed_changes_total', 'Changes that a watch had not told.', ['kind']);
  const failures = counter('watch_failures_total', 'Lists, watches and handlers that failed.', ['kind']);
  const reconciles = histogram(
    'reconcile_seconds',
    'Time of one reconciliation.',
    ['controller'],
    RECONCILE_BUCKETS,
  );
  const reconcileFailures = counter('reconcile_failures_total', 'Reconciliations that failed.', [
    'controller',
  ]);
  const written = counter('events_written_total', 'Events written or counted up.');
  const dropped = counter('events_dropped_total', 'Happenings that became no Event, by why.', ['why']);
  const calls = histogram('api_request_seconds', 'Calls of the API server.', ['verb', 'status'], API_BUCKETS);
  const admissions = histogram(
    'admission_seconds',
    'Answers to admission.',
    ['webhook', 'outcome'],
    ADMISSION_BUCKETS,
  );
  const refused = counter('admission_refused_total', 'Refusals of admission, by reason code.', [
    'webhook',
    'code',
  ]);
  const control = counter('control_requests_total', 'Answers of the control API.', [
    'route',
    'status',
    'code',
  ]);
  const compiles = counter('compilations_total', 'Policies judged, i.e. compiled and tested, by result.', [
    'result',
  ]);
  const acks = counter('acknowledgements_total', 'What sidecars say of revisions, by result.', ['result']);

  return {
    registry,
    reflector: {
      listed: (kind, why) => lists.inc({ kind, why }),
      missed: (kind, count) => missed.inc({ kind }, count),
      failed: (kind) => failures.inc({ kind }),
    },
    controllers: {
      reconciled: (controller, seconds) => reconciles.observe({ controller }, seconds),
      failed: (controller) => reconcileFailures.inc({ controller }),
    },
    events: {
      written: () => written.inc(),
      dropped: (why, count) => dropped.inc({ why }, count),
    },
    api: (verb, status, seconds) => calls.observe({ verb, status: String(status) }, seconds),
    admission(webhook, outcome, code, seconds) {
      admissions.observe({ webhook, outcome }, seconds);
      if (code !== null) refused.inc({ webhook, code });
    },
    control: (route, status, code) => control.inc({ route, status: String(status), code: code ?? '' }),
    compiled: (result) => compiles.inc({ result }),
    acknowledged: (accepted) => acks.inc({ result: accepted ? 'accepted' : 'refused' }),
  };
}

function makers(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers });
  return { counter, histogram };
}

function addGauges(registry: Registry, readings: Readings): void {
  const registers = [registry];
  const plain: readonly [name: string, help: string, read: () => number][] = [
    ['leader', '1 in the replica that leads.', () => Number(readings.leader())],
    ['queue_depth', 'Names that wait to be reconciled or are now.', readings.queueDepth],
    ['control_waiting', 'Sidecars that wait for a bundle.', readings.waiting],
    ['bundles', 'Connections with a bundle in force.', readings.bundles],
    ['bundles_unsigned', 'Bundles that cannot be signed now.', readings.unsigned],
    [
      'certificate_expires_seconds',
      "When this replica's certificate ends, in unix seconds.",
      readings.certificateExpires,
    ],
    ['pods_guarded', 'Pods that run the sidecar.', () => readings.pods().guarded],
    [
      'pods_unguarded',
      'Pods that a connection selects and that do not run the sidecar.',
      () => readings.pods().unguarded,
    ],
    [
      'pods_behind',
      'Pods whose sidecar has confirmed an older revision than the active one.',
      () => readings.pods().behind,
    ],
  ];
  for (const [name, help, read] of plain) {
    new Gauge({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
  new Gauge({
    name: `${PREFIX}connections`,
    help: 'Connections by condition and status.',
    labelNames: ['condition', 'status'],
    registers,
    collect() {
      this.reset();
      for (const { condition, status, count } of readings.connections())
        this.set({ condition, status }, count);
    },
  });
  new Gauge({
    name: `${PREFIX}watched_objects`,
    help: 'Objects in the local copies.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const { kind, count } of readings.watched()) this.set({ kind }, count);
    },
  });
}
