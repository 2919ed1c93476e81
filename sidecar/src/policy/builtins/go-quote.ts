import { isArray, sorted, sortedEntries, type Value } from './values.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};
/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

export function isPrintable(character: string): boolean {
  return PRINTABLE.test(character);
}

/** Go's strconv.Quote (`"`), QuoteRune (`'`) and their ToASCII forms. */
export function quote(text: string, mark: '"' | "'" = '"', ascii = false): string {
  let out = '';
  for (const character of text) out += escapeRune(character, mark, ascii);
  return mark + out + mark;
}

function escapeRune(character: string, mark: string, ascii: boolean): string {
  if (character === mark) return `\\${character}`;
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  if (isPrintable(character) && (!ascii || code < 0x80)) return character;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

/** Go's strconv.CanBackquote: may stand between back quotes as it is. */
export function canBackquote(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return !/[\u0000-\u0008\u000a-\u001f\u007f`\ufeff]/.test(text);
}

/** The text of a value as OPA's own evaluator prints it: members and elements in Rego's order, strings as Go quotes them. */
export function regoText(value: Value): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quote(value);
  if (isArray(value)) return `[${value.map(regoText).join(', ')}]`;
  switch (value.kind) {
    case 'number':
      return value.text;
    case 'set':
      return value.items.length === 0 ? 'set()' : `{${sorted(value.items).map(regoText).join(', ')}}`;
    case 'object':
      return `{${sortedEntries(value)
        .map(([key, member]) => `${regoText(key)}: ${regoText(member)}`)
        .join(', ')}}`;
  }
}
