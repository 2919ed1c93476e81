import type { Problem, ReasonCode } from '@rankguard/contract';
import type { Kind, ReadResource, ReadResourceOf } from '@rankguard/contract/resources';

/** Collects problems at the place of a resource's field. */
export interface Report {
  /** Where names are looked up, as the end of a sentence: ` in the files`, or nothing in a cluster. */
  readonly where: string;
  readonly problems: readonly Problem[];
  readonly notices: readonly Problem[];
  error(resource: ReadResource, path: string, message: string, code?: ReasonCode): void;
  /** Something that this version does not do: refused, never ignored. */
  unsupported(resource: ReadResource, path: string, message: string): void;
  notice(resource: ReadResource, path: string, message: string): void;
}

export function createReport(where = ' in the files'): Report {
  const problems: Problem[] = [];
  const notices: Problem[] = [];
  const at = (resource: ReadResource, path: string) => ({
    file: resource.file,
    line: resource.line(path),
    path,
  });
  return {
    where,
    problems,
    notices,
    error(resource, path, message, code = 'CONFIG_INVALID') {
      problems.push({ severity: 'error', code, message, ...at(resource, path) });
    },
    unsupported(resource, path, message) {
      problems.push({ severity: 'error', code: 'CONFIG_UNSUPPORTED', message, ...at(resource, path) });
    },
    notice(resource, path, message) {
      notices.push({ severity: 'warning', code: 'CONFIG_INVALID', message, ...at(resource, path) });
    },
  };
}

export function ofKind<K extends Kind>(
  resources: readonly ReadResource[],
  kind: K,
): readonly Extract<ReadResource, { readonly kind: K }>[] {
  return resources.filter((one): one is Extract<ReadResource, { readonly kind: K }> => one.kind === kind);
}

export type ReadConnection = ReadResourceOf<'RerankConnection'>;

/** `namespace/name`, or `name` for a resource of the whole cluster. */
export function idOf({
  namespace,
  name,
}: {
  readonly namespace: string | null;
  readonly name: string;
}): string {
  return namespace === null ? name : `${namespace}/${name}`;
}
