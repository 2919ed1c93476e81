import { type FormatArgument, formatArgument, type Spec } from './go-format.ts';
import { regoText } from './go-quote.ts';
import { isInteger, isNumber, type Value } from './values.ts';

/** Go refuses widths, precisions and argument numbers beyond this. */
const TOO_LARGE = 1_000_000;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

interface State {
  readonly format: string;
  readonly args: readonly FormatArgument[];
  at: number;
  argument: number;
  /** An explicit index `[n]` was used anywhere: extra arguments are not reported. */
  reordered: boolean;
  /** The indices of the current verb were good. */
  goodIndex: boolean;
}

/**
 * OPA's sprintf: Go's fmt.Sprintf over strings, int64, float64 and *big.Int; any other value is its Rego text.
 * Errors are part of the output, as in Go: `%!d(string=hi)`, `%!d(MISSING)`, `%!(EXTRA …)`.
 * `spend` is told the length of what is about to be written, before it is.
 */
export function sprintf(format: string, values: readonly Value[], spend: (length: number) => void): string {
  const args = values.map(toArgument);
  const state: State = { format, args, at: 0, argument: 0, reordered: false, goodIndex: true };
  let out = '';
  while (state.at < format.length) {
    const percent = format.indexOf('%', state.at);
    const end = percent < 0 ? format.length : percent;
    out += format.slice(state.at, end);
    state.at = end + 1;
    if (percent >= 0) out += directive(state, spend);
  }
  if (!state.reordered && state.argument < args.length) {
    const rest = args.slice(state.argument).map((argument) => typed(argument, bare()));
    out += `%!(EXTRA ${rest.join(', ')})`;
  }
  return out;
}

function toArgument(value: Value): FormatArgument {
  if (typeof value === 'string') return { type: 'string', value };
  if (!isNumber(value)) return { type: 'string', value: regoText(value) };
  if (/[.eE]/.test(value.text)) {
    const float = Number(value.text);
    return Number.isFinite(float) ? { type: 'float64', value: float } : { type: 'string', value: value.text };
  }
  if (!isInteger(value.text)) return { type: 'string', value: value.text };
  const integer = BigInt(value.text);
  return integer >= INT64_MIN && integer <= INT64_MAX
    ? { type: 'int64', value: integer }
    : { type: '*big.Int', value: integer };
}

function directive(state: State, spend: (length: number) => void): string {
  const { format, args } = state;
  const spec: Spec = readFlags(state);
  state.goodIndex = true;
  let problem = '';
  let afterIndex = argumentIndex(state);
  if (format[state.at] === '*') {
    problem += starWidth(state, spec);
    afterIndex = false;
  } else {
    spec.width = digits(state);
    if (afterIndex && spec.width !== null) state.goodIndex = false;
  }
  if (format[state.at] === '.' && state.at + 1 < format.length) {
    state.at += 1;
    if (afterIndex) state.goodIndex = false;
    afterIndex = argumentIndex(state);
    if (format[state.at] === '*') {
      problem += starPrecision(state, spec);
      afterIndex = false;
    } else spec.precision = digits(state) ?? 0;
  }
  if (!afterIndex) argumentIndex(state);
  const code = format.codePointAt(state.at);
  if (code === undefined) return `${problem}%!(NOVERB)`;
  const verb = String.fromCodePoint(code);
  state.at += verb.length;
  if (verb === '%') return `${problem}%`;
  if (!state.goodIndex) return `${problem}%!${verb}(BADINDEX)`;
  const argument = args[state.argument];
  if (argument === undefined) return `${problem}%!${verb}(MISSING)`;
  state.argument += 1;
  spend((spec.width ?? 0) + (spec.precision ?? 0) + size(argument));
  return problem + print(argument, verb, spec);
}

function size(argument: FormatArgument): number {
  // The exact digits of a float64 take up to 1,074 places to work out.
  return argument.type === 'string' ? argument.value.length * 2 : 1_100;
}

function print(argument: FormatArgument, verb: string, spec: Spec): string {
  if (verb === 'T') return formatArgument({ type: 'string', value: argument.type }, 's', spec) ?? '';
  if (verb === 'v' || verb === 'w') {
    spec.sharpV = spec.sharp;
    spec.plusV = spec.plus;
    spec.sharp = false;
    spec.plus = false;
  }
  return formatArgument(argument, verb, spec) ?? `%!${verb}(${typed(argument, spec)})`;
}

/** Go's way to show a value that a verb does not fit, or that no verb asked for. */
function typed(argument: FormatArgument, spec: Spec): string {
  return `${argument.type}=${formatArgument(argument, 'v', spec) ?? ''}`;
}

function bare(): Spec {
  return {
    minus: false,
    plus: false,
    sharp: false,
    space: false,
    zero: false,
    sharpV: false,
    plusV: false,
    width: null,
    precision: null,
  };
}

const FLAGS = { '-': 'minus', '+': 'plus', '#': 'sharp', ' ': 'space', '0': 'zero' } as const;

function readFlags(state: State): Spec {
  const spec = bare();
  for (;;) {
    const flag = FLAGS[state.format[state.at] as keyof typeof FLAGS];
    if (flag === undefined) return spec;
    spec[flag] = true;
    state.at += 1;
  }
}

/** A decimal number, or null where there is none. One that is too large swallows the rest of the format. */
function digits(state: State): number | null {
  const found = /^\d+/.exec(state.format.slice(state.at, state.at + 16))?.[0];
  if (found === undefined) return null;
  if (tooLarge(found)) {
    state.at = state.format.length;
    return null;
  }
  state.at += found.length;
  return Number(found);
}

/** Go gives up when it has read a number beyond the bound and sees another digit. */
function tooLarge(text: string): boolean {
  return Number(text.slice(0, -1)) > TOO_LARGE;
}

/** Reads `[n]`; true when the current item had one. */
function argumentIndex(state: State): boolean {
  const { format, at, args } = state;
  if (format[at] !== '[') return false;
  state.reordered = true;
  const close = format.indexOf(']', at);
  if (close < 0 || format.length - at < 3) {
    state.goodIndex = false;
    state.at = at + 1;
    return false;
  }
  state.at = close + 1;
  const inner = format.slice(at + 1, close);
  const index = Number(inner) - 1;
  const wellFormed = /^\d+$/.test(inner) && !tooLarge(inner);
  if (!wellFormed || index < 0 || index >= args.length) {
    state.goodIndex = false;
    return wellFormed;
  }
  state.argument = index;
  return true;
}

function starWidth(state: State, spec: Spec): string {
  const width = starValue(state);
  if (width === null) return '%!(BADWIDTH)';
  spec.width = Math.abs(width);
  if (width < 0) {
    spec.minus = true;
    spec.zero = false;
  }
  return '';
}

function starPrecision(state: State, spec: Spec): string {
  const precision = starValue(state);
  if (precision === null || precision < 0) return '%!(BADPREC)';
  spec.precision = precision;
  return '';
}

function starValue(state: State): number | null {
  state.at += 1;
  const argument = state.args[state.argument];
  if (argument === undefined) return null;
  state.argument += 1;
  if (argument.type !== 'int64') return null;
  const value = Number(argument.value);
  return Math.abs(value) > TOO_LARGE ? null : value;
}
