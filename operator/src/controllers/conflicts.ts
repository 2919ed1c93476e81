import type { KubeObject } from '../kube/index.ts';

/** What of a connection decides which pods and port it takes. */
export interface ConnectionObject extends KubeObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly ingress: {
      readonly port: string | number;
      readonly capture?: string;
      readonly server?: string;
      readonly upstreamKey?: object;
      readonly otherPorts?: readonly { readonly port: number }[];
    };
    readonly policies?: readonly { readonly name: string }[];
    readonly masking?: { readonly profile?: string };
  };
  readonly status?: object;
}

/** The older of two connections wins; names decide between those of one second. */
export function byAge(a: KubeObject, b: KubeObject): number {
  const [one, two] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`);
  return one! < two! ? -1 : 1;
}

/**
 * The older connection that takes the same port of pods that this one selects too; undefined when there is none.
 * Selectors are labels that must all match, so two of them can share a pod unless they want different values of one.
 */
export function olderRival(
  connection: ConnectionObject,
  others: readonly ConnectionObject[],
): ConnectionObject | undefined {
  return others
    .filter(({ metadata }) => metadata.uid !== connection.metadata.uid)
    .filter(({ metadata }) => metadata.namespace === connection.metadata.namespace)
    .filter((other) => other.spec.ingress.port === connection.spec.ingress.port)
    .filter((other) => mayShareAPod(other, connection) && byAge(other, connection) < 0)
    .toSorted(byAge)[0];
}

function mayShareAPod(a: ConnectionObject, b: ConnectionObject): boolean {
  const wanted = b.spec.selector.matchLabels;
  return Object.entries(a.spec.selector.matchLabels).every(
    ([name, value]) => !Object.hasOwn(wanted, name) || wanted[name] === value,
  );
}
