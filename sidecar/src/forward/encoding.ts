import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const;

export type Decoded =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly why: 'encoding' | 'size' };

/**
 * Undoes a Content-Encoding (RFC 9110 section 8.4). One coding at most: a chain of them is a bomb or a mistake.
 * `maxBytes` bounds what comes out; nothing larger is ever held.
 */
export async function decodeBody(
  body: Buffer,
  contentEncoding: string | undefined,
  maxBytes: number,
): Promise<Decoded> {
  const coding = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (coding === 'identity' || coding === '') return { ok: true, body };
  const decode = DECODERS[coding as keyof typeof DECODERS];
  if (decode === undefined) return { ok: false, why: 'encoding' };
  try {
    return { ok: true, body: await decode(body, { maxOutputLength: maxBytes }) };
  } catch (error) {
    return {
      ok: false,
      why: (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'size' : 'encoding',
    };
  }
}
