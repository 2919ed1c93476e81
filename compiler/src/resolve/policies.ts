import { formatPath, type ReadResource, type ReadResourceOf } from '@rankguard/contract/resources';
import type { PolicySource } from '../policy-source.ts';
import { idOf, ofKind, type ReadConnection, type Report } from './report.ts';

/** The one label that every namespace has, and the only one that is known without a cluster. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/** What is known of the cluster that the resources come from. */
export interface ClusterFacts {
  /** Labels of the connection's namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

interface Tools {
  readonly report: Report;
  readonly cluster: ClusterFacts | undefined;
}

type ReadPolicy = ReadResourceOf<'RerankPolicy'> | ReadResourceOf<'ClusterRerankPolicy'>;

/** The policies of a connection: those it names, in that order, then every cluster policy that selects it, by name. */
export function resolvePolicies(
  connection: ReadConnection,
  resources: readonly ReadResource[],
  tools: Tools,
): readonly PolicySource[] {
  const { report, cluster } = tools;
  const policies = [
    ...namedPolicies(connection, resources, report),
    ...clusterPolicies(connection, resources, tools),
  ];
  if (report.problems.length === 0 && !policies.some(({ mode }) => mode === 'enforce')) {
    const why = policies.length === 0 ? 'no policy applies' : 'only shadow policies apply';
    report.notice(connection, 'spec.policies', `${why}: nothing gives allow, so every call will be denied`);
  }
  if (cluster === undefined) noticeUnused(connection, resources, report);
  return policies;
}

/** Every policy among the resources, whoever it applies to: for checking and testing them. */
export function policySources(resources: readonly ReadResource[]): readonly PolicySource[] {
  return [...ofKind(resources, 'RerankPolicy'), ...ofKind(resources, 'ClusterRerankPolicy')].map(toSource);
}

function namedPolicies(
  connection: ReadConnection,
  resources: readonly ReadResource[],
  report: Report,
): readonly PolicySource[] {
  return connection.object.spec.policies.flatMap(({ name }, i) => {
    const named = ofKind(resources, 'RerankPolicy').filter((policy) => policy.name === name);
    const found = named.find((policy) => policy.namespace === connection.namespace);
    if (found !== undefined) return [toSource(found)];
    const [other] = named;
    const cluster = ofKind(resources, 'ClusterRerankPolicy').some((policy) => policy.name === name);
    const hint = other !== undefined ? `; there is one in namespace ${other.namespace}` : '';
    const already = cluster ? '; a ClusterRerankPolicy is not named here, it selects connections itself' : '';
    const message = `no RerankPolicy ${connection.namespace}/${name}${report.where}${hint}${already}`;
    report.error(connection, `spec.policies[${i}].name`, message);
    return [];
  });
}

function clusterPolicies(
  connection: ReadConnection,
  resources: readonly ReadResource[],
  tools: Tools,
): readonly PolicySource[] {
  return ofKind(resources, 'ClusterRerankPolicy')
    .filter((policy) => selects(policy, connection, tools))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(toSource);
}

function selects(
  policy: ReadResourceOf<'ClusterRerankPolicy'>,
  connection: ReadConnection,
  { report, cluster }: Tools,
): boolean {
  const { connectionSelector, namespaceSelector } = policy.object.spec;
  const labels = new Map(Object.entries(connection.object.metadata.labels ?? {}));
  const wanted = Object.entries(connectionSelector?.matchLabels ?? {});
  if (wanted.some(([name, value]) => labels.get(name) !== value)) return false;
  if (cluster !== undefined) {
    const has: Readonly<Record<string, string>> = {
      ...cluster.namespaceLabels,
      [NAMESPACE_NAME]: connection.namespace,
    };
    return Object.entries(namespaceSelector?.matchLabels ?? {}).every(([name, value]) => has[name] === value);
  }
  const { [NAMESPACE_NAME]: namespace, ...unknown } = namespaceSelector?.matchLabels ?? {};
  if (namespace !== undefined && namespace !== connection.namespace) return false;
  // Leaving the policy out would switch its denials off; applying it might deny what nobody meant.
  for (const label of Object.keys(unknown)) {
    const path = `spec.namespaceSelector.matchLabels${formatPath([label]).replace(/^(?!\[)/, '.')}`;
    const message = `the labels of a namespace are not known without a cluster; only ${NAMESPACE_NAME} is`;
    report.unsupported(policy, path, message);
  }
  return true;
}

/** A policy that no connection names looks as if it were in force. */
function noticeUnused(connection: ReadConnection, resources: readonly ReadResource[], report: Report): void {
  const used = new Set(
    ofKind(resources, 'RerankConnection').flatMap(({ namespace, object }) =>
      object.spec.policies.map(({ name }) => `${namespace}/${name}`),
    ),
  );
  for (const policy of ofKind(resources, 'RerankPolicy')) {
    if (policy.namespace !== connection.namespace || used.has(idOf(policy))) continue;
    report.notice(policy, 'metadata.name', 'no connection names this policy, so it is not in force');
  }
}

function toSource(policy: ReadPolicy): PolicySource {
  const { mode, modules, data, tests } = policy.object.spec;
  return {
    name: idOf(policy),
    scope: policy.namespace === null ? 'cluster' : 'namespace',
    mode,
    modules,
    data,
    tests,
    locate(file, line) {
      const member = Object.hasOwn(modules, file) ? 'modules' : 'tests';
      if (!Object.hasOwn(policy.object.spec[member], file)) return { file, line };
      return { file: policy.file, line: policy.contentLine(formatPath(['spec', member, file]), line) };
    },
  };
}
