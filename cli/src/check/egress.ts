/** networking.k8s.io/v1 NetworkPolicy, as far as it is read. */
export interface NetworkPolicy {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly string[];
    readonly egress?: readonly EgressRule[];
  };
}
interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
interface EgressRule {
  readonly to?: readonly {
    readonly namespaceSelector?: LabelSelector;
    readonly podSelector?: LabelSelector;
    readonly ipBlock?: { readonly cidr: string };
  }[];
  readonly ports?: readonly {
    readonly port?: number | string;
    readonly endPort?: number;
    readonly protocol?: string;
  }[];
}
type Labels = Readonly<Record<string, string>>;

/** What a sidecar must reach. `namespace: null`: something outside the cluster, whose address is not known. */
export interface Destination {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly namespace: { readonly labels: Labels } | null;
}

/**
 * The policies that keep pods with these labels from a destination; empty: none does. Policies add up, so that one
 * that allows is enough. A destination outside the cluster counts as allowed by any address block.
 */
export function blockedBy(
  policies: readonly NetworkPolicy[],
  labels: Labels,
  destination: Destination,
): string[] {
  const relevant = policies.filter(
    ({ spec }) =>
      matches(spec.podSelector, labels) &&
      (spec.policyTypes ?? (spec.egress === undefined ? [] : ['Egress'])).includes('Egress'),
  );
  const open = relevant.some(({ spec }) => (spec.egress ?? []).some((rule) => allows(rule, destination)));
  return open ? [] : relevant.map(({ metadata }) => metadata.name).sort();
}

function allows({ to = [], ports = [] }: EgressRule, { port, protocol, namespace }: Destination): boolean {
  const portFits =
    ports.length === 0 ||
    ports.some((one) => {
      if ((one.protocol ?? 'TCP') !== protocol) return false;
      // A name is the target's own: it cannot be known here, and it may be this one.
      if (one.port === undefined || typeof one.port === 'string') return true;
      return port >= one.port && port <= (one.endPort ?? one.port);
    });
  if (!portFits) return false;
  if (to.length === 0) return true;
  return to.some(({ ipBlock, namespaceSelector }) => {
    if (ipBlock !== undefined) return namespace === null || /\/0$/.test(ipBlock.cidr);
    // A pod selector alone speaks of the policy's own namespace.
    return (
      namespace !== null && namespaceSelector !== undefined && matches(namespaceSelector, namespace.labels)
    );
  });
}

function matches(selector: LabelSelector | undefined, labels: Labels): boolean {
  const equal = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      const there = value !== undefined && values.includes(value);
      return operator === 'In' ? there : !there;
    })
  );
}
