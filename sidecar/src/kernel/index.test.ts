import { describe, expect, test } from '@jest/globals';
import { createKernel } from './index.ts';

const MIB = 1024 * 1024;

describe('kernel', () => {
  test('the loaded input stands in memory with zero bytes behind it', () => {
    const kernel = createKernel();
    kernel.load(Buffer.alloc(1000, 0xff), 10);
    kernel.load(Buffer.from('short'), 10);
    const { input, inputLength, padding } = kernel;
    expect(inputLength).toBe(5);
    expect(Buffer.from(kernel.u8.subarray(input, input + 5)).toString()).toBe('short');
    expect([...kernel.u8.subarray(input + 5, input + 5 + padding)]).toEqual(Array(padding).fill(0));
  });

  test('input, tape and scratch do not overlap, and all of them lie in memory', () => {
    const kernel = createKernel();
    for (const length of [0, 1, 100, 262_080, 262_081, 262_144, 3_000_000]) {
      kernel.load(Buffer.alloc(length, 0x31), 1_000_000);
      const scratch = kernel.scratch(100_000);
      expect(kernel.tape).toBeGreaterThanOrEqual(kernel.input + length + kernel.padding);
      expect(scratch).toBeGreaterThanOrEqual(kernel.tape + 16 * Math.min(length, 1_000_000));
      expect(kernel.u8.length).toBeGreaterThanOrEqual(scratch + 100_000 + kernel.padding);
      expect(kernel.tape % 16).toBe(0);
      expect(scratch % 16).toBe(0);
    }
  });

  test('scratch before the first load does not stand on the statics or the input', () => {
    const kernel = createKernel();
    const heapBase = (kernel.exports['heapBase'] as unknown as { readonly value: number }).value;
    expect(kernel.scratch(100)).toBeGreaterThanOrEqual(Math.max(heapBase, kernel.input));
  });

  test('scratch that makes memory grow leaves the input where it is', () => {
    const kernel = createKernel();
    kernel.load(Buffer.from('kept'), 10);
    const before = kernel.size;
    const scratch = kernel.scratch(8 * MIB);
    kernel.u8.fill(7, scratch, scratch + 8 * MIB);
    expect(kernel.size).toBeGreaterThan(before);
    expect(Buffer.from(kernel.u8.subarray(kernel.input, kernel.input + 4)).toString()).toBe('kept');
  });

  test('the generation grows with each load', () => {
    const kernel = createKernel();
    kernel.load(Buffer.from('1'), 1);
    const first = kernel.generation;
    kernel.scratch(10);
    expect(kernel.generation).toBe(first);
    kernel.load(Buffer.from('1'), 1);
    expect(kernel.generation).toBeGreaterThan(first);
  });

  test('memory that a large input wrote is given back before the next small one', () => {
    const kernel = createKernel();
    const fresh = kernel.size;
    kernel.load(Buffer.alloc(12 * MIB, 0x20), 1_000_000);
    expect(kernel.size).toBeGreaterThan(24 * MIB);
    kernel.load(Buffer.from('[1]'), 1_000_000);
    expect(kernel.size).toBeLessThanOrEqual(fresh + 65_536);
    expect(kernel.tokenize(64)).toBe(3);
  });

  test('memory that was reserved but not written is kept', () => {
    const kernel = createKernel();
    kernel.load(Buffer.alloc(2 * MIB, 0x20), 1_000_000);
    expect(kernel.tokenize(64)).toBeLessThan(0);
    const grown = kernel.size;
    kernel.load(Buffer.from('[1]'), 1_000_000);
    expect(kernel.size).toBe(grown);
  });

  test('an input above the longest is a fault', () => {
    const kernel = createKernel();
    expect(() => kernel.load(Buffer.alloc(kernel.longest + 1), 1)).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  test.each([-1, Number.NaN, 2 ** 33])('scratch of %p bytes is a fault', (length) => {
    const kernel = createKernel();
    kernel.load(Buffer.from('1'), 1);
    expect(() => kernel.scratch(length)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(kernel.tokenize(64)).toBe(1);
  });

  test('two kernels share nothing', () => {
    const [one, other] = [createKernel(), createKernel()];
    one.load(Buffer.from('[1,2]'), 10);
    other.load(Buffer.from('null'), 10);
    expect([one.tokenize(64), other.tokenize(64)]).toEqual([4, 1]);
    expect(Buffer.from(one.u8.subarray(one.input, one.input + 5)).toString()).toBe('[1,2]');
  });

  test('names are hashed with SipHash-2-4: the vectors of its paper', () => {
    const kernel = createKernel();
    const { seed, sipHash } = kernel.exports as unknown as {
      seed(a: bigint, b: bigint): void;
      sipHash(pointer: number, length: number): bigint;
    };
    seed(0x0706050403020100n, 0x0f0e0d0c0b0a0908n);
    kernel.load(Buffer.from(Array.from({ length: 64 }, (_, i) => i)), 1);
    const hash = (length: number): bigint => BigInt.asUintN(64, sipHash(kernel.input, length));
    expect(hash(0)).toBe(0x726fdb47dd0e0e31n);
    expect(hash(8)).toBe(0x93f5f5799a932462n);
    expect(hash(15)).toBe(0xa129ca6149be45e5n);
  });
});
