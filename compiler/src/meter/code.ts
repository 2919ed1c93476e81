import { type ByteReader, createByteReader, notMeterable, signedLeb, unsignedLeb } from './bytes.ts';

/** One unit of fuel pays for this many instructions, at most. */
const INSTRUCTIONS_PER_UNIT = 32;

/** The instructions that run at most once each time its start is passed: a function or a loop, without inner loops. */
interface Region {
  readonly at: number;
  instructions: number;
}

const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32LtS: 0x48,
  i32Sub: 0x6b,
} as const;
const EMPTY_BLOCK = 0x40;

/** Rewrites one function body (without its size) so that its start and every loop in it burn fuel. */
export function meterBody(body: Uint8Array, fuelGlobal: number): Uint8Array {
  const regions = findRegions(body);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const region of regions) {
    parts.push(body.subarray(from, region.at), burn(region.instructions, fuelGlobal));
    from = region.at;
  }
  parts.push(body.subarray(from));
  return concat(parts);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function burn(instructions: number, fuelGlobal: number): Uint8Array {
  const fuel = unsignedLeb(fuelGlobal);
  const cost = signedLeb(Math.max(1, Math.ceil(instructions / INSTRUCTIONS_PER_UNIT)));
  return Uint8Array.from([
    ...[OP.globalGet, ...fuel, OP.i32Const, ...cost, OP.i32Sub, OP.globalSet, ...fuel],
    ...[OP.globalGet, ...fuel, OP.i32Const, 0, OP.i32LtS],
    ...[OP.if, EMPTY_BLOCK, OP.unreachable, OP.end],
  ]);
}

function findRegions(body: Uint8Array): readonly Region[] {
  const reader = createByteReader(body);
  for (let groups = reader.unsigned(); groups > 0; groups -= 1) {
    reader.unsigned();
    reader.byte();
  }
  const whole: Region = { at: reader.at, instructions: 0 };
  const regions = [whole];
  const open = [whole];
  while (open.length > 0) {
    const region = open[open.length - 1]!;
    region.instructions += 1;
    const opcode = reader.byte();
    switch (opcode) {
      case OP.block:
      case OP.if:
        reader.skipLeb(5);
        open.push(region);
        break;
      case OP.loop: {
        reader.skipLeb(5);
        const loop = { at: reader.at, instructions: 0 };
        regions.push(loop);
        open.push(loop);
        break;
      }
      case OP.end:
        open.pop();
        break;
      default:
        skipImmediates(reader, opcode);
    }
  }
  if (!reader.done) throw notMeterable('a function goes on after its end');
  return regions;
}

type SkipImmediates = (reader: ByteReader) => void;
const none: SkipImmediates = () => undefined;
/** An index, a label, an i32, or a reserved byte. */
const one: SkipImmediates = (reader) => reader.skipLeb(5);
const two: SkipImmediates = (reader) => {
  one(reader);
  one(reader);
};

/** WebAssembly core specification 1.0 §5.4 with sign extension and saturating conversion. */
const IMMEDIATES: ReadonlyMap<number, SkipImmediates> = new Map([
  ...codes([0x00, 0x01, 0x05, 0x0f, 0x1a, 0x1b], none), // unreachable, nop, else, return, drop, select
  ...codes(range(0x45, 0xc4), none), // arithmetic, comparison, conversion
  ...codes([0x0c, 0x0d, 0x10, ...range(0x20, 0x24)], one), // br, br_if, call, variables
  ...codes([0x3f, 0x40, OP.i32Const], one), // memory.size, memory.grow
  ...codes([0x11, ...range(0x28, 0x3e)], two), // call_indirect, loads and stores
  [0x0e, skipLabels], // br_table
  [0x1c, (reader) => reader.skip(reader.unsigned())], // select with types
  [0x42, (reader) => reader.skipLeb(10)], // i64.const
  [0x43, (reader) => reader.skip(4)], // f32.const
  [0x44, (reader) => reader.skip(8)], // f64.const
  [0xfc, skipPrefixed],
]);

function skipImmediates(reader: ByteReader, opcode: number): void {
  const skip = IMMEDIATES.get(opcode);
  if (skip === undefined) throw notMeterable(`opcode 0x${opcode.toString(16)} is unknown`);
  skip(reader);
}

function skipLabels(reader: ByteReader): void {
  for (let labels = reader.unsigned() + 1; labels > 0; labels -= 1) one(reader);
}

function skipPrefixed(reader: ByteReader): void {
  const sub = reader.unsigned();
  // Bulk memory (8 and up) does work in proportion to an operand, which counting instructions cannot see:
  // a loop of memory.fill over the whole memory would outlast any budget. OPA's runtime is built without it.
  if (sub > 7) throw notMeterable(`opcode 0xfc ${sub} does an unbounded amount of work`);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function codes(opcodes: readonly number[], skip: SkipImmediates): [number, SkipImmediates][] {
  return opcodes.map((opcode) => [opcode, skip]);
}
