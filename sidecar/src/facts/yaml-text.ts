import { CodedError } from '@rankguard/contract';
import { type Document, isMap, isScalar, isSeq, parseDocument } from 'yaml';

/** LangChain's documents are YAML of one mapping; prose seldom begins so, and long texts are not worth the look. */
const BEGINNING = /^[A-Za-z_][\w.-]{0,63}:(?:[ \n]|$)/;
const LONGEST = 65_536;
const DEEPEST = 32;
/** The parser takes microseconds a byte, and nobody else is served meanwhile. */
const MOST_IN_A_BODY = 512 * 1024;

/** How much of one body may still be parsed as YAML, in UTF-16 code units. */
export interface YamlBudget {
  left: number;
}

export const yamlBudget = (): YamlBudget => ({ left: MOST_IN_A_BODY });

/**
 * The document in a string that is a YAML mapping (YAML 1.2, core schema), or undefined. Repeated keys, aliases and
 * tags are not taken: readers disagree about them. Throws BODY_TOO_COMPLEX when the budget is spent.
 */
export function readYamlMapping(text: string, budget: YamlBudget): Document.Parsed | undefined {
  return parsed(text, budget)?.document;
}

/** The JSON text of such a string, or undefined. Whole numbers beyond 2^53 keep their digits. */
export function yamlAsJson(text: string, budget: YamlBudget): string | undefined {
  const found = parsed(text, budget);
  return found && JSON.stringify(found.value);
}

/**
 * Prose behind a heading ("Title: …") is told from a mapping without the parser: a line that is not indented needs a
 * key, unless it goes on with a value in quotes, which only the parser knows.
 */
function isProse(text: string): boolean {
  let start = text.indexOf('\n') + 1;
  while (start > 0 && start < text.length) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end === -1 ? text.length : end);
    if (/^[^\s\-#"'{}[\]?:.&!*|>%@`]/.test(line) && !/:(?:[ \t\r]|$)/.test(line))
      return !/[:-]\s+["']/.test(text.slice(0, start));
    start = end + 1;
  }
  return false;
}

function parsed(text: string, budget: YamlBudget): { document: Document.Parsed; value: unknown } | undefined {
  if (text.length > LONGEST || !BEGINNING.test(text) || isProse(text)) return undefined;
  budget.left -= text.length;
  if (budget.left < 0)
    throw new CodedError(
      'BODY_TOO_COMPLEX',
      `the body has more than ${MOST_IN_A_BODY / 1024} KiB of documents in YAML; as JSON they can be more`,
    );
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
