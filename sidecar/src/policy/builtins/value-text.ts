import { CodedError } from '@rankguard/contract';
import { number, type Value } from './values.ts';

/** Nesting beyond this is refused; the facts are far flatter. */
const MAX_DEPTH = 256;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * Reads what `opa_value_dump` writes: JSON with sets as `{1, 2}` and `set()`, and objects with keys of any type.
 * Throws POLICY_FAULT for anything else.
 */
export function parseValue(text: string): Value {
  const tokens = createTokens(text);
  const read = readValue(tokens, 0);
  if (!tokens.done()) throw unreadable();
  return read;
}

interface Tokens {
  /** Steps over a token, if it comes next. */
  accept(token: string): boolean;
  expect(token: string): void;
  /** The string that comes next, or undefined. */
  string(): string | undefined;
  /** The text of the number that comes next, or undefined. */
  number(): string | undefined;
  done(): boolean;
}

function unreadable(): CodedError {
  return new CodedError('POLICY_FAULT', 'a builtin got an argument that cannot be read');
}

function createTokens(text: string): Tokens {
  let at = 0;
  const advance = (length: number): void => {
    at += length;
    while (text[at] === ' ') at += 1;
  };
  const accept = (token: string): boolean => {
    if (!text.startsWith(token, at)) return false;
    advance(token.length);
    return true;
  };
  const string = (): string | undefined => {
    if (text[at] !== '"') return undefined;
    let end = at + 1;
    while (text[end] !== '"') {
      if (end >= text.length) throw unreadable();
      end += text[end] === '\\' ? 2 : 1;
    }
    const read = JSON.parse(text.slice(at, end + 1)) as string;
    advance(end + 1 - at);
    return read;
  };
  const digits = (): string | undefined => {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(text)?.[0];
    if (found !== undefined) advance(found.length);
    return found;
  };
  return {
    accept,
    expect: (token) => {
      if (!accept(token)) throw unreadable();
    },
    string,
    number: digits,
    done: () => at === text.length,
  };
}

function readValue(tokens: Tokens, depth: number): Value {
  if (depth > MAX_DEPTH) throw unreadable();
  const string = tokens.string();
  if (string !== undefined) return string;
  if (tokens.accept('[')) return readItems(tokens, ']', depth + 1);
  if (tokens.accept('{')) return readBraces(tokens, depth + 1);
  if (tokens.accept('true')) return true;
  if (tokens.accept('false')) return false;
  if (tokens.accept('null')) return null;
  if (tokens.accept('set()')) return { kind: 'set', items: [] };
  const digits = tokens.number();
  if (digits === undefined) throw unreadable();
  return number(digits);
}

function readItems(tokens: Tokens, close: string, depth: number): readonly Value[] {
  if (tokens.accept(close)) return [];
  const items: Value[] = [];
  do items.push(readValue(tokens, depth));
  while (tokens.accept(','));
  tokens.expect(close);
  return items;
}

function readBraces(tokens: Tokens, depth: number): Value {
  if (tokens.accept('}')) return { kind: 'object', entries: [] };
  const first = readValue(tokens, depth);
  if (tokens.accept('}')) return { kind: 'set', items: [first] };
  if (tokens.accept(',')) return { kind: 'set', items: [first, ...readItems(tokens, '}', depth)] };
  tokens.expect(':');
  const entries: [Value, Value][] = [[first, readValue(tokens, depth)]];
  while (tokens.accept(',')) {
    const key = readValue(tokens, depth);
    tokens.expect(':');
    entries.push([key, readValue(tokens, depth)]);
  }
  tokens.expect('}');
  return { kind: 'object', entries };
}

/** Writes a value so that `opa_value_parse` reads it. */
export function writeValue(value: Value): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if ('kind' in value) {
    switch (value.kind) {
      case 'number':
        return value.text;
      case 'set':
        return value.items.length === 0 ? 'set()' : `{${value.items.map(writeValue).join(',')}}`;
      case 'object':
        return `{${value.entries.map(([key, member]) => `${writeValue(key)}:${writeValue(member)}`).join(',')}}`;
    }
  }
  return `[${value.map(writeValue).join(',')}]`;
}
