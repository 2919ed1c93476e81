import { type Blob, isText } from './encoded.ts';
import type { Text } from './place.ts';

const NO_VALUE = 0xff;
/** RFC 1924 (as `base64.b85encode` and Git have it), and ZeroMQ's Z85. */
const ALPHABETS = [
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~',
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#',
].map((alphabet) => valuesOf(alphabet));
/** Ascii85: `!` to `u`. */
const ASCII85 = valuesOf(String.fromCharCode(...Array.from({ length: 85 }, (_, value) => value + 0x21)));
/** Eleven bytes. */
const SHORTEST = 14;
const LONGEST = 4096;
/** A word that base64 could not have written; quotes end it. */
const SIGN = /[!#$%&()*;<>?@^`{|}~]/;

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(256).fill(NO_VALUE);
  for (const [value, character] of [...alphabet].entries()) values[character.charCodeAt(0)] = value;
  return values;
}

/** The word around `at` as base 85, and up to where the text has been looked at. Nothing before `from` belongs to it. */
export function radix85At(
  text: Text,
  at: number,
  from: number,
): { readonly blob: Blob | null; readonly end: number } {
  const { buffer, high } = text;
  let start = at;
  while (start > from && buffer[start - 1]! > 0x20 && buffer[start - 1]! < 0x7f) start--;
  let end = at;
  while (end < high && buffer[end]! > 0x20 && buffer[end]! < 0x7f) end++;
  if (end - start < SHORTEST || end - start > LONGEST) return { blob: null, end };
  const word = text.slice(start, end);
  if (!SIGN.test(word)) return { blob: null, end };
  const decoded = decodedOf(word);
  return { blob: decoded === undefined ? null : { start, end, decoded }, end };
}

function decodedOf(word: string): Buffer | undefined {
  const framed = /^<~(.*)~>$/.exec(word)?.[1];
  const looks = framed === undefined ? [...ALPHABETS, ASCII85] : [ASCII85];
  for (const values of looks) {
    const bytes = decode(framed ?? word, values);
    if (bytes !== undefined && isText(bytes)) return bytes;
  }
  return undefined;
}

/** Five characters are four bytes; the last may be fewer, one less than its characters. */
function decode(word: string, values: Uint8Array): Buffer | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < word.length; at += 5) {
    const size = Math.min(5, word.length - at);
    let value = 0;
    for (let place = 0; place < 5; place++) {
      const digit = place < size ? values[word.charCodeAt(at + place)]! : 84;
      if (digit === NO_VALUE) return undefined;
      value = value * 85 + digit;
    }
    if (size === 1 || value > 0xffff_ffff) return undefined;
    for (let place = 0; place < size - 1; place++)
      bytes.push(Math.floor(value / 2 ** (24 - 8 * place)) & 0xff);
  }
  return Buffer.from(bytes);
}
