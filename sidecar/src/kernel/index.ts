import { readFileSync } from 'node:fs';
import { CodedError } from '@rankguard/contract';
import { Wasm, type WasmMemory, type WasmModule } from './wasm.ts';

const PAGE = 65_536;
/** The kernel's statics live below; checked when it is instantiated. */
const INPUT = PAGE;
/** Readable zero bytes behind the input, so that a 16-byte load that starts in it stays inside. */
const PADDING = 64;
const TAPE_ENTRY = 16;
/** Room for the input before the first growth. */
const FIRST_INPUT = 4 * PAGE;
/** A kernel that ever used more than this starts afresh before the next small input. */
const KEEP = 8 * 1024 * 1024;

/** Functions of `assembly/`, by name: pointers and lengths in, a number out. */
export type KernelExports = Readonly<Record<string, (...args: readonly number[]) => number>>;

/**
 * The byte kernel: one WebAssembly instance and its memory. Regions, in order: statics, the loaded input with
 * {@link Kernel.padding} zero bytes behind it, the tape, scratch.
 *
 * Nothing is safe by itself: the functions of `exports` check no bounds. Whoever calls one passes only
 * pointers from `load` and `scratch`, with the lengths they were asked for.
 *
 * `u8`, `u32` and `exports` change whenever memory grows or is given back: read them again after each
 * `load` and `scratch`, never keep them.
 */
export interface Kernel {
  /** Grows by one with each `load`; what was read from an earlier one is stale. */
  readonly generation: number;
  /** Where the loaded input stands; `inputLength` bytes. */
  readonly input: number;
  readonly inputLength: number;
  /** Readable bytes behind the input and behind each scratch region. */
  readonly padding: number;
  /** Where the tape stands, 16-byte aligned; room for as many entries as the input has bytes, within `load`'s limit. */
  readonly tape: number;
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly exports: KernelExports;
  /** Bytes of memory in use by the instance. */
  readonly size: number;
  /** Copies a text in and makes room for its tape of at most `tokens` entries. Ends what was loaded before. */
  load(bytes: Uint8Array, tokens: number): void;
  /**
   * A region of `length` bytes and the padding, 16-byte aligned, apart from input and tape. There is one:
   * each call hands out the same place, with whatever stood in it.
   */
  scratch(length: number): number;
}

/** Loads `kernel.wasm` (made by `npm run kernel`) once and instantiates it. Throws INTERNAL when it cannot. */
export function createKernel(): Kernel {
  return new WasmKernel(compile(new URL('./kernel.wasm', import.meta.url)));
}

/** Plain fields where the interface has readonly ones: the accessors of a document read them per token. */
class WasmKernel implements Kernel {
  readonly #module: WasmModule;
  #memory!: WasmMemory;
  #inputRoom = 0;
  #scratch = 0;
  #used = 0;
  readonly input = INPUT;
  readonly padding = PADDING;
  generation = 0;
  inputLength = 0;
  tape = 0;
  u8!: Uint8Array;
  u32!: Uint32Array;
  exports!: KernelExports;

  constructor(module: WasmModule) {
    this.#module = module;
    this.#start();
  }

  get size(): number {
    return this.u8.length;
  }

  load(bytes: Uint8Array, tokens: number): void {
    const length = bytes.length;
    this.generation++;
    if (this.#used > KEEP && length <= FIRST_INPUT) this.#start();
    while (this.#inputRoom < length + PADDING) this.#inputRoom *= 2;
    this.tape = INPUT + this.#inputRoom;
    this.#scratch = this.tape + Math.min(tokens, length) * TAPE_ENTRY;
    this.#reserve(this.#scratch + PADDING);
    this.u8.set(bytes, INPUT);
    this.u8.fill(0, INPUT + length, INPUT + length + PADDING);
    this.inputLength = length;
  }

  scratch(length: number): number {
    this.#reserve(this.#scratch + length + PADDING);
    return this.#scratch;
  }

  #start(): void {
    this.#inputRoom = FIRST_INPUT;
    this.#used = 0;
    this.#memory = new Wasm.Memory({ initial: (INPUT + FIRST_INPUT) / PAGE });
    const env = { memory: this.#memory, abort };
    const { exports } = new Wasm.Instance(this.#module, { env });
    const base = (exports['heapBase'] as { readonly value: number }).value;
    if (!(base > 0 && base <= INPUT)) throw new CodedError('INTERNAL', 'the kernel has too many statics');
    this.exports = exports as KernelExports;
    this.#view();
  }

  #view(): void {
    this.u8 = new Uint8Array(this.#memory.buffer);
    this.u32 = new Uint32Array(this.#memory.buffer);
  }

  #reserve(end: number): void {
    if (end > this.#used) this.#used = end;
    if (end <= this.u8.length) return;
    try {
      this.#memory.grow(Math.ceil((end - this.u8.length) / PAGE));
    } catch (cause) {
      throw new CodedError('INTERNAL', 'the kernel has no memory left', { cause });
    }
    this.#view();
  }
}

function abort(): never {
  throw new CodedError('INTERNAL', 'the kernel aborted');
}

function compile(file: URL): WasmModule {
  try {
    return new Wasm.Module(readFileSync(file));
  } catch (cause) {
    throw new CodedError('INTERNAL', 'the kernel cannot be loaded; `npm run kernel` builds it', { cause });
  }
}
