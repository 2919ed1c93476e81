import { CodedError } from '@rankguard/contract';

/** Strict readers of what a policy says; each throws POLICY_FAULT with the place. */
export function list(output: Readonly<Record<string, unknown>>, verb: string): readonly unknown[] {
  const items = output[verb];
  if (items === undefined) return [];
  if (!Array.isArray(items)) throw malformed(`${verb} is not a set`);
  return items;
}

export function members(
  value: unknown,
  what: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`${what} is not an object`);
  }
  if (Object.keys(value).some((member) => !known.includes(member))) {
    throw malformed(`${what} has a member other than ${known.join(', ')}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

export function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw malformed(`${what} is not a string`);
  return value;
}

export function boolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw malformed(`${what} is not a boolean`);
  return value;
}

export function count(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(`${what} is not a whole number of 0 or more`);
  }
  return value;
}

/** Says where, never what: the value can hold personal data. */
export function malformed(why: string): CodedError {
  return new CodedError('POLICY_FAULT', `the output is malformed: ${why}`);
}
