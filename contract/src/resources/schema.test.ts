import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Schema from 'typebox/schema';
import { parse } from 'yaml';
import {
  type JsonSchema,
  jsonSchema,
  KIND_NAMES,
  KINDS,
  type Kind,
  readResources,
  structuralSchema,
} from './index.ts';

interface Node extends JsonSchema {
  readonly type?: string;
  readonly properties?: Record<string, Node>;
  readonly additionalProperties?: Node | false;
  readonly items?: Node;
}

/** Every schema inside a schema, with its place. */
function* nodes(schema: JsonSchema, place: string): Generator<[string, Node]> {
  const node = schema as Node;
  yield [place, node];
  for (const [name, member] of Object.entries(node.properties ?? {}))
    yield* nodes(member, `${place}.${name}`);
  if (node.items) yield* nodes(node.items, `${place}[]`);
  if (node.additionalProperties) yield* nodes(node.additionalProperties, `${place}.*`);
}

const everyNode = KIND_NAMES.flatMap((kind) => [...nodes(jsonSchema(kind), kind)]);

describe('schemas', () => {
  test('every field has a description that is a sentence', () => {
    expect(everyNode.length).toBeGreaterThan(200);
    for (const [place, node] of everyNode) {
      expect([place, node['description']]).toEqual([place, expect.stringMatching(/^[A-Za-z].{4,}\.$/s)]);
    }
  });

  test('everything is bounded, so that the cost of CEL is', () => {
    const unbounded = everyNode.filter(([place, node]) => {
      if (/^\w+\.(apiVersion|kind)$/.test(place) || node['enum'] !== undefined) return false;
      if (node.type === 'string' || node['x-kubernetes-int-or-string'])
        return node['maxLength'] === undefined;
      if (node.type === 'array') return node['maxItems'] === undefined;
      if (node.type === 'integer') return node['minimum'] === undefined || node['maximum'] === undefined;
      return node.type === 'object' && node.properties === undefined && node['maxProperties'] === undefined;
    });
    expect(unbounded.map(([place]) => place)).toEqual([]);
  });

  /** What apiextensions.k8s.io/v1 lets a structural schema hold, less what costs or hides something. */
  const ALLOWED =
    /^(type|description|default|properties|required|items|enum|pattern|(min|max)(Length|Items|imum|Properties)|additionalProperties|anyOf|x-kubernetes-(int-or-string|preserve-unknown-fields|list-type|list-map-keys|validations))$/;

  test.each(KIND_NAMES.filter((kind) => kind !== 'Secret'))('%s is a structural schema', (kind) => {
    for (const [place, node] of nodes(structuralSchema(kind), kind)) {
      const at = (value: unknown) => [place, value];
      expect(at(Object.keys(node).filter((keyword) => !ALLOWED.test(keyword)))).toEqual(at([]));
      expect(at(node.type ?? node['x-kubernetes-int-or-string'])).not.toEqual(at(undefined));
      expect(at(node.additionalProperties)).not.toEqual(at(false));
      expect(at(node.properties && node.additionalProperties)).toEqual(at(undefined));
      // Lookaround, back-references and \u escapes mean nothing in RE2.
      expect(at(node['pattern'] ?? '')).not.toEqual(at(expect.stringMatching(/\(\?[^:]|\\[1-9u]/)));
      for (const name of (node['required'] as string[] | undefined) ?? []) {
        expect(at(node.properties?.[name])).not.toEqual(at(undefined));
        expect(at(node.properties?.[name]?.['default'])).toEqual(at(undefined));
      }
    }
    expect(structuralSchema(kind)['properties']).toMatchObject({ metadata: { type: 'object' } });
  });

  test('what guards a pod cannot be changed', () => {
    const spec = (structuralSchema('RerankConnection') as Node).properties!['spec']!;
    const { selector, ingress } = spec.properties!;
    for (const node of [selector!, ingress!.properties!['port']!, ingress!.properties!['capture']!]) {
      expect(node['x-kubernetes-validations']).toEqual([
        { rule: 'self == oldSelf', message: 'cannot be changed' },
      ]);
    }
    expect(spec['required']).toEqual(['selector', 'ingress', 'identity']);
    expect(ingress!['required']).toEqual(['port', 'dialects']);
  });

  test('names for kubectl are unique', () => {
    const names = Object.values(KINDS).flatMap(({ plural, shortName }) => [plural, shortName ?? plural]);
    expect(new Set(names).size).toBe(names.length - 1);
  });
});

const FIXTURES = ['connection', 'policy', 'profile', 'secret', 'approval'].map(
  (name) => [name, readFileSync(join(import.meta.dirname, 'testdata', `${name}.yaml`), 'utf8')] as const,
);
const ODD = [
  ...[null, true, 0, -1, 1.5, 1e21, '', 'a', 'Shop_1', '16Mi', '24h', 'null', 'x'.repeat(300), 'deny', 'tei'],
  ...[[], ['a', 'a'], [{}], {}, { a: 'b' }, { 'a b': 1 }],
];

/** A copy with one member replaced, removed or added. */
function change(value: unknown, choose: (max: number) => number): unknown {
  if (typeof value !== 'object' || value === null || choose(5) === 0)
    return structuredClone(ODD[choose(ODD.length - 1)]);
  const entries = Object.entries(value);
  const at = choose(entries.length);
  const [name, member] = entries[at] ?? ['unknown', undefined];
  const rest = entries.filter((_, i) => i !== at);
  const kept = choose(6) === 0 ? rest : [...rest, [name, change(member, choose)] as const];
  return Array.isArray(value) ? kept.map(([, item]) => item) : Object.fromEntries(kept);
}

describe('the reader and an independent validator of the exported JSON Schema', () => {
  test.each(FIXTURES)(
    '%s: what is accepted is valid, also with its defaults; what is invalid is refused',
    (_, text) => {
      const { apiVersion, kind, ...fixture } = parse(text) as { apiVersion: string; kind: Kind };
      const schema = jsonSchema(kind);
      const counts = { accepted: 0, invalid: 0 };
      fc.assert(
        fc.property(fc.infiniteStream(fc.nat()), (stream) => {
          const changed = change(fixture, (max) => Number(stream.next().value) % (max + 1));
          const value = { apiVersion, kind, ...(changed as object) };
          const valid = Schema.Check(schema, value);
          // JSON is YAML.
          const { resources } = readResources([{ file: 'a.json', text: JSON.stringify(value) }]);
          if (!valid) counts.invalid++;
          for (const { object } of resources) {
            counts.accepted++;
            expect(valid).toBe(true);
            expect(Schema.Check(schema, object)).toBe(true);
          }
        }),
        { numRuns: 150 },
      );
      expect(counts.accepted).toBeGreaterThan(5);
      expect(counts.invalid).toBeGreaterThan(50);
    },
  );
});
