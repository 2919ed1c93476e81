import { isUtf8 } from 'node:buffer';
import type { Kernel } from '../kernel/index.ts';
import { TapeDocument } from './document.ts';
import { FAILURES } from './failures.ts';
import type { JsonReader, ReadLimits, ReadResult } from './types.ts';
import { findInvalidUtf8 } from './utf8.ts';

export { splice } from './splice.ts';
export {
  type Edit,
  Flag,
  type JsonDocument,
  type JsonReader,
  Kind,
  type ReadLimits,
  type ReadResult,
} from './types.ts';

/** What real bodies stay far below. */
export const DEFAULT_LIMITS: ReadLimits = { depth: 64, tokens: 1_000_000 };

/**
 * A strict reader (RFC 8259): the whole text is one value in valid UTF-8 without a byte order mark; nothing is
 * accepted that two readers could read differently (repeated member names, lone surrogates), and nothing that
 * costs more than its length. Its documents share `kernel`: each `read` makes the one before stale, also when
 * another reader or a scan loads something into the same kernel.
 */
export function createJsonReader({ kernel }: { readonly kernel: Kernel }): JsonReader {
  return { read };

  function read(bytes: Buffer, limits: ReadLimits = DEFAULT_LIMITS): ReadResult {
    if (bytes.length > kernel.longest)
      return failed('BODY_TOO_LARGE', 'more than can be read', kernel.longest);
    if (!isUtf8(bytes)) return failed('BODY_NOT_UTF8', 'an invalid UTF-8 sequence', findInvalidUtf8(bytes));
    if (startsWithMark(bytes)) return failed('BODY_NOT_JSON', 'a byte order mark', 0);
    kernel.load(bytes, limits.tokens);
    const count = kernel.tokenize(limits.depth);
    if (count > 0) return { ok: true, document: new TapeDocument(kernel, bytes, count) };
    const { code, message } = FAILURES[-count] ?? FAILURES[0]!;
    return failed(code, message, kernel.failureOffset);
  }
}

function startsWithMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function failed(code: Extract<ReadResult, { ok: false }>['code'], what: string, offset: number): ReadResult {
  return { ok: false, code, message: `${what} at byte ${offset}`, offset };
}
