import { CodedError } from '@rankguard/contract';
import { isArray, isInteger, isNumber, kindOf, type Value } from './values.ts';

/** What a builtin is called with. Reading an argument as a type that it has not is a POLICY_FAULT. */
export interface Arguments {
  value(index: number): Value;
  string(index: number): string;
  array(index: number): readonly Value[];
  integer(index: number): number;
  /** Pays for work before it is done; throws POLICY_RUNAWAY when the evaluation's budget is used up. */
  spend(units: number): void;
}

/** Pure: the same arguments give the same value. Throws POLICY_FAULT where OPA reports a builtin error. */
export type Builtin = (args: Arguments) => Value;

/** The message names no argument: arguments can hold personal data. */
export function fault(message: string, cause?: unknown): CodedError {
  return new CodedError('POLICY_FAULT', message, { cause });
}

export function createArguments(values: readonly Value[], spend: (units: number) => void): Arguments {
  const value = (index: number): Value => {
    const found = values[index];
    if (found === undefined) throw fault(`operand ${index + 1} is missing`);
    return found;
  };
  const wrong = (index: number, expected: string): CodedError =>
    fault(`operand ${index + 1} must be ${expected} but got ${kindOf(value(index))}`);
  return {
    value,
    spend,
    string: (index) => {
      const found = value(index);
      if (typeof found !== 'string') throw wrong(index, 'string');
      return found;
    },
    array: (index) => {
      const found = value(index);
      if (!isArray(found)) throw wrong(index, 'array');
      return found;
    },
    integer: (index) => {
      const found = value(index);
      if (!isNumber(found)) throw wrong(index, 'number');
      const read = Number(found.text);
      if (!isInteger(found.text) || !Number.isSafeInteger(read)) throw wrong(index, 'integer');
      return read;
    },
  };
}
