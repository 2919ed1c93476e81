import { isDeepStrictEqual } from 'node:util';
import type { Pod } from './types.ts';

/** One operation of JSON Patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** The operations that make `after` of `before`, one for each member of metadata and spec that differs. */
export function patch(before: Pod, after: Pod): PatchOperation[] {
  return (['metadata', 'spec'] as const).flatMap((part) => {
    const from = members(before[part]);
    const to = members(after[part]);
    if (before[part] === undefined) return [{ op: 'add', path: `/${part}`, value: after[part] } as const];
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return names.flatMap((name) => operation(`/${part}/${escapePointer(name)}`, from[name], to[name]));
  });
}

/** Whether two pods are the same to the API server: absent, null and empty lists and maps are one. */
export function samePod(a: Pod, b: Pod): boolean {
  return isDeepStrictEqual(normal(a), normal(b));
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function operation(path: string, from: unknown, to: unknown): PatchOperation[] {
  if (isDeepStrictEqual(normal(from), normal(to))) return [];
  if (to === undefined) return [{ op: 'remove', path }];
  return [{ op: from === undefined ? 'add' : 'replace', path, value: to }];
}

/** JSON Pointer (RFC 6901 section 3). */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(normal);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  if (value instanceof Date) return value.toISOString();
  const entries = Object.entries(value)
    .map(([name, member]) => [name, normal(member)] as const)
    .filter(([, member]) => member !== undefined)
    .sort(([x], [y]) => (x < y ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
