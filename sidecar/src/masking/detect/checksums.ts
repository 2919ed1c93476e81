/** Check digits. Each takes letters and digits without separators, of the right length. */

const digitAt = (text: string, at: number): number => text.charCodeAt(at) - 48;

/** ISO/IEC 7812-1 Annex B. */
export function luhn(text: string): boolean {
  let sum = 0;
  let double = false;
  for (let at = text.length - 1; at >= 0; at--, double = !double) {
    let digit = digitAt(text, at);
    if (double) {
      digit *= 2;
      if (digit > 9) digit -= 9;
    }
    sum += digit;
  }
  return sum % 10 === 0;
}

/** The sum of the digits, each times its weight. */
export function weighted(text: string, weights: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += digitAt(text, at) * weights[at]!;
  return sum;
}

/** The remainder of a number of any length; letters count 10 to 35 as in ISO 7064. */
export function remainder(text: string, modulus: number): number {
  let rest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    rest = code < 65 ? (rest * 10 + code - 48) % modulus : (rest * 100 + code - 55) % modulus;
  }
  return rest;
}

/** ISO 7064, mod 11,10. */
export function iso7064(text: string): boolean {
  let product = 10;
  for (let at = 0; at < text.length - 1; at++) {
    const sum = (digitAt(text, at) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(text, text.length - 1);
}

const DIHEDRAL = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const PERMUTED = (() => {
  const rows = ['0123456789', '1576283094'];
  for (let row = 2; row < 8; row++) {
    rows.push([...rows[row - 1]!].map((digit) => rows[1]![Number(digit)]!).join(''));
  }
  return rows;
})();

/** Verhoeff's dihedral check. */
export function verhoeff(text: string): boolean {
  let check = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = digitAt(PERMUTED[at % 8]!, digitAt(text, text.length - 1 - at));
    check = digitAt(DIHEDRAL[check]!, digit);
  }
  return check === 0;
}

/** Luhn over letters too: each letter is its ISO 7064 number, digit by digit; used by 1-2 weights from the left. */
export function sumOfDigits(value: number): number {
  return value > 9 ? Math.floor(value / 10) + (value % 10) : value;
}

/** Weights 7, 3, 1 over letters and digits: ICAO Doc 9303 part 3. */
export function icao(text: string, check: string): boolean {
  let sum = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    sum += (code < 65 ? code - 48 : code - 55) * [7, 3, 1][at % 3]!;
  }
  return sum % 10 === check.charCodeAt(0) - 48;
}

/** Whether day and month can be; `day` may carry an offset that the caller has taken off. */
export function isDate(day: number, month: number): boolean {
  return (
    day >= 1 &&
    day <= 31 &&
    month >= 1 &&
    month <= 12 &&
    day <= [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!
  );
}

export const allSame = (text: string): boolean => {
  for (let at = 1; at < text.length; at++) if (text.charCodeAt(at) !== text.charCodeAt(0)) return false;
  return true;
};
