import type { FactsPath } from '../facts-shape.ts';

/** No fact lies deeper; a longer way comes from variables that feed each other across scopes. */
const MAX_DEPTH = 24;
const MAX_PLACES = 5000;

/** What variables may stand for, by the rule (or module, for imports) that they belong to. */
export interface Aliases {
  /** False when there are too many to follow; the caller then needs everything. */
  add(owner: object, name: string, place: FactsPath): boolean;
  get(owner: object, name: string): readonly FactsPath[];
  /** How many places are known in all; grows only. */
  size(): number;
}

export function createAliases(): Aliases {
  const owners = new Map<object, Map<string, Map<string, FactsPath>>>();
  let size = 0;

  function add(owner: object, name: string, place: FactsPath): boolean {
    const variables = owners.get(owner) ?? new Map<string, Map<string, FactsPath>>();
    owners.set(owner, variables);
    const places = variables.get(name) ?? new Map<string, FactsPath>();
    variables.set(name, places);
    const key = JSON.stringify(place);
    if (places.has(key)) return true;
    if (place.length > MAX_DEPTH || size >= MAX_PLACES) return false;
    places.set(key, place);
    size += 1;
    return true;
  }

  return {
    add,
    get: (owner, name) => [...(owners.get(owner)?.get(name)?.values() ?? [])],
    size: () => size,
  };
}
