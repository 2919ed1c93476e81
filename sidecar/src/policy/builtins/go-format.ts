import { type FloatVerb, formatFloat } from './go-float.ts';
import { canBackquote, isPrintable, quote } from './go-quote.ts';

/** Flags, width and precision of one verb. null: not given. */
export interface Spec {
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  /** %#v and %+v are verbs of their own in Go: under `v` the flags lose their usual meaning. */
  sharpV: boolean;
  plusV: boolean;
  width: number | null;
  precision: number | null;
}

/** What OPA hands to Go's fmt: anything but numbers is a string. A `bigint` is an int64, `big` is beyond that. */
export type FormatArgument =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int64'; readonly value: bigint }
  | { readonly type: 'float64'; readonly value: number }
  | { readonly type: '*big.Int'; readonly value: bigint };

const MAX_RUNE = 0x10ffffn;
const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

/** One argument under one verb as Go's fmt prints it, or undefined where the verb does not fit the type. */
export function formatArgument(argument: FormatArgument, verb: string, spec: Spec): string | undefined {
  switch (argument.type) {
    case 'string':
      return formatString(argument.value, verb, spec);
    case 'int64':
      return formatInteger(argument.value, verb, spec);
    case 'float64':
      return formatNumber(argument.value, verb, spec);
    case '*big.Int':
      return formatBig(argument.value, verb, spec);
  }
}

function pad(text: string, { width, minus, zero }: Spec): string {
  const missing = (width ?? 0) - runes(text);
  if (missing <= 0) return text;
  if (minus) return text + ' '.repeat(missing);
  return (zero ? '0' : ' ').repeat(missing) + text;
}

function runes(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function formatString(value: string, verb: string, spec: Spec): string | undefined {
  if (verb === 'x' || verb === 'X') return hexBytes(value, verb, spec);
  const cut = spec.precision === null ? value : [...value].slice(0, spec.precision).join('');
  if (verb === 's' || (verb === 'v' && !spec.sharpV)) return pad(cut, spec);
  if (verb === 'q' || verb === 'v') {
    return pad(spec.sharp && canBackquote(cut) ? `\`${cut}\`` : quote(cut, '"', spec.plus), spec);
  }
  return undefined;
}

function hexBytes(value: string, verb: string, spec: Spec): string {
  const bytes = Buffer.from(value).subarray(0, spec.precision ?? undefined);
  if (bytes.length === 0) return pad('', spec);
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const text = spec.space ? pairs.join(spec.sharp ? ' 0x' : ' ') : pairs.join('');
  const prefixed = spec.sharp ? `0x${text}` : text;
  return pad(verb === 'X' ? prefixed.toUpperCase() : prefixed, spec);
}

function formatInteger(value: bigint, verb: string, spec: Spec): string | undefined {
  // Zeros count as digits and are already there: the rest is padded with spaces.
  const spaced = { ...spec, zero: false };
  switch (verb) {
    case 'c':
      return pad(rune(value), spec);
    case 'q':
      return pad(quote(rune(value), "'", spec.plus), spec);
    case 'U':
      return pad(unicode(value, spec), spaced);
    default: {
      const base = BASES[verb];
      if (base === undefined) return undefined;
      if (spec.precision === 0 && value === 0n) return pad('', spaced);
      return pad(digitsOf(value, { base, verb, spec }), spaced);
    }
  }
}

function digitsOf(value: bigint, how: { base: number; verb: string; spec: Spec }): string {
  const { base, verb, spec } = how;
  const sign = signOf(value < 0n, spec.plus, spec.space);
  let least = spec.precision ?? 0;
  if (spec.precision === null && spec.zero && !spec.minus && spec.width !== null) {
    least = spec.width - sign.length;
  }
  let digits = absolute(value).toString(base).padStart(least, '0');
  if (spec.sharp && base === 2) digits = `0b${digits}`;
  if (spec.sharp && base === 8 && digits[0] !== '0') digits = `0${digits}`;
  if (spec.sharp && base === 16) digits = `0x${digits}`;
  if (verb === 'X') digits = digits.toUpperCase();
  if (verb === 'O') digits = `0o${digits}`;
  return sign + digits;
}

function signOf(negative: boolean, plus: boolean, space: boolean): string {
  if (negative) return '-';
  if (plus) return '+';
  return space ? ' ' : '';
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function rune(value: bigint): string {
  if (value < 0n || value > MAX_RUNE || (value >= 0xd800n && value <= 0xdfffn)) return '\ufffd';
  return String.fromCodePoint(Number(value));
}

function unicode(value: bigint, spec: Spec): string {
  const code = BigInt.asUintN(64, value);
  const digits = code
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, spec.precision ?? 0), '0');
  const shown = spec.sharp && code <= MAX_RUNE && isPrintable(rune(code));
  return `U+${digits}${shown ? ` '${rune(code)}'` : ''}`;
}

