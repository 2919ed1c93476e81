import { createHash } from 'node:crypto';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
/** What the checksum leaves: bech32 (BIP 173) and bech32m (BIP 350). */
const LEFT = [1, 0x2bc830a3];

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** Base58Check: 21 bytes and the first four of their double SHA-256. */
function isBase58(text: string): boolean {
  let value = 0n;
  for (const character of text) {
    const digit = BASE58.indexOf(character);
    if (digit < 0) return false;
    value = value * 58n + BigInt(digit);
  }
  const hex = value.toString(16).padStart(50, '0');
  if (hex.length !== 50) return false;
  const bytes = Buffer.from(hex, 'hex');
  return sha256(sha256(bytes.subarray(0, 21)))
    .subarray(0, 4)
    .equals(bytes.subarray(21));
}

/** A segregated-witness address of the Bitcoin main network. */
function isBech32(text: string): boolean {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return false;
  let rest = 1;
  const step = (value: number) => {
    const top = rest >>> 25;
    rest = (((rest & 0x1ffffff) << 5) ^ value) >>> 0;
    for (let bit = 0; bit < 5; bit++) if (((top >> bit) & 1) === 1) rest = (rest ^ GENERATOR[bit]!) >>> 0;
  };
  for (const value of [3, 3, 0, 2, 3]) step(value);
  for (const character of lower.slice(3)) {
    const value = BECH32.indexOf(character);
    if (value < 0) return false;
    step(value);
  }
  return LEFT.includes(rest);
}

/** Whether a run of letters and digits is the address of a wallet: Bitcoin by its checksum, Ethereum by its form. */
export function isWallet(text: string): boolean {
  if (text.length >= 26 && text.length <= 35 && (text[0] === '1' || text[0] === '3')) return isBase58(text);
  if (/^bc1/i.test(text) && text.length >= 42 && text.length <= 62) return isBech32(text);
  return text.length === 42 && /^0x[0-9a-f]{40}$/i.test(text);
}
