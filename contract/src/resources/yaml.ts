import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  type Scalar,
  type YAMLError,
} from 'yaml';
import type { Path } from './paths.ts';

/** Something that makes a text unreadable or ambiguous. The message never quotes the text. */
export interface YamlFault {
  readonly message: string;
  readonly line: number;
  readonly path: Path;
}

/** One document of a YAML stream as plain JSON values, and where each of them stands. */
export interface YamlDocument {
  /** undefined when the document is empty or cannot be read. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** 1-based line of a value's key (or of a list's entry); of its nearest parent when there is no such value. */
  line(path: Path): number;
  /** 1-based line where line `n` of a block scalar stands; of the value itself when it is no block scalar. */
  contentLine(path: Path, n: number): number;
}

const MAX_LENGTH = 4_000_000;
/** YAML 1.2 section 5.1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const NOT_PRINTABLE = /[\0-\x08\v\f\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\p{Surrogate}/u;
const MAX_DEPTH = 64;

/** Reads a stream of YAML 1.2 (core schema) documents. Never throws. */
export function readYaml(text: string): readonly YamlDocument[] {
  if (text.length > MAX_LENGTH) return [unreadable('the file is longer than 4 million characters')];
  const forbidden = text.search(NOT_PRINTABLE);
  if (forbidden >= 0) {
    const line = text.slice(0, forbidden).split('\n').length;
    return [unreadable('not YAML: a control character or half a surrogate pair', line)];
  }
  const lines = new LineCounter();
  try {
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      version: '1.2',
      schema: 'core',
      merge: false,
      resolveKnownTags: false,
      // Checked below: in linear time, and with both lines in the message.
      uniqueKeys: false,
      logLevel: 'error',
    });
    return [...documents].map((document) => readDocument(document, lines));
  } catch {
    // Deep nesting exhausts the parser's stack.
    return [unreadable('the file is nested too deeply')];
  }
}

function unreadable(message: string, line = 1): YamlDocument {
  return { value: undefined, faults: [{ message, line, path: [] }], line: () => 1, contentLine: () => 1 };
}

function readDocument(document: Document.Parsed, lines: LineCounter): YamlDocument {
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  const root = document.contents;
  const place = positions(root, lineAt, lineAt(document.range[0]));
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) return { value: undefined, faults: syntaxFaults(syntax, root, lineAt), ...place };
  const faults: YamlFault[] = [];
  const value = root === null ? undefined : toValue(root, [], { faults, lineAt });
  return { value: value ?? undefined, faults, ...place };
}

/** The parser's own messages quote the text, which may be a secret. */
const SENTENCES: Partial<Record<YAMLError['code'], string>> = {
  BAD_DQ_ESCAPE: 'unknown escape in a double-quoted text; use single quotes or double the backslash',
  BAD_INDENT: 'wrong indentation',
  BAD_SCALAR_START: 'this character has a meaning in YAML; put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a colon too many on this line, or a missing line break',
  MISSING_CHAR: 'a closing quote, bracket or separator is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, with a colon after it',
  BAD_ALIAS: 'aliases are not read; write the value out',
  ALIAS_PROPS: 'aliases are not read; write the value out',
  TAB_AS_INDENT: 'a tab in the indentation; use spaces',
  TAG_RESOLVE_FAILED: 'tags are not read; write the value without one',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply',
  KEY_OVER_1024_CHARS: 'a key is longer than 1,024 characters',
};

function sentence(error: YAMLError): string {
  // The parser gives a tab some other code, depending on where it stands.
  if (/\btabs?\b/i.test(error.message.replace(/".*"/s, ''))) return SENTENCES.TAB_AS_INDENT!;
  return `not YAML: ${SENTENCES[error.code] ?? 'a token that does not belong here'}`;
}

function syntaxFaults(
  errors: readonly YAMLError[],
  root: ParsedNode | null,
  lineAt: (offset: number) => number,
): readonly YamlFault[] {
  const faults = new Map<string, YamlFault>();
  for (const error of errors) {
    const [offset] = error.pos;
    const open = UNCLOSED.includes(error.code) ? enclosing(root, offset) : undefined;
    const unclosed = open !== undefined && lineAt(open) < lineAt(offset);
    const fault = unclosed
      ? { message: 'not YAML: a quote or bracket opens here and is not closed', line: lineAt(open), path: [] }
      : { message: sentence(error), line: lineAt(offset), path: [] };
    faults.set(`${fault.line}: ${fault.message}`, fault);
  }
  return [...faults.values()].slice(0, 20);
}

/** What the parser says, at the end of the text, about a quote or bracket far above. */
const UNCLOSED: readonly YAMLError['code'][] = ['MISSING_CHAR', 'BAD_INDENT'];

