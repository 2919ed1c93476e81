import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CodedError } from '@rankguard/contract';

const BLOCK = 512;
const MAX_BYTES = 256 * 1024 * 1024;
const unzip = promisify(gunzip);

/**
 * One file of a `.tar.gz` that `opa build` wrote (POSIX ustar, short names).
 *
 * @throws CodedError COMPILER_FAILED when the archive cannot be read or lacks the file.
 */
export async function readFromTarGz(archive: Uint8Array, name: string): Promise<Uint8Array> {
  let tar: Buffer;
  try {
    tar = await unzip(archive, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw new CodedError('COMPILER_FAILED', 'the bundle that opa wrote cannot be unpacked', { cause });
  }
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const entry = text(tar, at, 100);
    if (entry === '') break;
    const size = Number.parseInt(text(tar, at + 124, 12), 8);
    if (!Number.isSafeInteger(size)) break;
    const start = at + BLOCK;
    if (entry.replace(/^\//, '') === name) return tar.subarray(start, start + size);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new CodedError('COMPILER_FAILED', `the bundle that opa wrote has no ${name}`);
}

function text(tar: Buffer, from: number, length: number): string {
  const field = tar.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? length : end).trim();
}
