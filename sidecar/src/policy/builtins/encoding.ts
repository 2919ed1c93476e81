import { createHash, createHmac } from 'node:crypto';
import { type Arguments, type Builtin, fault } from './arguments.ts';
import { compareText, isArray, isObject, isSet, type Value } from './values.ts';

export const ENCODING_BUILTINS = {
  'crypto.sha256': (args) => createHash('sha256').update(args.string(0)).digest('hex'),
  'crypto.hmac.sha256': (args) => createHmac('sha256', args.string(1)).update(args.string(0)).digest('hex'),
  'hex.encode': (args) => Buffer.from(args.string(0)).toString('hex'),
  'hex.decode': (args) => hexDecode(args.string(0)),
  'base64url.encode_no_pad': (args) => Buffer.from(args.string(0)).toString('base64url'),
  'urlquery.encode': (args) => queryEscape(args.string(0)),
  'urlquery.decode': (args) => queryUnescape(args.string(0)),
  'urlquery.encode_object': encodeObject,
  'urlquery.decode_object': (args) => decodeObject(args.string(0)),
} satisfies Record<string, Builtin>;

function hexDecode(text: string): string {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw fault('operand 1 is not hexadecimal');
  return decodeUtf8(Buffer.from(text, 'hex'));
}

/** A Rego string is text; OPA would carry on with bytes that are none. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fault('the decoded bytes are not UTF-8', cause);
  }
}

/** Go's url.QueryEscape: letters, digits and `-_.~` stay, a space becomes `+`. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function queryUnescape(text: string): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw fault('operand 1 has an invalid URL escape');
  const bytes = text
    .replaceAll('+', ' ')
    .split(/(%[0-9a-fA-F]{2})/)
    .map((part) => (/^%[0-9a-fA-F]{2}$/.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)));
  return decodeUtf8(Buffer.concat(bytes));
}

/** Members in the order of their names, as Go's url.Values.Encode writes them. */
function encodeObject(args: Arguments): string {
  const object = args.value(0);
  if (!isObject(object)) throw fault('operand 1 must be object');
  return object.entries
    .map(([key, value]) => {
      if (typeof key !== 'string') throw fault('operand 1 must have string keys');
      return [key, queryValues(value)] as const;
    })
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([key, values]) => values.map((value) => `${queryEscape(key)}=${queryEscape(value)}`))
    .join('&');
}

function queryValues(value: Value): readonly string[] {
  if (typeof value === 'string') return [value];
  const items = isArray(value) ? value : isSet(value) ? value.items.toSorted(byText) : undefined;
  if (items === undefined) throw fault('operand 1 values must be string, array[string], or set[string]');
  return items.map((item) => {
    if (typeof item !== 'string')
      throw fault('operand 1 values must be string, array[string], or set[string]');
    return item;
  });
}

function byText(a: Value, b: Value): number {
  return typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : 0;
}

function decodeObject(text: string): Value {
  const values = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair.includes(';')) throw fault('operand 1 has a semicolon between pairs');
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = queryUnescape(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : queryUnescape(pair.slice(equals + 1));
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return { kind: 'object', entries: [...values] };
}
