import { type Found, HINT, PLANNED, RANGE } from './common.ts';
import { nearest } from './nearest.ts';
import type { Structural } from './structural.ts';

const ARTICLE: Readonly<Record<string, string>> = {
  object: 'fields (name: value)',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

/** Why a value has the wrong type, or undefined. */
export function typeMismatch(at: Structural, given: unknown): string | undefined {
  const found = typeOf(given);
  const intOrString = at['x-kubernetes-int-or-string'] === true;
  if (intOrString ? found === 'integer' || found === 'string' : found === at.type) return undefined;
  if (found === 'integer' && at.type === 'number') return undefined;
  const expected = at[HINT] ?? wantedValues(at) ?? ARTICLE[at.type ?? ''] ?? 'a number or text';
  if (given === null) {
    if (at.enum?.includes('null')) return `expected ${expected}; for null write "null" in quotes`;
    return `expected ${expected}, found nothing; fill it in, or leave the field out`;
  }
  const quotes = at.type === 'string' && (found === 'integer' || found === 'number' || found === 'boolean');
  return `expected ${expected}, found ${ARTICLE[found]}${quotes && at.enum === undefined ? '; put it in quotes' : ''}`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** A message that lists more than this helps nobody. */
const MOST_LISTED = 24;

function wantedValues(at: Structural): string | undefined {
  const values = at.enum;
  if (values === undefined || values.length === 1) return values?.[0];
  if (values.length <= MOST_LISTED) return `one of ${values.join(', ')}`;
  return `one of ${values.slice(0, 3).join(', ')}, … (the reference lists them)`;
}

/** What is wrong with a text, number or boolean of the right type. */
export function scalarIssues(at: Structural, given: unknown): readonly Found[] {
  if (at.enum !== undefined) return enumIssues(at, String(given));
  const found: Found[] = [];
  if (typeof given === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = at;
    if (given < minimum || given > maximum)
      found.push({ message: `expected a number ${between(minimum, maximum)}` });
  }
  if (typeof given === 'string') found.push(...textIssues(at, given));
  const range = at[RANGE];
  const amount = found.length > 0 ? undefined : range?.parse(given as string | number);
  if (range !== undefined && amount !== undefined && !(amount >= range.min && amount <= range.max)) {
    found.push({ message: `expected ${range.words} ${between(range.min, range.max)}` });
  }
  return found;
}

function textIssues(at: Structural, given: string): readonly Found[] {
  // Kubernetes counts characters, not UTF-16 units.
  const length = given.length <= (at.maxLength ?? 0) ? given.length : [...given].length;
  if (length > (at.maxLength ?? Infinity))
    return [{ message: `longer than ${count(at.maxLength!, 'character')}` }];
  if (length < (at.minLength ?? 0)) return [{ message: 'expected text, found an empty one' }];
  if (at.pattern !== undefined && !new RegExp(at.pattern).test(given))
    return [{ message: `expected ${at[HINT]}` }];
  return [];
}

function enumIssues(at: Structural, given: string): readonly Found[] {
  if (at.enum!.includes(given)) return [];
  if (at[PLANNED]?.includes(given)) {
    return [
      {
        message: `${given} is not supported by this version; expected ${wantedValues(at)}`,
        code: 'CONFIG_UNSUPPORTED',
      },
    ];
  }
  const meant = nearest(given, at.enum!);
  return [
    { message: `expected ${wantedValues(at)}${meant === undefined ? '' : `; did you mean ${meant}?`}` },
  ];
}

function between(min: number, max: number): string {
  if (max === Infinity) return `of at least ${min}`;
  return `from ${min} to ${max}`;
}

export const count = (n: number, noun: string) =>
  n === 1 ? `one ${noun}` : `${n} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
export const lowerFirst = (words: string) =>
  words.slice(0, 1).toLowerCase() + words.slice(1).replace(/\.$/, '');
