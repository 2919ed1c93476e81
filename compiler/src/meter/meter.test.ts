import { describe, expect, test } from '@jest/globals';
import { codeOf } from '@rankguard/contract';
import fc from 'fast-check';
import { meter } from './index.ts';

const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
  };
};

const I32 = 0x7f;
/** One section: its number, its size, its body (shorter than 128 bytes). */
const section = (id: number, body: readonly number[]): number[] => [id, body.length, ...body];
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];

/** A module with one exported function `run(i32) -> i32` and one immutable global. */
function moduleOf(
  code: readonly number[],
  options: { imports?: number[]; exports?: number[] } = {},
): Uint8Array {
  const body = [0, ...code, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, I32, 1, I32]),
    ...(options.imports ? section(2, options.imports) : []),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(6, [1, I32, 0, 0x41, 7, 0x0b]),
    ...section(7, options.exports ?? [2, ...text('run'), 0, 0, ...text('seven'), 3, options.imports ? 1 : 0]),
    ...section(10, [1, body.length, ...body]),
    ...section(0, [...text('name'), 1, 2, 3]),
  ]);
}

interface Metered {
  run(value: number): number;
  readonly rankguard_fuel: { value: number };
  readonly seven: { value: number };
}
function load(wasm: Uint8Array, imports: object = {}): Metered {
  return new WebAssembly.Instance(new WebAssembly.Module(wasm), imports).exports as unknown as Metered;
}

/** Counts its argument down to zero in a loop, then gives it. */
const COUNT_DOWN = [
  ...[0x03, 0x40, 0x20, 0, 0x45, 0x45, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x21, 0, 0x0c, 1, 0x0b, 0x0b],
  ...[0x20, 0],
];
const FOREVER = [0x03, 0x40, 0x0c, 0, 0x0b, 0x20, 0];
/** Calls itself without end. */
const RECURSE = [0x20, 0, 0x10, 0];

function codeThrown(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

describe('meter', () => {
  test('leaves what the module does and exports as it was', () => {
    const { run, seven } = load(meter(moduleOf(COUNT_DOWN)));
    expect([run(0), run(5), run(1000)]).toEqual([0, 0, 0]);
    expect(seven.value).toBe(7);
  });

  test('burns fuel for each call and for each turn of a loop', () => {
    const { run, rankguard_fuel: fuel } = load(meter(moduleOf(COUNT_DOWN)));
    const burnt = (value: number): number => {
      fuel.value = 1_000_000;
      run(value);
      return 1_000_000 - fuel.value;
    };
    // One for the call, one for each time round: value turns and the one that finds zero.
    expect([burnt(0), burnt(1), burnt(1000)]).toEqual([2, 3, 1002]);
  });

  test.each([
    ['a loop without end', FOREVER],
    ['a recursion without end', RECURSE],
  ])('stops %s and leaves the fuel below zero', (_, code) => {
    const { run, rankguard_fuel: fuel } = load(meter(moduleOf(code)));
    fuel.value = 1000;
    expect(() => run(1)).toThrow('unreachable');
    expect(fuel.value).toBe(-1);
  });

  test('charges a long straight line for its instructions', () => {
    const nops = Array.from({ length: 100 }, () => 0x01);
    const { run, rankguard_fuel: fuel } = load(meter(moduleOf([...nops, 0x20, 0])));
    fuel.value = 100;
    run(1);
    expect(fuel.value).toBe(100 - 4);
  });

  test('counts imported globals when it numbers its own', () => {
    const imports = [1, ...text('env'), ...text('g'), 3, I32, 0];
    const {
      run,
      rankguard_fuel: fuel,
      seven,
    } = load(meter(moduleOf(COUNT_DOWN, { imports })), { env: { g: 3 } });
    fuel.value = 50;
    run(1);
    expect([fuel.value, seven.value]).toEqual([47, 7]);
  });

  test('gives the same bytes for the same module, without custom sections', () => {
    const once = meter(moduleOf(COUNT_DOWN));
    expect(Buffer.from(meter(moduleOf(COUNT_DOWN)))).toEqual(Buffer.from(once));
    expect(Buffer.from(once).includes('name')).toBe(false);
  });

  test.each([
    ['no module', Uint8Array.from([1, 2, 3])],
    ['a module of another version', moduleOf(COUNT_DOWN).with(4, 2)],
    ['bulk memory, whose work no counter sees', moduleOf([0x41, 0, 0x41, 0, 0x41, 8, 0xfc, 11, 0, 0x20, 0])],
    ['an atomic instruction', moduleOf([0xfe, 0x03, 0, 0x20, 0])],
    ['a SIMD instruction', moduleOf([0xfd, 0x0c, 0x20, 0])],
    ['an exception handler', moduleOf([0x06, 0x40, 0x0b, 0x20, 0])],
    ['a tail call', moduleOf([0x20, 0, 0x12, 0])],
    ['a metered module', meter(moduleOf(COUNT_DOWN))],
    ['a module that is not valid', moduleOf([0x6a])],
    ['an unknown section', Uint8Array.from([...moduleOf(COUNT_DOWN), 13, 0])],
  ])('refuses %s', (_, wasm) => {
    expect(codeThrown(() => meter(wasm))).toBe('COMPILER_FAILED');
  });

  test('refuses every truncation', () => {
    const whole = moduleOf(COUNT_DOWN);
    const customLength = 10;
    for (let length = 0; length < whole.length - customLength; length += 1) {
      expect([length, codeThrown(() => meter(whole.subarray(0, length)))]).toEqual([
        length,
        'COMPILER_FAILED',
      ]);
    }
  });

  test('of damaged modules gives COMPILER_FAILED or a module that cannot run for ever', () => {
    const whole = moduleOf(COUNT_DOWN);
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const damaged = whole.with(at, byte);
        let metered: Uint8Array;
        try {
          metered = meter(damaged);
        } catch (error) {
          return codeOf(error) === 'COMPILER_FAILED';
        }
        const { run, rankguard_fuel: fuel } = load(metered, { env: {} });
        fuel.value = 10_000;
        // It may trap or give any number; that it comes back is the point.
        try {
          run?.(100);
        } catch {}
        return typeof fuel.value === 'number';
      }),
      { numRuns: 500 },
    );
  });
});
