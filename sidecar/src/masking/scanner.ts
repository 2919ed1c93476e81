import type { Kernel } from '../kernel/index.ts';

/** No detector finds anything in fewer bytes: `a@b.cc`. */
export const SHORTEST = 6;
/** A number that is worth a look: nine digits. */
export const SHORTEST_NUMBER = 9;

/** What the kernel knows of the views of a text. Works in the kernel's scratch only: a document that the kernel holds stays valid. */
export interface Scanner {
  /** The folded view of a text: escapes, encodings and look-alike characters resolved. */
  fold(bytes: Uint8Array): string;
  /**
   * Where ranges of a JSON string's decoded UTF-8 stand in its text. `pairs` are starts and ends, ascending,
   * apart and not empty; they are replaced.
   */
  locate(text: Uint8Array, pairs: Uint32Array): void;
}

export function createScanner(kernel: Kernel): Scanner {
  const align = (address: number) => (address + 15) & ~15;

  function fold(bytes: Uint8Array): string {
    const view = align(bytes.length + kernel.padding);
    const base = kernel.scratch(view + bytes.length + kernel.padding);
    kernel.u8.set(bytes, base);
    const length = kernel.exports['foldText']!(base, base + bytes.length, base + view);
    return Buffer.from(kernel.u8.buffer, base + view, length).toString();
  }

  function locate(text: Uint8Array, pairs: Uint32Array): void {
    const list = align(text.length + kernel.padding);
    const view = align(list + pairs.length * 4);
    const base = kernel.scratch(view + text.length + kernel.padding);
    kernel.u8.set(text, base);
    kernel.u32.set(pairs, (base + list) >>> 2);
    kernel.exports['locateDecoded']!(base, base + text.length, base + view, base + list, pairs.length / 2);
    pairs.set(kernel.u32.subarray((base + list) >>> 2, ((base + list) >>> 2) + pairs.length));
  }

  return { fold, locate };
}
