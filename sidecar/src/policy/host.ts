import { CodedError, codeOf } from '@rankguard/contract';
import type { CallBuiltin, PolicyInstance } from './instance.ts';
import { createInstance } from './instance.ts';
import { Wasm, type WasmModule } from './wasm.ts';

/** Units of fuel for one evaluation (compiler/src/meter): on one core what never ends is stopped in 10 to 50 ms. */
export const DEFAULT_FUEL = 10_000_000;
/** Added to it for each byte of input: looking for words in every document of a large call is no runaway. */
const FUEL_PER_INPUT_BYTE = 8;
/** Pages of 64 KiB: 64 MiB for a module with its data and its input. */
export const DEFAULT_MEMORY_MAX_PAGES = 1024;

/** Runs one builtin on the text of its arguments (OPA's value syntax) and gives the text of its result. */
export interface BuiltinRunner {
  has(name: string): boolean;
  run(name: string, args: readonly string[], spend: (units: number) => void): string;
}

export interface PolicyHostOptions {
  /** `namespace/name`: every error's message begins with it. */
  readonly name: string;
  /** The metered module. */
  readonly wasm: Uint8Array;
  /** The policy's data documents, as JSON text. */
  readonly data: string;
  readonly entrypoint: string;
  readonly builtins: BuiltinRunner;
  /** For a small input; each byte of input adds 8 units. */
  readonly fuel?: number;
  readonly memoryMaxPages?: number;
}

export interface PolicyHost {
  /** Bytes of linear memory in use; it grows with the largest input and never shrinks. */
  readonly memoryBytes: number;
  /** What the last evaluation left of its fuel. */
  readonly fuel: number;
  /**
   * The entrypoint's value for this input (JSON text as UTF-8). Throws POLICY_RUNAWAY when the budget of
   * computation or of memory is used up, and POLICY_FAULT for an abort, a failing builtin, an input that the
   * module cannot read, and an undefined result. After a throw the next call starts from a fresh instance.
   */
  evaluate(input: Uint8Array): unknown;
}

/**
 * Hosts one compiled policy (OPA's WebAssembly ABI 1.2 and later). Throws POLICY_FAULT when the module is not
 * metered, speaks another ABI, lacks the entrypoint or calls a builtin that is not supplied.
 */
export function createPolicyHost(options: PolicyHostOptions): PolicyHost {
  const { name, entrypoint, builtins } = options;
  const fuel = options.fuel ?? DEFAULT_FUEL;
  const memoryMaxPages = options.memoryMaxPages ?? DEFAULT_MEMORY_MAX_PAGES;
  const data = Buffer.from(options.data);
  const names = new Map<number, string>();
  const call: CallBuiltin = (id, args, spend) => builtins.run(names.get(id) ?? '', args, spend);
  const start = (module: WasmModule): PolicyInstance => {
    const instance = createInstance({ module, memoryMaxPages, call });
    checkAbi(instance);
    for (const [builtin, id] of Object.entries(instance.builtins)) {
      if (!builtins.has(builtin)) throw unfit(`it calls ${builtin}, which the data path does not have`);
      names.set(id, builtin);
    }
    instance.loadData(data);
    return instance;
  };
  const module = named(name, undefined, () => new Wasm.Module(options.wasm));
  let instance: PolicyInstance | undefined = named(name, undefined, () => start(module));
  const id = instance.entrypoints[entrypoint];
  if (id === undefined) throw prefixed(name, unfit(`it has no entrypoint ${entrypoint}`));

  const replace = (): void => {
    instance = undefined;
    // The evaluation's own fault is what the caller must hear; the next evaluation tries again.
    try {
      instance = start(module);
    } catch {}
  };
  const evaluate = (input: Uint8Array): unknown => {
    instance ??= named(name, undefined, () => start(module));
    const current = instance;
    try {
      return named(name, current, () =>
        resultOf(current.evaluate(id, input, fuel + FUEL_PER_INPUT_BYTE * input.length)),
      );
    } catch (error) {
      replace();
      throw error;
    }
  };
  return {
    get memoryBytes() {
      return instance?.memoryBytes ?? 0;
    },
    get fuel() {
      return instance?.fuel ?? 0;
    },
    evaluate,
  };
}

function checkAbi({ abi: [major, minor] }: PolicyInstance): void {
  if (major !== 1 || minor < 2) throw unfit(`its ABI is ${major}.${minor}, but 1.2 or later 1.x is needed`);
}

function unfit(why: string): CodedError {
  return new CodedError('POLICY_FAULT', `the module is unfit: ${why}`);
}

function resultOf(json: string): unknown {
  const results = JSON.parse(json) as readonly { readonly result: unknown }[];
  if (results.length !== 1) throw new CodedError('POLICY_FAULT', 'the result is undefined');
  return results[0]!.result;
}

/** Turns whatever was thrown into a coded error that names the policy. */
function named<T>(name: string, instance: PolicyInstance | undefined, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw prefixed(name, error, instance);
  }
}

function prefixed(name: string, error: unknown, instance?: PolicyInstance): CodedError {
  const message =
    error instanceof Error ? error.message : String((error as { message?: unknown })?.message ?? error);
  // The trap of the meter looks like any other trap, but the fuel tells.
  if (instance !== undefined && instance.fuel < 0) {
    return new CodedError('POLICY_RUNAWAY', `${name}: the budget of computation is used up`, {
      cause: error,
    });
  }
  return new CodedError(codeOf(error) ?? 'POLICY_FAULT', `${name}: ${message}`, { cause: error });
}
