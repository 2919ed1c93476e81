import { isRecord, type JsonRecord, member } from './json.ts';

/**
 * The claim at a path: `realm_access.roles`. The longest name that exists wins at every level, so that
 * `https://example.com/groups` and `resource_access.my.client.roles` are found as they are written.
 * Undefined when there is none.
 */
export function claimAt(claims: JsonRecord, path: string): unknown {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const value = member(claims, path.slice(0, end));
    if (value === undefined) continue;
    if (end === path.length) return value;
    const inner = isRecord(value) ? claimAt(value, path.slice(end + 1)) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}
