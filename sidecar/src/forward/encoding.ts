import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

export type Decoded =
  | { readonly ok: true; readonly body: Buffer }
  /** `encoding`: not that coding. `size`: larger than one call may be. `room`: larger than all calls together may be. */
  | { readonly ok: false; readonly why: 'encoding' | 'size' | 'room' };

export interface DecodeBounds {
  readonly maxBytes: number;
  /** Asked for each piece before it is kept. */
  readonly reserve: (bytes: number) => boolean;
}

/**
 * Undoes a Content-Encoding (RFC 9110 section 8.4). One coding at most: a chain of them is a bomb or a mistake.
 * Decoding stops at the first piece over a bound, so a bomb never unfolds.
 */
export async function decodeBody(
  body: Buffer,
  contentEncoding: string | undefined,
  { maxBytes, reserve }: DecodeBounds,
): Promise<Decoded> {
  const coding = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (coding === 'identity' || coding === '') return { ok: true, body };
  const create = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (create === undefined) return { ok: false, why: 'encoding' };
  const decoder = create();
  decoder.end(body);
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of decoder as AsyncIterable<Buffer>) {
      bytes += piece.length;
      // Leaving the loop destroys the decoder.
      if (bytes > maxBytes) return { ok: false, why: 'size' };
      if (!reserve(piece.length)) return { ok: false, why: 'room' };
      pieces.push(piece);
    }
  } catch {
    return { ok: false, why: 'encoding' };
  }
  return { ok: true, body: Buffer.concat(pieces, bytes) };
}
