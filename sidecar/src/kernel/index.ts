import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CodedError } from '@rankguard/contract';
import { Wasm, type WasmMemory, type WasmModule } from './wasm.ts';

const PAGE = 65_536;
/** The kernel's statics live below; checked when it is instantiated. */
const INPUT = PAGE;
/** Readable zero bytes behind the input, so that a 16-byte load that starts in it stays inside. */
const PADDING = 64;
const TAPE_ENTRY = 16;
/** Scratch that the comparison of member names needs for each tape entry, beside the length of the input. */
const NAME_ENTRY = 16;
/** Room for the input before the first growth. */
const FIRST_INPUT = 4 * PAGE;
/** A kernel that ever wrote more than this starts afresh before the next small input. */
const KEEP = 8 * 1024 * 1024;
/** The longest input: every offset and the tape for it fit in 32 bits with room to spare. */
const LONGEST = 64 * 1024 * 1024;

/** Whatever a caller asks: walks of a document go as deep on the call stack. */
const DEEPEST = 1_000;

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
  readonly longest: number;
  /** Readable bytes behind the input and behind each scratch region. */
  readonly padding: number;
  /** Where the tape stands, 16-byte aligned; room for as many entries as the input has bytes, within `load`'s limit. */
  readonly tape: number;
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly exports: KernelExports;
  /** Bytes of memory in use by the instance. */
  readonly size: number;
  /**
   * Copies a text of at most {@link Kernel.longest} bytes in and makes room for a tape of at most `tokens`
   * entries. Ends what was loaded before. Throws INTERNAL when there is no memory.
   */
  load(bytes: Uint8Array, tokens: number): void;
  /**
   * Reads the loaded input, which must be valid UTF-8, as JSON onto the tape: the number of entries, or the
   * negated number of a failure (json/failures.ts), which then stands at byte `failureOffset`. Nesting may be
   * 1,000 deep at most. Uses scratch.
   */
  tokenize(depth: number): number;
  readonly failureOffset: number;
  /**
   * A region of `length` bytes and the padding, 16-byte aligned, apart from input and tape. There is one:
   * each call hands out the same place, with whatever stood in it. Throws INTERNAL when there is no memory.
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
  #tapeRoom = 0;
  #scratch = 0;
  #written = 0;
  readonly input = INPUT;
  readonly longest = LONGEST;
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

  get failureOffset(): number {
    return this.exports['failureOffset']!();
  }

  load(bytes: Uint8Array, tokens: number): void {
    const length = bytes.length;
    if (length > LONGEST) throw new CodedError('INTERNAL', 'the input is too long for the kernel');
    this.generation++;
    if (this.#written > KEEP && length <= FIRST_INPUT) this.#start();
    while (this.#inputRoom < length + PADDING) this.#inputRoom *= 2;
    this.tape = INPUT + this.#inputRoom;
    this.#tapeRoom = bounded(tokens, length);
    this.#scratch = this.tape + this.#tapeRoom * TAPE_ENTRY;
    this.#reserve(this.#scratch + PADDING);
    this.u8.set(bytes, INPUT);
    this.u8.fill(0, INPUT + length, INPUT + length + PADDING);
    this.inputLength = length;
    this.#wrote(length);
  }

  tokenize(depth: number): number {
    const work = this.#scratchOf(this.#tapeRoom * NAME_ENTRY + this.inputLength);
    const { tokenize, namesUsed } = this.exports;
    const count = tokenize!(
      INPUT,
      this.inputLength,
      this.tape,
      this.#tapeRoom,
      bounded(depth, DEEPEST),
      work,
    );
    const names = namesUsed!();
    this.#wrote(this.inputLength + Math.max(0, count) * TAPE_ENTRY + names);
    return count;
  }

  scratch(length: number): number {
    if (!(length >= 0)) throw new CodedError('INTERNAL', 'a scratch region needs a length');
    this.#wrote(length);
    return this.#scratchOf(length);
  }

  #scratchOf(length: number): number {
    this.#reserve(this.#scratch + length + PADDING);
    return this.#scratch;
  }

  #wrote(length: number): void {
    if (length > this.#written) this.#written = length;
  }

  #start(): void {
    this.#inputRoom = FIRST_INPUT;
    // Scratch may be asked for before the first load: it must not stand on the statics.
    this.tape = INPUT + FIRST_INPUT;
    this.#scratch = this.tape;
    this.#written = 0;
    this.#memory = new Wasm.Memory({ initial: (INPUT + FIRST_INPUT) / PAGE });
    const env = { memory: this.#memory, abort };
    const { exports } = new Wasm.Instance(this.#module, { env });
    const base = (exports['heapBase'] as { readonly value: number }).value;
    if (!(base > 0 && base <= INPUT)) throw new CodedError('INTERNAL', 'the kernel has too many statics');
    const random = randomBytes(16);
    const seed = exports['seed'] as (a: bigint, b: bigint) => void;
    seed(random.readBigUInt64LE(0), random.readBigUInt64LE(8));
    this.exports = exports as KernelExports;
    this.#view();
  }

  #view(): void {
    this.u8 = new Uint8Array(this.#memory.buffer);
    this.u32 = new Uint32Array(this.#memory.buffer);
  }

  #reserve(end: number): void {
    if (end <= this.u8.length) return;
    try {
      this.#memory.grow(Math.ceil((end - this.u8.length) / PAGE));
    } catch (cause) {
      throw new CodedError('INTERNAL', 'the kernel has no memory left', { cause });
    }
    this.#view();
  }
}

/** A whole number from 0 to `most`; the kernel takes nothing else. */
function bounded(value: number, most: number): number {
  return value >= 0 ? Math.trunc(Math.min(value, most)) : 0;
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
