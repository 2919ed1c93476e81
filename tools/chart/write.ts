import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { admissionPolicies } from '@rankguard/operator/admission';
import { stringify } from 'yaml';
import { ALERTS } from './alerts.ts';
import { dashboards } from './dashboards/index.ts';
import { chartReadme, valuesSchema, valuesYaml } from './pages.ts';

const root = join(import.meta.dirname, '../..');

/** Every file of the chart that is made of something else: path from the project's root, and its text. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: string, text: string) => files.set(join('charts/rankguard', path), text);
  add('values.yaml', valuesYaml());
  add('values.schema.json', valuesSchema());
  add('README.md', chartReadme());
  add('files/alerts.yaml', ALERTS);
  add('files/admission-policies.yaml', policiesYaml());
  for (const name of readdirSync(join(root, 'crds')).filter((file) => file.endsWith('.yaml'))) {
    add(`files/crds/${name}`, readFileSync(join(root, 'crds', name), 'utf8'));
  }
  for (const [name, dashboard] of dashboards()) {
    add(`files/dashboards/${name}.json`, `${JSON.stringify(dashboard, null, 2)}\n`);
  }
  return files;
}

export function writeChart(): void {
  for (const [path, text] of generatedFiles()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** The template puts the release's namespace in its place. */
const NAMESPACE = 'OPERATOR_NAMESPACE';

function policiesYaml(): string {
  const policies = admissionPolicies({ operatorNamespace: NAMESPACE });
  return policies.map((policy) => stringify(policy, { lineWidth: 0 })).join('---\n');
}
