/**
 * The part of the WebAssembly API that the kernel uses. Node has it; the compiler's `es2023` library has
 * no types for it, and the `dom` library would bring a browser along.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
export type WasmModule = object;
interface WasmApi {
  readonly Memory: new (descriptor: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

export const Wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
