import { CodedError } from '@rankguard/contract';
import { Wasm, type WasmGlobal, type WasmMemory, type WasmModule } from './wasm.ts';

/** Untouched pages cost nothing; OPA's own statics and a policy's strings fit in these. */
const INITIAL_PAGES = 32;
/** Reading the input is OPA's own code, linear in the input: it gets a budget of its own, with room for hashing. */
const READ_FUEL = 1_000_000;
const READ_FUEL_PER_BYTE = 64;
const MOST_FUEL = 0x7fff_ffff;
/** What one character that crosses between module and host costs, in fuel: several copies and a parse. */
const FUEL_PER_CHARACTER = 4;
const FUEL_PER_BUILTIN_CALL = 500;

/** Calls a builtin of the host by its number: arguments and result are the text of OPA values. */
export type CallBuiltin = (id: number, args: readonly string[], spend: (units: number) => void) => string;

export interface InstanceOptions {
  readonly module: WasmModule;
  readonly memoryMaxPages: number;
  readonly call: CallBuiltin;
}

/** One instance of a policy's module and its memory. After any throw it must not be used again. */
export interface PolicyInstance {
  /** Name to number, as the module lists them. */
  readonly builtins: Readonly<Record<string, number>>;
  readonly entrypoints: Readonly<Record<string, number>>;
  /** `[major, minor]` */
  readonly abi: readonly [number, number];
  /** Below zero once the budget is used up. */
  readonly fuel: number;
  /** Bytes of linear memory. */
  readonly memoryBytes: number;
  /** Sets the policy's own documents; what was there before is gone. */
  loadData(json: Uint8Array): void;
  /** The JSON text of the result set. */
  evaluate(entrypoint: number, input: Uint8Array, fuel: number): string;
}

const FUNCTIONS = [
  'opa_malloc',
  'opa_free',
  'opa_heap_ptr_get',
  'opa_heap_ptr_set',
  'opa_json_parse',
  'opa_json_dump',
  'opa_value_parse',
  'opa_value_dump',
  'opa_eval_ctx_new',
  'opa_eval_ctx_set_input',
  'opa_eval_ctx_set_data',
  'opa_eval_ctx_set_entrypoint',
  'opa_eval_ctx_get_result',
  'eval',
  'builtins',
  'entrypoints',
] as const;
type Functions = Readonly<Record<(typeof FUNCTIONS)[number], (...values: number[]) => number>>;

/** Throws POLICY_FAULT when the module is not a metered OPA policy. */
export function createInstance({ module, memoryMaxPages, call }: InstanceOptions): PolicyInstance {
  const memory = new Wasm.Memory({
    initial: Math.min(INITIAL_PAGES, memoryMaxPages),
    maximum: memoryMaxPages,
  });
  const text = createTextMemory(memory, () => opa);
  const spend = (units: number): void => {
    fuel.value = Math.max(fuel.value - Math.ceil(units), -1);
    if (fuel.value < 0) throw new CodedError('POLICY_RUNAWAY', 'the budget of computation is used up');
  };
  const builtin = (id: number, _context: number, ...values: number[]): number => {
    const args = values.map((value) => text.takeString(opa.opa_value_dump(value)));
    const length = args.reduce((sum, arg) => sum + arg.length, 0);
    spend(FUEL_PER_BUILTIN_CALL + length * FUEL_PER_CHARACTER);
    const result = call(id, args, spend);
    spend(result.length * FUEL_PER_CHARACTER);
    return text.parse(Buffer.from(result), opa.opa_value_parse);
  };
  const { exports } = new Wasm.Instance(module, {
    env: {
      memory,
      opa_abort: (address: number) => abort(text.read(address)),
      opa_println: () => undefined,
      ...Object.fromEntries([0, 1, 2, 3, 4].map((arity) => [`opa_builtin${arity}`, builtin])),
    },
  });
  const opa = functionsOf(exports);
  const fuel = fuelOf(exports);
  const listed = (value: number): Readonly<Record<string, number>> =>
    JSON.parse(text.read(opa.opa_json_dump(value))) as Record<string, number>;
  const builtins = listed(opa.builtins());
  const entrypoints = listed(opa.entrypoints());
  let data = 0;
  let heap = opa.opa_heap_ptr_get();
  const loadData = (json: Uint8Array): void => {
    fuel.value = MOST_FUEL;
    data = text.parse(json, opa.opa_json_parse);
    heap = opa.opa_heap_ptr_get();
  };
  const evaluate = (entrypoint: number, input: Uint8Array, budget: number): string => {
    fuel.value = Math.min(READ_FUEL + READ_FUEL_PER_BYTE * input.length, MOST_FUEL);
    // All that the last evaluation allocated is given back.
    opa.opa_heap_ptr_set(heap);
    const facts = text.parse(input, opa.opa_json_parse);
    fuel.value = Math.min(budget, MOST_FUEL);
    const context = opa.opa_eval_ctx_new();
    opa.opa_eval_ctx_set_input(context, facts);
    opa.opa_eval_ctx_set_data(context, data);
    opa.opa_eval_ctx_set_entrypoint(context, entrypoint);
    if (opa.eval(context) !== 0) throw new CodedError('POLICY_FAULT', 'the evaluation failed');
    return text.read(opa.opa_json_dump(opa.opa_eval_ctx_get_result(context)));
  };
  return {
    builtins,
    entrypoints,
    abi: [constantOf(exports, 'opa_wasm_abi_version'), constantOf(exports, 'opa_wasm_abi_minor_version')],
    get fuel() {
      return fuel.value;
    },
    get memoryBytes() {
      return memory.buffer.byteLength;
    },
    loadData,
    evaluate,
  };
}

