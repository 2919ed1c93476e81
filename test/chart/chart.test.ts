import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { OPERATOR_ENVIRONMENT, OPERATOR_PORTS } from '@rankguard/operator/settings';
import { parseAllDocuments } from 'yaml';
import { dashboards } from '../../tools/chart/dashboards/index.ts';
import { generatedFiles } from '../../tools/chart/write.ts';
import { clusterPrograms } from '../support/api-server.ts';

const root = join(import.meta.dirname, '../..');
const chart = join(root, 'charts/rankguard');
const helm = clusterPrograms.path('helm');
const withHelm = existsSync(helm) ? test : test.skip;
const withPrometheus = existsSync('/usr/bin/promtool') ? test : test.skip;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly spec: Record<string, never>;
}

function template(...values: readonly string[]): string {
  const args = [
    'template',
    'rankguard',
    chart,
    '-n',
    'rankguard-system',
    ...values.flatMap((v) => ['--set', v]),
  ];
  return execFileSync(helm, args, { encoding: 'utf8', stdio: 'pipe' });
}
function manifests(...values: readonly string[]): Manifest[] {
  return parseAllDocuments(template(...values)).map((document) => document.toJS() as Manifest);
}

describe('the chart', () => {
  test('holds what is generated, as it is generated now (node -C source tools/chart/main.ts)', () => {
    for (const [path, text] of generatedFiles())
      expect([path, readFileSync(join(root, path), 'utf8')]).toEqual([path, text]);
  });

  withHelm('is the same text each time', () => expect(template()).toBe(template()), 60_000);

  withHelm(
    'refuses a value that it does not know, and fewer than two operators',
    () => {
      expect(() => template('replicaz=3')).toThrow(/replicaz/);
      expect(() => template('replicas=1')).toThrow(/minimum/);
    },
    60_000,
  );

  withHelm(
    'keeps the CustomResourceDefinitions, unless told otherwise',
    () => {
      const kept = (...values: string[]) =>
        manifests(...values)
          .filter(({ kind }) => kind === 'CustomResourceDefinition')
          .map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy']);
      expect(kept()).toEqual(Array(6).fill('keep'));
      expect(kept('crds.keep=false')).toEqual(Array(6).fill(undefined));
      expect(kept('crds.enabled=false')).toEqual([]);
    },
    60_000,
  );

  withHelm(
    'gives the operator the environment and ports that it reads',
    () => {
      const text = template();
      // The image itself says where OPA is.
      const names = Object.values(OPERATOR_ENVIRONMENT).filter((name) => name !== OPERATOR_ENVIRONMENT.opa);
      for (const name of names) expect(text).toContain(`name: ${name}`);
      for (const port of Object.values(OPERATOR_PORTS)) expect(text).toContain(`containerPort: ${port}`);
    },
    60_000,
  );

  withHelm(
    'has everything that the Prometheus operator needs, when asked',
    () => {
      const kinds = (...values: string[]) => manifests(...values).map(({ kind }) => kind);
      const optional = ['PodMonitor', 'ServiceMonitor', 'PrometheusRule'];
      for (const kind of optional) expect(kinds()).not.toContain(kind);
      const all = kinds(
        'podMonitor.enabled=true',
        'serviceMonitor.enabled=true',
        'prometheusRule.enabled=true',
      );
      for (const kind of optional) expect(all).toContain(kind);
    },
    60_000,
  );
});

describe('alerts', () => {
  withPrometheus(
    'fire when they must and not otherwise, by promtool',
    () => {
      const promtool = (...args: string[]) =>
        execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe' });
      promtool('check', 'rules', join(chart, 'files/alerts.yaml'));
      promtool('test', 'rules', join(import.meta.dirname, 'testdata/alerts_test.yaml'));
    },
    60_000,
  );
});

describe('dashboards', () => {
  test('name no metric that the project does not have', () => {
    const metrics = readFileSync(join(root, 'docs/reference/metrics.md'), 'utf8');
    for (const [, dashboard] of dashboards()) {
      const used = JSON.stringify(dashboard).matchAll(/rankguard_\w+/g);
      for (const [name] of used) expect(metrics).toContain(name.replace(/_(bucket|count)$/, ''));
    }
  });
});
