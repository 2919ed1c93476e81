import { CodedError } from '@rankguard/contract';

/** The part of the WebAssembly API that is used here; the `es2023` library has no types for it. */
interface WasmApi {
  readonly Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}
const Wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;

/** Pages of 64 KiB that an OPA module imports at least; grown on demand. */
const PAGES = 16;

/**
 * Names of the builtins that a module of OPA's WebAssembly ABI needs from its host, sorted.
 *
 * @throws CodedError COMPILER_FAILED when the module cannot be started.
 */
export function builtinsOf(wasm: Uint8Array): string[] {
  const refuse = () => {
    throw new CodedError(
      'COMPILER_FAILED',
      'the module called its host while it was only asked for its names',
    );
  };
  try {
    const memory = new Wasm.Memory({ initial: PAGES });
    const env: Record<string, unknown> = { memory, opa_abort: refuse, opa_println: refuse };
    for (let arity = 0; arity <= 4; arity += 1) env[`opa_builtin${arity}`] = refuse;
    const { exports } = new Wasm.Instance(new Wasm.Module(wasm), { env });
    const ask = exports['builtins'] as () => number;
    const dump = exports['opa_json_dump'] as (value: number) => number;
    const text = new Uint8Array(memory.buffer).subarray(dump(ask()));
    const names: unknown = JSON.parse(Buffer.from(text.subarray(0, text.indexOf(0))).toString('utf8'));
    return Object.keys(names as object).toSorted();
  } catch (cause) {
    throw new CodedError('COMPILER_FAILED', 'the module that opa wrote cannot be started', { cause });
  }
}