interface TextMemory {
  /** The text up to the next zero byte. */
  read(address: number): string;
  /** The same, and gives its memory back. */
  takeString(address: number): string;
  /** Writes a text and has the module read it; the value's address. */
  parse(bytes: Uint8Array, read: (address: number, size: number) => number): number;
}

function createTextMemory(memory: WasmMemory, opa: () => Functions): TextMemory {
  let view = Buffer.from(memory.buffer);
  const current = (): Buffer => {
    // Growing detaches the old buffer.
    if (view.buffer !== memory.buffer) view = Buffer.from(memory.buffer);
    return view;
  };
  const read = (address: number): string => {
    const bytes = current();
    const end = address === 0 ? -1 : bytes.indexOf(0, address);
    if (end < 0) throw new CodedError('POLICY_FAULT', 'the module gave a text without an end');
    return bytes.toString('utf8', address, end);
  };
  return {
    read,
    takeString: (address) => {
      const text = read(address);
      opa().opa_free(address);
      return text;
    },
    parse: (bytes, parse) => {
      const address = opa().opa_malloc(bytes.length);
      current().set(bytes, address);
      const value = parse(address, bytes.length);
      // Zero is OPA's undefined: going on would let `not` and `default` rules hold without an input.
      if (value === 0) throw new CodedError('POLICY_FAULT', 'the module cannot read its input');
      opa().opa_free(address);
      return value;
    },
  };
}

function abort(message: string): never {
  if (message.startsWith('opa_malloc')) {
    throw new CodedError('POLICY_RUNAWAY', 'the budget of memory is used up');
  }
  throw new CodedError('POLICY_FAULT', `the evaluation was aborted: ${message}`);
}

function functionsOf(exports: Readonly<Record<string, unknown>>): Functions {
  for (const name of FUNCTIONS) {
    if (typeof exports[name] !== 'function') throw unfit(`it does not export ${name}`);
  }
  return exports as unknown as Functions;
}

function fuelOf(exports: Readonly<Record<string, unknown>>): WasmGlobal {
  const fuel = exports['rankguard_fuel'];
  if (!isNumberGlobal(fuel)) throw unfit('it is not metered (no global rankguard_fuel)');
  return fuel;
}

function constantOf(exports: Readonly<Record<string, unknown>>, name: string): number {
  const value = exports[name];
  if (!isNumberGlobal(value)) throw unfit(`it does not export ${name}`);
  return value.value;
}

function isNumberGlobal(value: unknown): value is WasmGlobal {
  return typeof value === 'object' && value !== null && 'value' in value && typeof value.value === 'number';
}

function unfit(why: string): CodedError {
  return new CodedError('POLICY_FAULT', `the module is unfit: ${why}`);
}
