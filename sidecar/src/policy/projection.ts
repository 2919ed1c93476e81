import type { Projection } from '@rankguard/contract';

/** Stands for every element of an array and every member of an object. */
const EACH = '*';

/** What either of the two reaches. */
export function unionProjection(a: Projection, b: Projection): Projection {
  if (a === true || b === true) return true;
  const union: Record<string, Projection> = { ...a };
  for (const [member, reach] of Object.entries(b)) {
    const other = own(a, member);
    define(union, member, other === undefined ? reach : unionProjection(other, reach));
  }
  return union;
}

/** Whether some policy can see the value at this path; `*` in the path is any element. */
export function reaches(projection: Projection, path: readonly string[]): boolean {
  if (projection === true || path.length === 0) return true;
  const [head = '', ...rest] = path;
  if (head === EACH) return Object.values(projection).some((reach) => reaches(reach, rest));
  return [own(projection, head), own(projection, EACH)].some(
    (reach) => reach !== undefined && reaches(reach, rest),
  );
}

/**
 * The value with only what the projection reaches. Containers keep their shape: an array keeps its length, a
 * scalar that is not reached in an array becomes null, an object keeps only reached members. Nothing is invented.
 */
export function project(value: unknown, projection: Projection): unknown {
  if (projection === true || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return projectArray(value, projection);
  const each = own(projection, EACH);
  const members = each === undefined ? Object.keys(projection) : Object.keys(value);
  const kept: Record<string, unknown> = {};
  for (const member of members) {
    const reach = reachOf(projection, member, each);
    if (reach === undefined || !Object.hasOwn(value, member)) continue;
    define(kept, member, project((value as Record<string, unknown>)[member], reach));
  }
  return kept;
}

type Members = Exclude<Projection, true>;

function projectArray(items: readonly unknown[], projection: Members): unknown[] {
  const each = own(projection, EACH);
  const members = Object.keys(projection);
  const onlyEach = members.length === (each === undefined ? 0 : 1);
  if (onlyEach) return items.map((item) => (each === undefined ? hollow(item) : project(item, each)));
  return items.map((item, index) => {
    const reach = reachOf(projection, String(index), each);
    return reach === undefined ? hollow(item) : project(item, reach);
  });
}

function reachOf(projection: Members, member: string, each: Projection | undefined): Projection | undefined {
  if (member === EACH) return each;
  const exact = own(projection, member);
  if (exact === undefined || each === undefined) return exact ?? each;
  return unionProjection(exact, each);
}

/** The element's place without what is in it. */
function hollow(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return null;
  return Array.isArray(item) ? [] : {};
}

function own(projection: Members, member: string): Projection | undefined {
  return Object.hasOwn(projection, member) ? projection[member] : undefined;
}

/** Assigning to `__proto__` would set the prototype; a fact may have that name. */
function define<T>(target: Record<string, T>, member: string, value: T): void {
  if (member === '__proto__') {
    Object.defineProperty(target, member, { value, enumerable: true, configurable: true, writable: true });
  } else target[member] = value;
}
