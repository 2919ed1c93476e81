import { type Builtin, fault } from './arguments.ts';
import { number, type Value } from './values.ts';

/** OPA takes six digits; a number with a million digits would cost more than a policy may. */
const MAX_EXPONENT = 400;
const MAX_DIGITS = 400;

export const UNITS_BUILTINS = {
  'units.parse': (args) => parseUnits(args.string(0)),
  'units.parse_bytes': (args) => parseBytes(args.string(0)),
} satisfies Record<string, Builtin>;

interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const POWERS = ['k', 'm', 'g', 't', 'p', 'e'];

function parseBytes(text: string): Value {
  const { amount, unit } = split(text.toLowerCase().replaceAll('"', ''));
  const found = /^([kmgtpe])(i?)b?$/.exec(unit);
  if (unit !== '' && found === null) throw fault('byte unit not recognized');
  const factor = found === null ? 1n : (found[2] === 'i' ? 1024n : 1000n) ** power(found[1]);
  // OPA reckons with a mantissa of 64 bits and cuts the rest off.
  const value = toMantissa64(amount);
  const product = toMantissa64({ ...value, numerator: value.numerator * factor });
  return number(product.numerator / product.denominator);
}

function parseUnits(text: string): Value {
  const { amount, unit } = split(text.replaceAll('"', ''));
  const factor = unitFactor(unit.slice(0, 1) + unit.slice(1).toLowerCase());
  const numerator = amount.numerator * factor.numerator;
  const denominator = amount.denominator * factor.denominator;
  if (numerator % denominator === 0n) return number(numerator / denominator);
  return number(decimals(numerator, denominator, 10));
}

function unitFactor(unit: string): Rational {
  if (unit === '') return { numerator: 1n, denominator: 1n };
  // The float64 nearest to 0.001, as OPA has it.
  if (unit === 'm') return { numerator: 1152921504606847n, denominator: 2n ** 60n };
  const found = /^([kKMgGtTpPeE])$|^([kKmMgGtTpPeE])i$/.exec(unit);
  if (found === null) throw fault('unit not recognized');
  const base = found[1] === undefined ? 1024n : 1000n;
  return { numerator: base ** power(found[1] ?? found[2]), denominator: 1n };
}

function power(letter = ''): bigint {
  return BigInt(POWERS.indexOf(letter.toLowerCase()) + 1);
}

function split(text: string): { amount: Rational; unit: string } {
  if (text.includes(' ')) throw fault('spaces not allowed in resource strings');
  // An e is an exponent only where a digit or a sign follows; otherwise it is exa.
  const amount = /^(?:[\d.+-]|[eE](?=[\d+-]))*/.exec(text)?.[0] ?? '';
  if (amount === '') throw fault('no amount provided');
  return { amount: parseAmount(amount), unit: text.slice(amount.length) };
}

function parseAmount(text: string): Rational {
  const found = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  const [, sign, whole = '', fraction = '', exponentText = '0'] = found ?? [];
  const digits = whole + fraction;
  if (found === null || digits === '') throw fault('could not parse amount to a number');
  const exponent = Number(exponentText) - fraction.length;
  if (Math.abs(Number(exponentText)) > MAX_EXPONENT || digits.length > MAX_DIGITS) {
    throw fault('amount too large');
  }
  const magnitude = BigInt(digits);
  const signed = sign === '-' ? -magnitude : magnitude;
  return exponent >= 0
    ? { numerator: signed * 10n ** BigInt(exponent), denominator: 1n }
    : { numerator: signed, denominator: 10n ** BigInt(-exponent) };
}

/** Rounds to 64 significant bits, half to even, as Go's big.Float does. */
function toMantissa64({ numerator, denominator }: Rational): Rational {
  if (numerator === 0n) return { numerator, denominator };
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  let shift = BigInt(64 - (magnitude.toString(2).length - denominator.toString(2).length));
  let mantissa = divideHalfToEven(scale(magnitude, shift), scale(denominator, -shift));
  const excess = BigInt(mantissa.toString(2).length - 64);
  if (excess > 0n) {
    shift -= excess;
    mantissa = divideHalfToEven(scale(magnitude, shift), scale(denominator, -shift));
  }
  return {
    numerator: scale(negative ? -mantissa : mantissa, -shift),
    denominator: scale(1n, shift),
  };
}

function scale(value: bigint, shift: bigint): bigint {
  return shift > 0n ? value << shift : value;
}

function divideHalfToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return quotient + (up ? 1n : 0n);
}

/** A fixed number of decimals, halves away from zero. */
function decimals(numerator: bigint, denominator: bigint, places: number): string {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const scaled = (magnitude * 10n ** BigInt(places) * 2n + denominator) / (denominator * 2n);
  const digits = String(scaled).padStart(places + 1, '0');
  return `${numerator < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
