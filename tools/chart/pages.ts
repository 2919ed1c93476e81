import { stringify } from 'yaml';
import { type Group, isGroup, VALUES, type Value } from './values.ts';

/** values.yaml, each value under its description. */
export function valuesYaml(): string {
  return `# Made by tools/chart/main.ts. Every value, with its default.\n${lines(VALUES, '').join('\n')}\n`;
}

function lines(group: Group, indent: string): string[] {
  return Object.entries(group.members).flatMap(([name, entry]) => {
    const comment = `${indent}# ${entry.description}`;
    if (isGroup(entry)) return [comment, `${indent}${name}:`, ...lines(entry, `${indent}  `)];
    const written = stringify({ [name]: entry.default }, { lineWidth: 0 }).trimEnd();
    return [comment, ...written.split('\n').map((line) => indent + line)];
  });
}

/** values.schema.json: Helm refuses what is not in it. */
export function valuesSchema(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of Rankguard',
    ...objectSchema(VALUES),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function objectSchema(group: Group): Record<string, unknown> {
  const properties = Object.fromEntries(
    Object.entries(group.members).map(([name, entry]) => [
      name,
      isGroup(entry) ? objectSchema(entry) : described(entry),
    ]),
  );
  // Helm hands the values of a parent chart's `global` to every chart.
  const globals = group === VALUES ? { global: { type: 'object' } } : {};
  return {
    type: 'object',
    ...(group.description === '' ? {} : { description: group.description }),
    additionalProperties: false,
    properties: { ...properties, ...globals },
  };
}

function described({ description, default: value, schema }: Value): Record<string, unknown> {
  return { description, default: value, ...schema };
}

/** README.md of the chart. */
export function chartReadme(): string {
  const rows = table(VALUES, '').map(
    ([name, value, description]) => `| \`${name}\` | \`${value}\` | ${description} |`,
  );
  return `<!-- Made by tools/chart/main.ts. -->

# The chart

Installs the operator of Rankguard: identity, policy and masking on every call to a reranking pod. It needs Kubernetes
1.33 or later. [Installing](../../docs/how-to/install.md) and
[upgrading and uninstalling](../../docs/how-to/upgrade-and-uninstall.md) are pages of their own.

\`helm template\` gives the same text each time: nothing random, nothing looked up. Certificates and keys are made by the
operator, in Secrets that a reinstall finds again.

| value | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}

function table(group: Group, path: string): [string, string, string][] {
  return Object.entries(group.members).flatMap(([name, entry]) =>
    isGroup(entry)
      ? table(entry, `${path}${name}.`)
      : [[`${path}${name}`, JSON.stringify(entry.default), entry.description.replaceAll('|', '\\|')]],
  );
}
