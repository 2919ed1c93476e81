import type { JsonSchema } from './export-schema.ts';
import { KINDS, type Kind } from './kinds.ts';
import { formatPath, type Path } from './paths.ts';
import { type Structural, structural } from './structural.ts';

/** What of a stored resource comes from a schema that is newer than ours. */
export interface Settled {
  /** Without the unknown members that hold just what the installed schema fills in. */
  readonly value: unknown;
  /** Unknown members that the installed schema knows and that say something else, e.g. `spec.ingress.mtls`. */
  readonly newer: readonly string[];
}

/**
 * Compares a stored resource with the `openAPIV3Schema` that the cluster has for its kind. A newer one fills in
 * defaults of members that this version does not know. They mean what leaving them out meant before, and are left out
 * again; any other value of such a member asks for something that this version does not do.
 */
export function settle(kind: Kind, value: unknown, installed: JsonSchema): Settled {
  const newer: string[] = [];
  const spec = memberOf(structural(KINDS[kind].schema), 'spec');
  const theirs = memberOf(installed as Structural, 'spec');
  if (!isObject(value) || spec === undefined || theirs === undefined) return { value, newer };
  return {
    value: { ...value, spec: visit({ own: spec, theirs, path: ['spec'], newer }, value['spec']) },
    newer,
  };
}

interface At {
  readonly own: Structural | undefined;
  readonly theirs: Structural | undefined;
  readonly path: Path;
  readonly newer: string[];
}

function visit(at: At, value: unknown): unknown {
  const { own, theirs, path } = at;
  const inside = (part: string | number, mine?: Structural, other?: Structural): At => ({
    own: mine,
    theirs: other,
    path: [...path, part],
    newer: at.newer,
  });
  if (Array.isArray(value)) return value.map((item, i) => visit(inside(i, own?.items, theirs?.items), item));
  if (!isObject(value)) return value;
  const { properties, additionalProperties } = own ?? {};
  if (properties === undefined) {
    if (additionalProperties === undefined) return value;
    return mapped(value, (name, item) =>
      visit(inside(name, additionalProperties, theirs?.additionalProperties), item),
    );
  }
  return mapped(value, (name, item) => {
    const [mine, other] = [memberOf(own, name), memberOf(theirs, name)];
    if (mine !== undefined) return visit(inside(name, mine, other), item);
    if (other === undefined) return item;
    if (other.default !== undefined && isSame(item, filledIn(other, other.default))) return undefined;
    at.newer.push(formatPath([...path, name]));
    return undefined;
  });
}

function mapped(value: object, member: (name: string, item: unknown) => unknown): object {
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, item]) => [name, member(name, item)] as const)
      .filter(([, item]) => item !== undefined),
  );
}

/** A value with every default in it, as the API server defaults (structural schemas, apiextensions.k8s.io/v1). */
function filledIn(schema: Structural, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => filledIn(schema.items ?? {}, item));
  if (!isObject(value)) return value;
  const { properties = {}, additionalProperties = {} } = schema;
  const defaults = Object.entries(properties)
    .filter(([name, member]) => member.default !== undefined && !Object.hasOwn(value, name))
    .map(([name, member]) => [name, member.default]);
  const all = { ...value, ...Object.fromEntries(defaults) };
  return mapped(all, (name, item) => filledIn(memberOf(schema, name) ?? additionalProperties, item));
}

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name]))
  );
}

function memberOf(schema: Structural | undefined, name: string): Structural | undefined {
  const properties = schema?.properties;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
