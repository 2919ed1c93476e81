import { type Document, isMap, isScalar, isSeq, parseDocument } from 'yaml';

/** LangChain's documents are YAML of one mapping; prose seldom begins so, and long texts are not worth the look. */
const BEGINNING = /^[A-Za-z_][\w.-]{0,63}:(?:[ \n]|$)/;
const LONGEST = 65_536;
const DEEPEST = 32;

/**
 * The document in a string that is a YAML mapping (YAML 1.2, core schema), or undefined. Repeated keys, aliases and
 * tags are not taken: readers disagree about them.
 */
export function readYamlMapping(text: string): Document.Parsed | undefined {
  return parsed(text)?.document;
}

/** The JSON text of such a string, or undefined. Whole numbers beyond 2^53 keep their digits. */
export function yamlAsJson(text: string): string | undefined {
  const found = parsed(text);
  return found && JSON.stringify(found.value);
}

function parsed(text: string): { document: Document.Parsed; value: unknown } | undefined {
  if (text.length > LONGEST || !BEGINNING.test(text)) return undefined;
  // The library compares every key with every other one: many keys would take seconds.
  const document = parseDocument(text, { intAsBigInt: true, uniqueKeys: false, logLevel: 'error' });
  if (document.errors.length > 0 || document.warnings.length > 0 || !isMap(document.contents))
    return undefined;
  if (hasTwins(document.contents, 0)) return undefined;
  try {
    return { document, value: plain(document.toJS({ maxAliasCount: 0 }), 0) };
  } catch {
    // An alias, or nesting without end: no mapping that a policy could rely on.
    return undefined;
  }
}

/** Whether a mapping has two keys that a reader could take for one, such as 1 and "1"; or nests without end. */
function hasTwins(node: unknown, depth: number): boolean {
  if (depth > DEEPEST) return true;
  if (isSeq(node)) return node.items.some((item) => hasTwins(item, depth + 1));
  if (!isMap(node)) return false;
  const names = node.items.map(({ key }) => (isScalar(key) ? String(key.value) : ''));
  return new Set(names).size < names.length || node.items.some(({ value }) => hasTwins(value, depth + 1));
}

function plain(value: unknown, depth: number): unknown {
  if (depth > DEEPEST) throw new RangeError('too deep');
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => plain(element, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member, depth + 1)]));
}
