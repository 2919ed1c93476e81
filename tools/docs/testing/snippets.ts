import { type Compiler, type PolicySource, resolve } from '@rankguard/compiler';
import { formatProblem, type Problem } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';
import { parse } from 'yaml';

const apiVersion = 'rankguard.dev/v1alpha1';

/** The smallest resources that are valid: what a fragment on a page is laid into. */
const SMALLEST: Readonly<Record<string, object>> = {
  RerankConnection: {
    apiVersion,
    kind: 'RerankConnection',
    metadata: { name: 'search', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'reranker' } },
      ingress: { port: 8080, dialects: ['tei'] },
      identity: { anonymous: 'allow' },
    },
  },
  MaskingProfile: {
    apiVersion,
    kind: 'MaskingProfile',
    metadata: { name: 'pii', namespace: 'shop' },
    spec: { detectors: [{ entities: ['*'] }] },
  },
};

/**
 * What is wrong with a block of YAML: whole resources, or a fragment of the kind that is named. Resources that a
 * page leaves out may be missing; what this version does not do may not be on a page.
 */
export function yamlProblems(text: string, kind: string | undefined): readonly string[] {
  const whole = kind === undefined ? text : JSON.stringify(lay(SMALLEST[kind], parse(text)));
  const { resources, problems } = readResources([{ file: 'block.yaml', text: whole }]);
  const resolved = resolve(resources);
  const unsupported = resolved.ok
    ? []
    : resolved.problems.filter(({ code }) => code === 'CONFIG_UNSUPPORTED');
  return [...problems, ...unsupported].map(formatProblem);
}

function lay(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above;
  const names = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries(
    [...names].map((name) => [name, name in above ? lay(below[name], above[name]) : below[name]]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What `rankguard policy check` says about a block of Rego; without a package it gets one. */
export async function regoProblems(compiler: Compiler, text: string): Promise<readonly string[]> {
  const packaged = /^package /m.test(text) ? text : `package rankguard.docs\n${text}`;
  const source: PolicySource = {
    name: 'docs',
    scope: 'namespace',
    mode: 'enforce',
    modules: { 'policy.rego': packaged },
    data: {},
    tests: {},
    locate: (file, line) => ({ file, line }),
  };
  return (await compiler.check(source)).filter(isOfTheBlock).map(({ message }) => message);
}

/** A block brings no data along. */
function isOfTheBlock({ message }: Problem): boolean {
  return !message.includes('the policy has no data called');
}
