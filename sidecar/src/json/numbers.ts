/** Decimals of up to so many digits always survive a double (IEEE 754 binary64). */
const ALWAYS_KEPT = 15;
/** More digits than this no double gives back. */
const NEVER_KEPT = 17;

/**
 * A JSON number as JavaScript has it, or its text where JavaScript would have another number: beyond 2^53 - 1
 * either way, or when the double does not give back the digits (long decimals, overflow, underflow).
 */
export function exactNumber(text: string): number | string {
  const value = Number(text);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return text;
  if (text.length <= ALWAYS_KEPT && !/e/i.test(text)) return value;
  const digits = significantDigits(text);
  if (digits === '') return value;
  if (digits.length > NEVER_KEPT) return text;
  return significantDigits(value.toPrecision(digits.length)) === digits ? value : text;
}

function significantDigits(text: string): string {
  return text
    .replace(/e.*/i, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');
}
