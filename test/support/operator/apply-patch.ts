import type { PatchOperation } from '@rankguard/operator/injection';

/** RFC 6902 as an API server reads it, for the operations that injection makes. */
export function applyPatch<T extends object>(object: T, operations: readonly PatchOperation[]): T {
  const result = structuredClone(object);
  for (const operation of operations) {
    const names = operation.path
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = names.pop() ?? '';
    let parent = result as Record<string, unknown>;
    for (const name of names) parent = parent[name] as Record<string, unknown>;
    if (operation.op !== 'add' && !(last in parent)) throw new Error(`${operation.path} is not there`);
    if (operation.op === 'remove') delete parent[last];
    else parent[last] = operation.value;
  }
  return result;
}
