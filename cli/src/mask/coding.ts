import { isUtf8 } from 'node:buffer';
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import { CodedError } from '@rankguard/contract';

/** What an input may inflate to, in bytes. */
const MOST = 256 * 1024 * 1024;

interface Coding {
  readonly begins: (bytes: Buffer) => boolean;
  readonly decode: (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;
  readonly encode: (bytes: Buffer) => Buffer;
}

/** RFC 1952, RFC 8878 and RFC 1950, told by how they begin; `x^` is text. */
const CODINGS: readonly Coding[] = [
  { begins: (bytes) => bytes.readUInt16BE(0) === 0x1f8b, decode: gunzipSync, encode: gzipSync },
  {
    begins: (bytes) => bytes.readUInt32BE(0) === 0x28b52ffd,
    decode: zstdDecompressSync,
    encode: zstdCompressSync,
  },
  {
    begins: (bytes) => [0x7801, 0x789c, 0x78da].includes(bytes.readUInt16BE(0)),
    decode: inflateSync,
    encode: deflateSync,
  },
];

/** RFC 7932 has no beginning of its own: what is no text may be it, and is when all of it can be decoded. */
const BROTLI: Coding = {
  begins: (bytes) => !isUtf8(bytes) && bytes[0] !== 0xff && bytes[0] !== 0xfe,
  decode: brotliDecompressSync,
  encode: (bytes) => brotliCompressSync(bytes),
};

/** Masks what an input says, and leaves it in the coding it came in. Throws BODY_ENCODING for what cannot be decoded. */
export function withCoding(input: Buffer, mask: (plain: Buffer) => Buffer): Buffer {
  const coding = input.length < 4 ? undefined : CODINGS.find(({ begins }) => begins(input));
  if (coding === undefined) return withBrotli(input, mask);
  let plain: Buffer;
  try {
    plain = coding.decode(input, { maxOutputLength: MOST });
  } catch (cause) {
    throw new CodedError('BODY_ENCODING', 'the compressed input cannot be decoded', { cause });
  }
  const masked = mask(plain);
  return masked.equals(plain) ? input : coding.encode(masked);
}

function withBrotli(input: Buffer, mask: (plain: Buffer) => Buffer): Buffer {
  if (input.length < 4 || !BROTLI.begins(input)) return mask(input);
  let plain: Buffer;
  try {
    plain = BROTLI.decode(input, { maxOutputLength: MOST });
  } catch {
    return mask(input);
  }
  const masked = mask(plain);
  return masked.equals(plain) ? input : BROTLI.encode(masked);
}