const FLOAT_VERBS: Readonly<Record<string, readonly [FloatVerb, number]>> = {
  v: ['g', -1],
  g: ['g', -1],
  G: ['G', -1],
  b: ['b', -1],
  x: ['x', -1],
  X: ['X', -1],
  e: ['e', 6],
  E: ['E', 6],
  f: ['f', 6],
  F: ['f', 6],
};

function formatNumber(value: number, verb: string, spec: Spec): string | undefined {
  const known = FLOAT_VERBS[verb];
  if (known === undefined) return undefined;
  const [style, usual] = known;
  const precision = spec.precision ?? usual;
  const text = formatFloat(value, style, precision);
  const negative = text.startsWith('-');
  const magnitude = negative ? text.slice(1) : text;
  const shown = spec.sharp && style !== 'b' ? keepZeros(magnitude, style, precision) : magnitude;
  const sign = signOf(negative, spec.plus, spec.space);
  if (sign !== '' && spec.zero && !spec.minus && spec.width !== null) {
    return sign + pad(shown, { ...spec, width: Math.max(spec.width - 1, 0) });
  }
  return pad(sign + shown, spec);
}

/** The `#` flag: always a decimal point, and the zeros that %g and %x leave out. */
function keepZeros(text: string, style: FloatVerb, precision: number): string {
  const hex = style === 'x' || style === 'X';
  const split = text.search(hex ? /[pP]/ : /[eE]/);
  const head = split < 0 ? text : text.slice(0, split);
  const tail = split < 0 ? '' : text.slice(split);
  let missing = 0;
  if (style === 'g' || style === 'G' || style === 'x') {
    // The x of 0x counts as a digit in Go.
    const significant = head.replaceAll('.', '').replace(/^0+/, '').length;
    missing = (precision < 0 ? 6 : precision) - (head === '0' ? 1 : significant);
  }
  const pointed = head.includes('.') ? head : `${head}.`;
  return pointed + '0'.repeat(Math.max(missing, 0)) + tail;
}

/** Go's math/big formats itself: %s works, %c and %q do not, and zeros go between sign and digits. */
function formatBig(value: bigint, verb: string, spec: Spec): string | undefined {
  const base = verb === 's' ? 10 : BASES[verb];
  if (base === undefined) return verb === 'w' || verb === 'p' ? undefined : `%!${verb}(big.Int=${value})`;
  const sign = signOf(value < 0n, spec.plus || spec.plusV, spec.space);
  let prefix = verb === 'O' ? '0o' : '';
  if (spec.sharp || spec.sharpV) prefix = { b: '0b', o: '0', x: '0x', X: '0X' }[verb] ?? prefix;
  let digits = absolute(value)
    .toString(base)
    .padStart(spec.precision ?? 0, '0');
  if (verb === 'X') digits = digits.toUpperCase();
  const missing = (spec.width ?? 0) - sign.length - prefix.length - digits.length;
  if (missing > 0 && spec.zero && !spec.minus && spec.precision === null)
    digits = '0'.repeat(missing) + digits;
  return pad(sign + prefix + digits, { ...spec, zero: false });
}
