import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OPERATOR_PORTS } from '@rankguard/operator/settings';
import { dashboards } from '../../tools/chart/dashboards/index.ts';
import { type Part, startPart, waitUntil } from '../../tools/cluster/processes.ts';
import { install } from './support/chart.ts';
import { type Client, startClient } from './support/client.ts';
import { apply, eventually, get, kubectl, token } from './support/kubectl.ts';
import { IMAGES, SYSTEM } from './support/settings.ts';

const NAMESPACE = 'observe';
const PROMETHEUS = 'http://127.0.0.1:19390';
const examples = join(import.meta.dirname, '../../examples/kubernetes');
const example = (name: string) =>
  readFileSync(join(examples, name), 'utf8')
    .replaceAll('namespace: support', `namespace: ${NAMESPACE}`)
    .replaceAll('"namespace": "support"', `"namespace": "${NAMESPACE}"`)
    .replaceAll('namespace == "support"', `namespace == "${NAMESPACE}"`)
    .replaceAll('localhost/support-search:dev', IMAGES.example)
    .replaceAll('imagePullPolicy: IfNotPresent', `imagePullPolicy: ${IMAGES.pullPolicy}`);

/** What has not happened here has no series yet: nothing failed or was dropped, no policy is in shadow. */
const NOTHING_HAPPENED = new RegExp(
  [
    'upstream_errors|shadow_verdicts|verdict="fault"|key_set_age|outcome="dropped"',
    'admission_refused|operator_connections|reconcile_failures|watch_failures|missed_changes|events_dropped',
    // Nobody may have asked for anything in the last minute.
    'admission_seconds|acknowledgements|reconcile_seconds|compilations',
  ].join('|'),
);

let client: Client;
let prometheus: Part;
let folder: string;
beforeAll(async () => {
  await install();
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await apply(example('connection.yaml'), example('callers.yaml'));
  await kubectl(['-n', NAMESPACE, 'wait', '--for=condition=PolicyActive', 'rrc/reranker', '--timeout=60s']);
  await apply(example('reranker.yaml'));
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/reranker', '--timeout=120s']);
  client = await startClient();
  folder = mkdtempSync(join(tmpdir(), 'rankguard-prometheus-'));
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(await scrapes()));
  prometheus = startPart('prometheus', join(folder, 'log'), 'prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${new URL(PROMETHEUS).host}`,
  ]);
  const answers = () =>
    fetch(`${PROMETHEUS}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitUntil('Prometheus', answers, { parts: [prometheus] });
}, 300_000);
afterAll(async () => {
  await prometheus?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  await kubectl(['delete', 'namespace', NAMESPACE, '--timeout=90s']);
}, 120_000);

/** Debian's Prometheus knows no Kubernetes: it is told what the PodMonitor and ServiceMonitor of the chart select. */
async function scrapes(): Promise<object> {
  const [sidecars, operators] = await Promise.all([
    targets(NAMESPACE, 'rankguard.dev/injected=true', 15920),
    targets(SYSTEM, 'app.kubernetes.io/name=rankguard', OPERATOR_PORTS.admin),
  ]);
  return {
    global: { scrape_interval: '2s' },
    scrape_configs: [
      { job_name: 'rankguard', static_configs: sidecars },
      { job_name: 'rankguard-operator', static_configs: operators },
    ],
  };
}

async function targets(namespace: string, selector: string, port: number): Promise<object[]> {
  const { items } = await get<{ items: { metadata: { name: string }; status: { podIP?: string } }[] }>(
    ...['pods', '-n', namespace, '-l', selector],
  );
  return items.flatMap(({ metadata, status: { podIP } }) =>
    podIP === undefined ? [] : [{ targets: [`${podIP}:${port}`], labels: { namespace, pod: metadata.name } }],
  );
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}
async function query(promql: string): Promise<QueryAnswer> {
  const answer = await fetch(`${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(promql)}`);
  return (await answer.json()) as QueryAnswer;
}

/** Every question of every dashboard, as Grafana would put it. */
function questions(): [string, string][] {
  interface Target {
    readonly expr?: string;
  }
  return [...dashboards()].flatMap(([name, { panels = [] }]) =>
    panels.flatMap((panel) => {
      const { title, targets = [] } = panel as { title?: string; targets?: readonly Target[] };
      return targets.map(({ expr = '' }): [string, string] => [
        `${name}: ${title}`,
        expr.replaceAll('$__rate_interval', '1m').replaceAll('$connection', '.*'),
      ]);
    }),
  );
}

describe('calls of several kinds', () => {
  beforeAll(async () => {
    const url = `http://reranker.${NAMESPACE}/rerank`;
    const frontend = await token(NAMESPACE, 'search-frontend', 'reranker');
    const batch = await token(NAMESPACE, 'nightly-batch', 'reranker');
    const body = { query: 'refund', texts: ['for ada@example.com', 'the weather'], return_text: true };
    await eventually(async () =>
      expect((await client.call({ url, token: frontend, body })).status).toBe(200),
    );
    const all = [{ token: frontend }, { token: batch }, {}];
    await eventually(async () => {
      for (const who of all) await client.call({ url, body, ...who });
      const seen = await query('sum by (verdict) (rate(rankguard_calls_total[1m])) > 0');
      expect(seen.data.result.length).toBeGreaterThanOrEqual(2);
    }, 90_000);
  }, 200_000);

  test('are in Prometheus, by verdict and connection', async () => {
    const { data } = await query(
      `sum(rankguard_calls_total{connection="${NAMESPACE}/reranker", verdict="deny"})`,
    );
    expect(Number(data.result[0]?.value[1])).toBeGreaterThan(0);
  });

  test.each(questions())('%s', async (_, promql) => {
    await eventually(async () => {
      const { status, error, data } = await query(promql);
      expect([status, error]).toEqual(['success', undefined]);
      if (!NOTHING_HAPPENED.test(promql)) expect(data.result).not.toEqual([]);
    }, 30_000);
  });

  test('denials become Events on the connection', async () => {
    await eventually(async () => {
      const events = await get<{ items: { regarding: { kind: string }; reason: string; note: string }[] }>(
        ...['events.events.k8s.io', '-n', NAMESPACE],
      );
      const own = events.items.filter(({ regarding }) => regarding.kind === 'RerankConnection');
      expect(own.map(({ reason }) => reason)).toContain('NOT_ALLOWED');
      expect(JSON.stringify(own)).not.toContain('ada@example.com');
    }, 60_000);
  }, 90_000);
});
