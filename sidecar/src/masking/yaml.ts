import { isCollection, isMap, isScalar, isSeq, type Node, type Pair, type ParsedNode } from 'yaml';
import { readYamlMapping, type YamlBudget } from '../facts/yaml-text.ts';
import type { Edit } from '../json/types.ts';
import type { Segment } from './paths.ts';
import type { InsideRule } from './targets.ts';

/** A value of a YAML text; places are UTF-16 code units. */
export interface YamlValue {
  readonly start: number;
  readonly end: number;
  /** As it is read; of a list or a mapping its YAML. */
  readonly text: string;
  readonly isContainer: boolean;
  readonly rule: InsideRule;
}

/** Values that rules name in a string that is a YAML mapping, as policies see it; none in any other string. */
export function yamlValues(
  text: string,
  rules: readonly InsideRule[],
  budget: YamlBudget,
): readonly YamlValue[] {
  const document = readYamlMapping(text, budget);
  if (document === undefined) return [];
  return rules
    .flatMap((rule) => select(document.contents as ParsedNode, rule.segments).map((node) => ({ node, rule })))
    .flatMap(({ node, rule }) => named(text, node, rule) ?? []);
}

function named(text: string, node: Node, rule: InsideRule): YamlValue | undefined {
  const [start, end] = node.range ?? [0, 0];
  if (end <= start) return undefined;
  const written = text.slice(start, end);
  const read = isScalar(node) && typeof node.value === 'string' ? node.value : written;
  return { start, end, text: read, isContainer: isCollection(node), rule };
}

function select(root: Node, segments: readonly Segment[]): readonly Node[] {
  let nodes: readonly Node[] = [root];
  for (const segment of segments) nodes = nodes.flatMap((node) => step(node, segment));
  return nodes;
}

function step(node: Node, segment: Segment): readonly Node[] {
  if (isMap(node)) {
    const items = node.items as readonly Pair<Node, Node | null>[];
    const reached = items.filter(
      ({ key }) =>
        segment.kind === 'all' ||
        (segment.kind === 'member' && isScalar(key) && String(key.value) === segment.name),
    );
    return reached.flatMap(({ value }) => value ?? []);
  }
  if (!isSeq(node)) return [];
  const items = node.items as readonly Node[];
  if (segment.kind === 'all') return items;
  return segment.kind === 'element' ? items.slice(segment.index, segment.index + 1) : [];
}

/** Edits of the text's UTF-8, ascending and apart; what comes in a value's place is JSON, which YAML takes as well. */
export function yamlEdits(
  text: string,
  values: readonly YamlValue[],
  replaced: (value: YamlValue) => string,
): Edit[] {
  const edits: Edit[] = [];
  let last = 0;
  for (const value of values.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    // Inside another one that goes as a whole.
    if (value.start < last) continue;
    last = value.end;
    const written = text.slice(value.start, value.end);
    // A value at the beginning of a line would be a key; one that ends its line must go on doing so.
    const before = value.start > 0 && text[value.start - 1] === '\n' ? ' ' : '';
    const behind = written.endsWith('\n') ? '\n' : '';
    const start = Buffer.byteLength(text.slice(0, value.start));
    const end = start + Buffer.byteLength(written);
    edits.push({ start, end, with: `${before}${replaced(value)}${behind}` });
  }
  return edits;
}
