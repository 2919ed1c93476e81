/** A Rego number by its text, so that no digit is lost. */
export interface NumberValue {
  readonly kind: 'number';
  readonly text: string;
}
export interface ObjectValue {
  readonly kind: 'object';
  readonly entries: readonly (readonly [key: Value, value: Value])[];
}
export interface SetValue {
  readonly kind: 'set';
  readonly items: readonly Value[];
}
/** A Rego value, as builtins of the host take and give it. */
export type Value = null | boolean | string | NumberValue | readonly Value[] | ObjectValue | SetValue;

export function number(value: number | bigint | string): NumberValue {
  return { kind: 'number', text: String(value) };
}

export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isNumber(value: Value): value is NumberValue {
  return kindOf(value) === 'number';
}
export function isObject(value: Value): value is ObjectValue {
  return kindOf(value) === 'object';
}
export function isSet(value: Value): value is SetValue {
  return kindOf(value) === 'set';
}

export type Kind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'set';

export function kindOf(value: Value): Kind {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'string';
  return isArray(value) ? 'array' : value.kind;
}

const ORDER: Readonly<Record<Kind, number>> = {
  null: 0,
  boolean: 1,
  number: 2,
  string: 3,
  array: 4,
  object: 5,
  set: 6,
};

/** Rego's total order: by type, then by value. */
export function compare(a: Value, b: Value): number {
  const kinds = ORDER[kindOf(a)] - ORDER[kindOf(b)];
  if (kinds !== 0) return kinds;
  if (typeof a === 'string') return compareText(a, b as string);
  if (typeof a === 'boolean') return Number(a) - Number(b);
  if (a === null) return 0;
  if (isArray(a)) return compareLists(a, b as readonly Value[]);
  switch (a.kind) {
    case 'number':
      return compareNumbers(a.text, (b as NumberValue).text);
    case 'set':
      return compareLists(sorted(a.items), sorted((b as SetValue).items));
    case 'object':
      return compareLists(sortedEntries(a).flat(), sortedEntries(b as ObjectValue).flat());
  }
}

export function equal(a: Value, b: Value): boolean {
  return compare(a, b) === 0;
}

export function sorted(items: readonly Value[]): readonly Value[] {
  return items.toSorted(compare);
}

export function sortedEntries(object: ObjectValue): readonly (readonly [Value, Value])[] {
  return object.entries.toSorted(([a], [b]) => compare(a, b));
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  const common = Math.min(a.length, b.length);
  for (let index = 0; index < common; index += 1) {
    const order = compare(a[index]!, b[index]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  if (isInteger(a) && isInteger(b)) {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return Number(a) - Number(b);
}

export function isInteger(text: string): boolean {
  return /^-?\d+$/.test(text);
}

/** By Unicode code point, which is the order of the UTF-8 bytes; JavaScript's own order is by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
