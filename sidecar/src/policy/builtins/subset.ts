import { fault } from './arguments.ts';
import { equal, isArray, isObject, isSet, type ObjectValue, type Value } from './values.ts';

/**
 * OPA's object.subset: objects recursively, sets by element, arrays as a run of consecutive elements, and a set
 * in an array whatever the order. `spend` is told the number of comparisons before they are made.
 */
export function isSubset(whole: Value, part: Value, spend: (comparisons: number) => void): boolean {
  if (isArray(whole) && isSet(part)) return countedInArray(whole, part.items, spend);
  const found = compareContainers(whole, part, spend);
  if (found === undefined) throw fault('both operands must be of the same type, or an array and a set');
  return found;
}

function compareContainers(
  whole: Value,
  part: Value,
  spend: (comparisons: number) => void,
): boolean | undefined {
  if (isObject(whole) && isObject(part)) return objectSubset(whole, part, spend);
  if (isSet(whole) && isSet(part)) return includesAll(whole.items, part.items, spend);
  if (isArray(whole) && isArray(part)) return hasRun(whole, part, spend);
  return undefined;
}

function objectSubset(whole: ObjectValue, part: ObjectValue, spend: (comparisons: number) => void): boolean {
  spend(whole.entries.length * part.entries.length);
  return part.entries.every(([key, value]) => {
    const other = whole.entries.find(([candidate]) => equal(candidate, key));
    if (other === undefined) return false;
    if (equal(other[1], value)) return true;
    // Within objects an array and a set never match.
    return compareContainers(other[1], value, spend) ?? false;
  });
}

function includesAll(
  whole: readonly Value[],
  part: readonly Value[],
  spend: (comparisons: number) => void,
): boolean {
  spend(whole.length * part.length);
  return part.every((item) => whole.some((candidate) => equal(candidate, item)));
}

/** OPA counts matching elements of the array, so that a repeated one counts twice; and an empty array has no subset. */
function countedInArray(
  whole: readonly Value[],
  part: readonly Value[],
  spend: (comparisons: number) => void,
): boolean {
  spend(whole.length * part.length);
  const matches = whole.filter((item) => part.some((candidate) => equal(candidate, item))).length;
  return whole.length > 0 && matches >= part.length;
}

function hasRun(
  whole: readonly Value[],
  part: readonly Value[],
  spend: (comparisons: number) => void,
): boolean {
  spend(whole.length * part.length);
  for (let start = 0; start + part.length <= whole.length; start += 1) {
    if (part.every((item, offset) => equal(whole[start + offset]!, item))) return true;
  }
  return false;
}
