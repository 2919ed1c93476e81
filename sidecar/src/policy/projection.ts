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

/** Gives a value with only what a projection reaches. */
export type Projector = (value: unknown) => unknown;

/**
 * Prepares {@link project} for many values: the projection is looked at once.
 *
 * Containers keep their shape: an array keeps its length, a scalar element that is not reached becomes null, an
 * object keeps only reached members. A scalar where the projection names members stays. Nothing is invented.
 */
export function createProjector(projection: Projection): Projector {
  if (projection === true) return (value) => value;
  const each = own(projection, EACH);
  const eachProjector = each === undefined ? undefined : createProjector(each);
  const named = new Map(
    Object.keys(projection)
      .filter((member) => member !== EACH)
      .map((member) => [member, createProjector(reachesMember(projection, member, each) ?? {})]),
  );
  const elements = eachProjector ?? hollow;
  const projectArray = (items: readonly unknown[]): unknown[] =>
    named.size === 0
      ? items.map((item) => elements(item))
      : items.map((item, index) => (named.get(String(index)) ?? elements)(item));
  const projectEvery = (object: object, projector: Projector): Record<string, unknown> => {
    const kept: Record<string, unknown> = {};
    for (const [member, value] of Object.entries(object)) {
      define(kept, member, (named.get(member) ?? projector)(value));
    }
    return kept;
  };
  const members = [...named];
  const projectNamed = (object: object): Record<string, unknown> => {
    const kept: Record<string, unknown> = {};
    for (let at = 0; at < members.length; at += 1) {
      const [member, projector] = members[at]!;
      if (Object.hasOwn(object, member)) {
        define(kept, member, projector((object as Record<string, unknown>)[member]));
      }
    }
    return kept;
  };
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return projectArray(value);
    return eachProjector === undefined ? projectNamed(value) : projectEvery(value, eachProjector);
  };
}

/** The value with only what the projection reaches; see {@link createProjector}. */
export function project(value: unknown, projection: Projection): unknown {
  return createProjector(projection)(value);
}

type Members = Exclude<Projection, true>;

/** What is reached of one member: named, and united with what is reached of `each` of them; undefined for none. */
export function reachesMember(
  projection: Members,
  member: string,
  each?: Projection,
): Projection | undefined {
  const exact = own(projection, member);
  if (exact === undefined || each === undefined) return exact;
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
