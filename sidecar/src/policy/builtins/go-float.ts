/** Decimal digits without trailing zeros, and where the point is: 0.DIGITS × 10^point. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

export type FloatVerb = 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X' | 'b';

/**
 * Go's strconv.FormatFloat for a finite float64: correctly rounded, half to even (JavaScript's toFixed and
 * toExponential round half up). `precision` -1 asks for the fewest digits that read back as the same number.
 */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  if (verb === 'b') return sign + binaryExponent(magnitude);
  if (verb === 'x' || verb === 'X') {
    const text = hexadecimal(magnitude, precision);
    return sign + (verb === 'X' ? text.toUpperCase() : text);
  }
  return sign + decimal(magnitude, verb, precision);
}

function decimal(value: number, verb: 'e' | 'E' | 'f' | 'g' | 'G', precision: number): string {
  const shortest = precision < 0;
  const lower = verb.toLowerCase();
  if (lower === 'f') {
    const { digits, point } = shortest ? shortestDecimal(value) : round(value, { decimals: precision });
    return fixed(digits, point, shortest ? Math.max(digits.length - point, 0) : precision);
  }
  if (lower === 'e') {
    const { digits, point } = shortest
      ? shortestDecimal(value)
      : round(value, { significant: precision + 1 });
    return exponential(digits, point, shortest ? Math.max(digits.length - 1, 0) : precision, verb);
  }
  return general(value, precision, verb === 'G' ? 'E' : 'e');
}

/** %g: the exponent form for small and large numbers, else the plain one, without trailing zeros. */
function general(value: number, precision: number, letter: string): string {
  const shortest = precision < 0;
  const significant = precision === 0 ? 1 : precision;
  const { digits, point } = shortest ? shortestDecimal(value) : round(value, { significant });
  const whole = digits.length >= point;
  const limit = shortest ? 6 : whole ? Math.min(significant, digits.length) : significant;
  const exponent = point - 1;
  if (exponent < -4 || exponent >= limit) {
    return exponential(digits, point, Math.max(digits.length - 1, 0), letter);
  }
  return fixed(digits, point, Math.max(digits.length - point, 0));
}

function exponential(digits: string, point: number, places: number, letter: string): string {
  const fraction = digits.slice(1).padEnd(places, '0');
  const exponent = digits === '' ? 0 : point - 1;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits[0] ?? '0'}${places > 0 ? `.${fraction}` : ''}${letter}${exponent < 0 ? '-' : '+'}${size}`;
}

function fixed(digits: string, point: number, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (places === 0) return whole;
  const leading = '0'.repeat(Math.min(Math.max(-point, 0), places));
  const fraction = (leading + digits.slice(Math.max(point, 0))).padEnd(places, '0');
  return `${whole}.${fraction}`;
}

function trimmed(digits: string, point: number): Decimal {
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? { digits: '', point: 0 } : { digits: kept, point };
}

function shortestDecimal(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  return trimmed(mantissa.replace('.', ''), Number(exponent) + 1);
}

function round(value: number, to: { decimals: number } | { significant: number }): Decimal {
  const { digits, point } = exactDecimal(value);
  const keep = 'significant' in to ? to.significant : point + to.decimals;
  if (keep >= digits.length) return trimmed(digits, point);
  if (keep < 0) return { digits: '', point: 0 };
  const head = digits.slice(0, keep);
  const rest = digits.slice(keep);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const odd = keep > 0 && Number(head[keep - 1]) % 2 === 1;
  if (rest < half || (rest === half && !odd)) return trimmed(head, point);
  const up = String(BigInt(head === '' ? '0' : head) + 1n).padStart(keep, '0');
  return trimmed(up, point + (up.length - keep));
}

/** Every digit of a float64: it is an integer times a power of two. */
function exactDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const { mantissa, exponent } = parts(value);
  if (exponent >= 0) {
    const whole = String(mantissa << BigInt(exponent));
    return trimmed(whole, whole.length);
  }
  const scaled = String(mantissa * 5n ** BigInt(-exponent));
  return trimmed(scaled, scaled.length + exponent);
}

/** value = mantissa × 2^exponent */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function binaryExponent(value: number): string {
  const { mantissa, exponent } = parts(value);
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function hexadecimal(value: number, precision: number): string {
  let { mantissa, exponent } = parts(value);
  if (mantissa === 0n) return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`;
  const shift = 53 - mantissa.toString(2).length;
  mantissa <<= BigInt(shift);
  exponent += 52 - shift;
  const dropped = precision < 0 ? 0 : Math.max(13 - precision, 0) * 4;
  if (dropped > 0) mantissa = halfToEven(mantissa, BigInt(dropped));
  if (mantissa >= 1n << 53n) {
    mantissa >>= 1n;
    exponent += 1;
  }
  const all = mantissa.toString(16);
  const fraction =
    precision < 0 ? all.slice(1).replace(/0+$/, '') : all.slice(1, 1 + precision).padEnd(precision, '0');
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `0x1${fraction === '' ? '' : `.${fraction}`}p${exponent < 0 ? '-' : '+'}${size}`;
}

/** Rounds to a multiple of 2^bits. */
function halfToEven(value: bigint, bits: bigint): bigint {
  const kept = value >> bits;
  const rest = value & ((1n << bits) - 1n);
  const half = 1n << (bits - 1n);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return (kept + (up ? 1n : 0n)) << bits;
}
