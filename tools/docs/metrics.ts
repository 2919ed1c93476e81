import type { CallRecord } from '@rankguard/contract';
import { createMetrics as createOperatorMetrics } from '@rankguard/operator/metrics';
import { createMetrics } from '@rankguard/sidecar/metrics';
import { code, codeList, generatedPage, table } from './markdown.ts';

/** A call that moves every metric. */
const CALL: CallRecord = {
  time: '',
  id: '',
  connection: 'support/support-search',
  dialect: 'tei',
  operation: 'rerank',
  method: 'POST',
  path: '/rerank',
  status: 200,
  verdict: 'allow',
  reason: null,
  policy: null,
  policyCode: null,
  message: null,
  identity: null,
  model: null,
  dataset: null,
  documents: 2,
  dropped: 1,
  ranking: [],
  results: 1,
  bytesIn: 1,
  bytesOut: 1,
  upstreamStatus: 200,
  masked: { EMAIL_ADDRESS: 1 },
  shadow: [{ policy: 'support/next', code: 'CODE' }],
  disagreements: [{ policy: 'support/next', would: 'deny' }],
  bundle: null,
  timings: { decide: 1, total: 1 },
};

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: Set<string>;
}

/** What a scrape shows after every metric has moved (Prometheus text format 0.0.4). */
async function scrape(): Promise<string> {
  const metrics = createMetrics();
  try {
    metrics.call(CALL);
    metrics.refusedMessage('REQUEST_MALFORMED');
    metrics.upstreamError(CALL.connection, 'UPSTREAM_TIMEOUT');
    metrics.bundle(CALL.connection, 1);
    metrics.reload(CALL.connection, 'activated');
    metrics.held(1, 1, 0);
    metrics.keySet('https://idp.example.com', 1);
    metrics.pod('support/support-search', { expires: 1, bypassed: false, auditDropped: 0, usageLag: 0 });
    return await metrics.text();
  } finally {
    metrics.close();
  }
}

/** The same of an operator. */
async function scrapeOperator(): Promise<string> {
  const metrics = createOperatorMetrics({
    leader: () => true,
    queueDepth: () => 0,
    waiting: () => 0,
    bundles: () => 1,
    unsigned: () => 0,
    connections: () => [{ condition: 'Ready', status: 'True', count: 1 }],
    pods: () => ({ guarded: 1, unguarded: 0, behind: 0 }),
    watched: () => [{ kind: 'connections', count: 1 }],
    certificateExpires: () => 1,
  });
  metrics.reflector.listed('connections', 'start');
  metrics.reflector.missed('connections', 1);
  metrics.reflector.failed('connections');
  metrics.controllers.reconciled('connection', 1);
  metrics.controllers.failed('connection');
  metrics.events.written();
  metrics.events.dropped('rate', 1);
  metrics.api('GET', 200, 1);
  metrics.admission('mutate-pods', 'refused', 'POD_CHANGED', 1);
  metrics.control('bundle', 200, null);
  metrics.compiled('ok');
  metrics.acknowledged(true);
  return await metrics.registry.metrics();
}

function parse(text: string): readonly Metric[] {
  const found = new Map<string, Metric>();
  for (const [, name = '', help = '', type = ''] of text.matchAll(
    /^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm,
  )) {
    found.set(name, { name, help, type, labels: new Set() });
  }
  for (const [, series = '', labels = ''] of text.matchAll(/^([a-z_]+)\{(.*)\} \S+$/gm)) {
    const metric = found.get(series) ?? found.get(series.replace(/_(bucket|sum|count)$/, ''));
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) if (label !== 'le') metric?.labels.add(label);
  }
  return [...found.values()];
}

/** Those that prom-client makes of the process; which there are depends on the platform. */
const OF_THE_PROCESS = /^rankguard_(process|nodejs)_/;
/** Of them, the ones that are everywhere and worth a look. */
const WORTH_A_LOOK = [
  'rankguard_nodejs_eventloop_lag_p99_seconds',
  'rankguard_process_cpu_seconds_total',
  'rankguard_process_resident_memory_bytes',
];

function rows(metrics: readonly Metric[]): string {
  return table(
    ['metric', 'type', 'labels', 'meaning'],
    metrics.map(({ name, type, labels, help }) => [code(name), type, codeList([...labels]), help]),
  );
}

/** docs/reference/metrics.md, from a scrape. */
export async function metricsPage(): Promise<string> {
  const all = parse(await scrape());
  const shown = all.filter(({ name }) => WORTH_A_LOOK.includes(name));
  if (shown.length !== WORTH_A_LOOK.length)
    throw new Error('a metric of the process that is named here is gone');
  const ofTheOperator = parse(await scrapeOperator()).filter(({ name }) => name.startsWith('rankguard_'));
  return generatedPage('Metrics', 'sidecar/src/metrics and operator/src/metrics', [
    `The admin port serves \`/metrics\` in the Prometheus text format. Labels are bounded: names of resources and codes
of the [reason catalogue](reasons.md), never a caller's text.`,
    '## Of a sidecar, and of `rankguard run`',
    rows(all.filter(({ name }) => !OF_THE_PROCESS.test(name))),
    `\`connection\` is \`namespace/name\`. \`verdict\` is \`allow\`, \`deny\` or \`fault\`; \`reason\` and \`policy\` are \`none\`
where there is none. \`entity\` is a detector's, \`FIELD\` for a field of the profile, \`POLICY\` for a field that a policy
masks. \`result\` of a rank sample is \`measured\`, \`unchanged\`, \`failed\` or \`skipped\`. \`outcome\` of a document
is \`sent\`, \`dropped\` or \`refused\`. Stages are \`authenticate\`, \`read\`, \`recognise\`, \`decide\`, \`act\` and
\`forward\`; \`recognise\`, \`decide\` and \`act\` add up both phases.`,
    '## Of the process',
    `Beside these there are the metrics of the process and of Node that prom-client has on the platform, with the prefix
\`rankguard_\`. Among them:`,
    rows(shown),
    '## Of an operator',
    `Port 9402 of each replica. What it has answered and done itself, each replica counts by itself; \`connections\`, \`pods_…\`
and \`bundles\` are read from what all replicas see, so take the largest and not the sum. Prom-client's metrics of the process
have no prefix there: \`process_resident_memory_bytes\`.`,
    rows(ofTheOperator),
    `\`webhook\` is \`mutate-pods\`, \`validate-pods\` or \`validate-kinds\`; its \`outcome\` is \`allowed\`, \`refused\` or \`failed\`.
\`result\` of a policy is \`ok\`, \`refused\` or \`failed\`: the compiler did, not the policy. \`why\` of a dropped Event is \`rate\`
(an object had too many), \`full\` or \`failed\`; that of a list is \`start\`, \`expired\` or \`periodic\`.`,
    `In a cluster the chart brings alert rules for both ([operate in a cluster](../how-to/operate-in-a-cluster.md#alerts)).`,
    'Which of them are worth an alert: [operate](../how-to/operate.md#alerts).',
  ]);
}
