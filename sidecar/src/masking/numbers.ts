/** A number of fewer digits is no identifier. */
const LEAST_DIGITS = 7;

/**
 * The digits of a JSON number that is whole, however it is written (`4111111111111111`, `4.111e15`), or null:
 * measures and scores are no identifiers.
 */
export function wholeNumber(bytes: Buffer, start: number, end: number): string | null {
  if (end - start < 4) return null;
  const text = bytes.toString('latin1', start, end);
  if (/^-?\d+$/.test(text)) return text.length >= LEAST_DIGITS ? text : null;
  if (!/[eE]|\.0+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) && Math.abs(value) >= 10 ** (LEAST_DIGITS - 1) ? String(value) : null;
}
