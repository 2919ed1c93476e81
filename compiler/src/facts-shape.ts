import { FactsSchema } from '@rankguard/contract';

/**
 * What the compiler knows of a fact: `object` has exactly these members, always; `record` is an object with
 * members that nobody knows; `unknown` may be anything.
 */
export type Shape =
  | { readonly kind: 'object'; readonly members: Readonly<Record<string, Shape>> }
  | { readonly kind: 'record' }
  | { readonly kind: 'array'; readonly items: Shape }
  | { readonly kind: 'scalar'; readonly types: readonly string[] }
  | { readonly kind: 'unknown' };

/** A place in the facts: member names, and `*` for every element of an array. */
export type FactsPath = readonly string[];

const UNKNOWN: Shape = { kind: 'unknown' };

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: unknown;
}

/** The shape of `input`, from the contract's schema of the facts. */
export const FACTS_SHAPE: Shape = toShape(FactsSchema as unknown as JsonSchema);

function toShape(schema: JsonSchema): Shape {
  if (schema.anyOf) {
    const types = schema.anyOf.map(toShape);
    if (!types.every((shape) => shape.kind === 'scalar')) return UNKNOWN;
    return { kind: 'scalar', types: [...new Set(types.flatMap((shape) => shape.types))] };
  }
  if (schema.type === 'object') {
    if (!schema.properties || schema.patternProperties) return { kind: 'record' };
    const members = Object.entries(schema.properties).map(([name, member]) => [name, toShape(member)]);
    return { kind: 'object', members: Object.fromEntries(members) };
  }
  if (schema.type === 'array')
    return { kind: 'array', items: schema.items ? toShape(schema.items) : UNKNOWN };
  if (schema.type !== undefined) return { kind: 'scalar', types: [schema.type] };
  if (schema.const !== undefined) return { kind: 'scalar', types: [typeof schema.const] };
  return UNKNOWN;
}

/** The shape at a place; `unknown` below a record or an unknown, undefined where no fact can be. */
export function shapeAt(path: FactsPath): Shape | undefined {
  let shape: Shape | undefined = FACTS_SHAPE;
  for (const step of path) shape = shape && stepInto(shape, step);
  return shape;
}

function stepInto(shape: Shape, step: string): Shape | undefined {
  if (shape.kind === 'object') return Object.hasOwn(shape.members, step) ? shape.members[step] : undefined;
  if (shape.kind === 'array') return step === '*' ? shape.items : undefined;
  if (shape.kind === 'scalar') return undefined;
  return UNKNOWN;
}

/** The JSON Schema that OPA's type checker takes for `input`. */
export function opaInputSchema(shape: Shape = FACTS_SHAPE): Record<string, unknown> {
  switch (shape.kind) {
    case 'object':
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(shape.members).map(([name, member]) => [name, opaInputSchema(member)]),
        ),
        additionalProperties: false,
      };
    case 'record':
      return { type: 'object' };
    case 'array':
      return { type: 'array', items: opaInputSchema(shape.items) };
    case 'scalar':
      return shape.types.length === 1
        ? { type: shape.types[0] }
        : { anyOf: shape.types.map((type) => ({ type })) };
    case 'unknown':
      return {};
  }
}

/** `input.request.documents[_].text` for a place. */
export function showPath(path: FactsPath): string {
  return path.reduce((shown, step) => (step === '*' ? `${shown}[_]` : `${shown}.${step}`), 'input');
}

/** The fact that somebody may have meant by a member that `parent` does not have. */
export function suggestFact(parent: FactsPath, wrong: string): string | undefined {
  const siblings = allPaths().filter((path) => path.length === parent.length + 1 && startsWith(path, parent));
  const near = nearest(wrong, siblings);
  if (near) return showPath(near);
  const same = allPaths().filter((path) => path.at(-1) === wrong && path.length > 1);
  const shortest = same.toSorted((a, b) => a.length - b.length)[0];
  return shortest && showPath(shortest);
}

function allPaths(shape: Shape = FACTS_SHAPE, at: FactsPath = []): FactsPath[] {
  if (shape.kind === 'array') return allPaths(shape.items, [...at, '*']);
  if (shape.kind !== 'object') return [];
  return Object.entries(shape.members).flatMap(([name, member]) => [
    [...at, name],
    ...allPaths(member, [...at, name]),
  ]);
}

function startsWith(path: FactsPath, start: FactsPath): boolean {
  return start.every((step, index) => path[index] === step);
}

function nearest(wrong: string, candidates: readonly FactsPath[]): FactsPath | undefined {
  const allowed = wrong.length <= 4 ? 1 : 2;
  return candidates
    .map((path) => ({ path, distance: editDistance(wrong.toLowerCase(), path.at(-1) ?? '') }))
    .filter(({ distance }) => distance <= allowed)
    .toSorted((a, b) => a.distance - b.distance)[0]?.path;
}

/** Levenshtein's distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
