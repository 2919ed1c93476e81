import { CodedError, codeOf } from '@rankguard/contract';
import { type Builtin, createArguments, fault } from './arguments.ts';
import { ENCODING_BUILTINS } from './encoding.ts';
import { sprintf } from './sprintf.ts';
import { isSubset } from './subset.ts';
import { TEXT_BUILTINS } from './text.ts';
import { UNITS_BUILTINS } from './units.ts';
import { parseValue, writeValue } from './value-text.ts';

const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>(
  Object.entries({
    ...ENCODING_BUILTINS,
    ...TEXT_BUILTINS,
    ...UNITS_BUILTINS,
    'object.subset': (args) => isSubset(args.value(0), args.value(1), args.spend),
    sprintf: (args) => sprintf(args.string(0), args.array(1), args.spend),
  } satisfies Record<string, Builtin>),
);

/** The builtins of OPA that its WebAssembly runtime lacks and that the data path supplies, in order of name. */
export const HOST_BUILTINS: readonly string[] = Object.freeze([...BUILTINS.keys()].toSorted());

/** Runs builtins on the text of their arguments, as the module dumps them. */
export const HOST_BUILTIN_RUNNER = Object.freeze({
  has: (name: string): boolean => BUILTINS.has(name),
  /**
   * `spend` is charged for work that the module's own meter cannot see. Throws POLICY_FAULT where OPA reports a
   * builtin error: in the data path an error is never an expression that is silently undefined.
   */
  run(name: string, args: readonly string[], spend: (units: number) => void): string {
    const builtin = BUILTINS.get(name);
    if (builtin === undefined) throw fault(`there is no builtin ${name}`);
    try {
      return writeValue(builtin(createArguments(args.map(parseValue), spend)));
    } catch (error) {
      throw named(name, error);
    }
  },
});

function named(name: string, error: unknown): CodedError {
  const message = error instanceof Error ? error.message : 'failed';
  return new CodedError(codeOf(error) ?? 'POLICY_FAULT', `${name}: ${message}`, { cause: error });
}