/** Where the innermost quote or bracket around an offset opens. */
function enclosing(node: ParsedNode | null, offset: number): number | undefined {
  if (node === null || node.range[0] > offset || node.range[2] < offset) return undefined;
  const inner = isMap(node) ? (node.items as Items).map(({ value }) => value) : isSeq(node) ? node.items : [];
  for (const child of inner as (ParsedNode | null)[]) {
    const found = enclosing(child, offset);
    if (found !== undefined) return found;
  }
  const opens = isScalar(node) ? /^QUOTE/.test(node.type ?? '') : !isAlias(node) && node.flow === true;
  return opens && node.range[1] >= offset ? node.range[0] : undefined;
}

interface Reading {
  readonly faults: YamlFault[];
  readonly lineAt: (offset: number) => number;
}

function toValue(node: ParsedNode | null, path: Path, reading: Reading): unknown {
  const fault = (message: string) => {
    if (node !== null) reading.faults.push({ message, line: reading.lineAt(node.range[0]), path });
    return null;
  };
  if (node === null) return null;
  if (isAlias(node)) return fault('aliases are not read; write the value out');
  if (path.length > MAX_DEPTH) return fault('nested too deeply');
  if (isSeq(node)) return node.items.map((item, i) => toValue(item, [...path, i], reading));
  if (isMap(node)) return toObject(node.items, path, reading);
  const ambiguous = ambiguity(node);
  return ambiguous === undefined ? node.value : fault(ambiguous);
}

type Items = readonly { readonly key: ParsedNode; readonly value: ParsedNode | null }[];

function toObject(items: Items, path: Path, reading: Reading): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const firstLine = new Map<string, number>();
  for (const { key, value } of items) {
    const line = reading.lineAt(key.range?.[0] ?? 0);
    const refuse = (message: string, at: Path) => reading.faults.push({ message, line, path: at });
    if (!isScalar(key) || typeof key.value !== 'string') {
      refuse('a field name must be text; put it in quotes', path);
      continue;
    }
    const name = key.value;
    const at = [...path, name];
    const ambiguous = ambiguity(key);
    if (ambiguous !== undefined) refuse(ambiguous, at);
    else if (name === '<<') refuse('merge keys are not read; write the fields out', path);
    else if (name === '__proto__') refuse('this field name is not allowed', path);
    else if (firstLine.has(name)) {
      refuse(`the field stands twice, first on line ${firstLine.get(name)}; remove one`, at);
    } else {
      firstLine.set(name, line);
      object[name] = toValue(value, at, reading);
    }
  }
  return object;
}

/**
 * Why two readers could take a scalar for different values, or undefined. kubectl reads YAML 1.1:
 * `yes` is true there, `010` is 8.
 */
function ambiguity(node: Scalar.Parsed): string | undefined {
  const { value, source } = node;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'not a number that JSON can hold; put it in quotes';
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[-+]?\d+$/.test(source)) {
      return 'the number has more digits than are kept exactly; put it in quotes';
    }
    if (/^[-+]?0\d/.test(source)) return 'kubectl reads a leading zero as octal; drop it, or use quotes';
    return undefined;
  }
  if (node.type !== 'PLAIN' || typeof value !== 'string') return undefined;
  if (/^(?:y|yes|n|no|on|off)$/i.test(value))
    return 'kubectl reads this word as true or false; put it in quotes';
  if (/^[-+]?(?:0b[01_]+|\d[\d_]*_[\d_]*)$/.test(value))
    return 'kubectl reads this as a number; put it in quotes';
  return undefined;
}

interface Place {
  readonly node: ParsedNode | null;
  readonly line: number;
}

function step(
  node: ParsedNode | null,
  part: string | number,
  lineAt: (offset: number) => number,
): Place | undefined {
  if (isMap(node)) {
    const pair = (node.items as Items).find(({ key }) => isScalar(key) && key.value === part);
    return pair && { node: pair.value, line: lineAt(pair.key.range[0]) };
  }
  const item =
    isSeq(node) && typeof part === 'number' ? (node.items[part] as ParsedNode | undefined) : undefined;
  return item && { node: item, line: lineAt(item.range[0]) };
}

/** Finds nodes by path, for lines. */
function positions(root: ParsedNode | null, lineAt: (offset: number) => number, start: number) {
  function find(path: Path): Place & { readonly whole: boolean } {
    let at: Place = { node: root, line: root === null ? start : lineAt(root.range[0]) };
    for (const part of path) {
      const next = step(at.node, part, lineAt);
      if (next === undefined) return { ...at, whole: false };
      at = next;
    }
    return { ...at, whole: true };
  }
  return {
    line: (path: Path) => find(path).line,
    contentLine(path: Path, n: number): number {
      const { line, node, whole } = find(path);
      if (!whole || !isScalar(node)) return line;
      const first = lineAt(node.range[0]);
      if (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED') return first;
      const last = Math.max(first, lineAt(Math.max(node.range[0], node.range[1] - 1)));
      return Math.min(first + Math.max(1, n), last);
    },
  };
}
