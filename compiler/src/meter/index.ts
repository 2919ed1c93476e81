import { type ByteReader, createByteReader, notMeterable, unsignedLeb } from './bytes.ts';
import { concat, meterBody } from './code.ts';

/** The mutable i32 global that a metered module exports: what is left of the budget; below zero it traps. */
export const FUEL_EXPORT = 'rankguard_fuel';

const SECTION = { custom: 0, import: 2, global: 6, export: 7, start: 8, code: 10, dataCount: 12 } as const;
const EXTERNAL_GLOBAL = 3;
/** \0asm, version 1. */
const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** i32, mutable, 2^31 - 1: the start function runs before a host can set a budget. */
const FUEL_GLOBAL = [0x7f, 0x01, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0b];

/** Node has it; the compiler's `es2023` library has no types for it. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: { validate(bytes: Uint8Array): boolean };
};

interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

/**
 * Makes a compiled policy stop itself: returns the module with the global {@link FUEL_EXPORT} added, burnt at
 * the entry of every function and at every turn of every loop, and trapping (`unreachable`) when it falls
 * below zero. A region costs one unit for each 32 instructions in it, at least one, so that a budget of N
 * units bounds what runs to 32 N instructions. All else is bounded by construction: `memory.grow` by the
 * memory's maximum, and bulk memory operations are refused.
 *
 * The host sets the global before each evaluation. Custom sections are dropped. Throws COMPILER_FAILED for
 * anything that is not understood; a module is never passed on unmetered.
 */
export function meter(wasm: Uint8Array): Uint8Array {
  const sections = readSections(wasm);
  const fuel = countGlobals(sections);
  const metered = sections.map((section): Section => {
    switch (section.id) {
      case SECTION.global:
        return { id: section.id, body: appendToVector(section.body, Uint8Array.from(FUEL_GLOBAL)) };
      case SECTION.export:
        return { id: section.id, body: appendToVector(section.body, fuelExport(section.body, fuel)) };
      case SECTION.code:
        return { id: section.id, body: meterCode(section.body, fuel) };
      default:
        return section;
    }
  });
  const out = writeSections(metered);
  if (!WebAssembly.validate(out)) throw notMeterable('the metered module is not valid');
  return out;
}

function readSections(wasm: Uint8Array): readonly Section[] {
  const reader = createByteReader(wasm);
  if (reader.take(PREAMBLE.length).some((byte, index) => byte !== PREAMBLE[index])) {
    throw notMeterable('it is not a WebAssembly module of version 1');
  }
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const body = reader.take(reader.unsigned());
    if (id > SECTION.dataCount) throw notMeterable(`section ${id} is unknown`);
    if (id !== SECTION.custom) sections.push({ id, body });
  }
  for (const id of [SECTION.global, SECTION.export, SECTION.code]) {
    if (sections.filter((section) => section.id === id).length !== 1) {
      throw notMeterable(`it has not exactly one section ${id}`);
    }
  }
  return sections;
}

function writeSections(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const parts = sections.flatMap(({ id, body }) => [
    Uint8Array.from([id, ...unsignedLeb(body.length)]),
    body,
  ]);
  return concat([Uint8Array.from(PREAMBLE), ...parts]);
}

/** Imported globals come first in the index space, then the module's own. */
function countGlobals(sections: readonly Section[]): number {
  let count = 0;
  for (const { id, body } of sections) {
    const reader = createByteReader(body);
    if (id === SECTION.import) count += countImportedGlobals(reader);
    if (id === SECTION.global) count += reader.unsigned();
  }
  return count;
}

function countImportedGlobals(reader: ByteReader): number {
  let globals = 0;
  for (let left = reader.unsigned(); left > 0; left -= 1) {
    reader.skip(reader.unsigned());
    reader.skip(reader.unsigned());
    const kind = reader.byte();
    switch (kind) {
      case 0: // function: its type
        reader.unsigned();
        break;
      case 1: // table: element type, limits
        reader.byte();
        skipLimits(reader);
        break;
      case 2: // memory
        skipLimits(reader);
        break;
      case EXTERNAL_GLOBAL:
        reader.skip(2);
        globals += 1;
        break;
      default:
        throw notMeterable(`import kind ${kind} is unknown`);
    }
  }
  return globals;
}

function skipLimits(reader: ByteReader): void {
  const flags = reader.byte();
  if (flags > 1) throw notMeterable('it has a shared or 64-bit memory');
  reader.unsigned();
  if (flags === 1) reader.unsigned();
}

function fuelExport(exports: Uint8Array, fuel: number): Uint8Array {
  const reader = createByteReader(exports);
  for (let left = reader.unsigned(); left > 0; left -= 1) {
    const name = Buffer.from(reader.take(reader.unsigned())).toString();
    if (name === FUEL_EXPORT) throw notMeterable(`it already exports ${FUEL_EXPORT}`);
    reader.byte();
    reader.unsigned();
  }
  const name = Buffer.from(FUEL_EXPORT);
  return Uint8Array.from([name.length, ...name, EXTERNAL_GLOBAL, ...unsignedLeb(fuel)]);
}

function appendToVector(body: Uint8Array, entry: Uint8Array): Uint8Array {
  const reader = createByteReader(body);
  const count = reader.unsigned();
  return concat([Uint8Array.from(unsignedLeb(count + 1)), body.subarray(reader.at), entry]);
}

function meterCode(body: Uint8Array, fuel: number): Uint8Array {
  const reader = createByteReader(body);
  const count = reader.unsigned();
  const parts: Uint8Array[] = [Uint8Array.from(unsignedLeb(count))];
  for (let left = count; left > 0; left -= 1) {
    const metered = meterBody(reader.take(reader.unsigned()), fuel);
    parts.push(Uint8Array.from(unsignedLeb(metered.length)), metered);
  }
  if (!reader.done) throw notMeterable('the code section goes on after its last function');
  return concat(parts);
}
