/**
 * The part of the WebAssembly API that the policy host uses. Node has it; the compiler's `es2023` library
 * has no types for it, and the `dom` library would bring a browser along.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export interface WasmGlobal {
  value: number;
}
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
export type WasmModule = object;
interface WasmApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => WasmMemory;
  readonly Module: (new (
    bytes: Uint8Array,
  ) => WasmModule) & {
    imports(module: WasmModule): readonly { module: string; name: string; kind: string }[];
  };
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
}

export const Wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
