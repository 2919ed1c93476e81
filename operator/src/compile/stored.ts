import type { Problem } from '@rankguard/contract';
import {
  type JsonSchema,
  KIND_NAMES,
  type Kind,
  type ReadResource,
  readObject,
  settle,
} from '@rankguard/contract/resources';

/** The `openAPIV3Schema` that the cluster has for a kind; undefined: it cannot be read. */
export type InstalledSchema = (kind: Kind) => Promise<JsonSchema | undefined>;

export interface StoredResource {
  readonly resource: ReadResource | undefined;
  readonly problems: readonly Problem[];
}
/** Reads a resource as the API server gives it; `label` stands for it in problems. */
export type ReadStored = (object: unknown, label: string) => Promise<StoredResource>;

/**
 * A resource may have been stored by a newer schema than this version's: CustomResourceDefinitions are upgraded first.
 * What that schema filled in is passed over. What somebody wrote into a field of it is CONFIG_UNSUPPORTED, never ignored:
 * it may be a restriction.
 */
export function createStoredReader(installed: InstalledSchema): ReadStored {
  return async (object, label) => {
    const read = readObject(object, label);
    const { kind } = (object ?? {}) as { readonly kind?: unknown };
    if (read.problems.length === 0 || !isKind(kind)) return read;
    const schema = await installed(kind);
    if (schema === undefined) return read;
    const { value, newer } = settle(kind, object, schema);
    const settled = readObject(value, label);
    if (newer.length === 0) return settled;
    return {
      resource: undefined,
      problems: [...newer.map((path) => tooNew(label, path)), ...settled.problems],
    };
  };
}

const isKind = (kind: unknown): kind is Kind => KIND_NAMES.some((name) => name === kind);

function tooNew(file: string, path: string): Problem {
  const message = 'this operator is older than the field; try again when all of its replicas are upgraded';
  return { severity: 'error', code: 'CONFIG_UNSUPPORTED', message, file, line: null, path };
}
