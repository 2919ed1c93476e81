import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { crdFiles } from '../tools/crds/index.ts';

const root = join(import.meta.dirname, '..');
const files = [...crdFiles()];

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
}
interface Crd {
  readonly spec: {
    readonly names: { readonly kind: string; readonly categories: readonly string[] };
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: Schema };
      readonly additionalPrinterColumns: readonly { readonly jsonPath: string }[];
      readonly selectableFields?: readonly { readonly jsonPath: string }[];
    }[];
  };
}
const crds = files.map(([, text]) => parse(text) as Crd);
const schemaOf = (kind: string) => versionOf(kind).schema.openAPIV3Schema;
const versionOf = (kind: string) => crds.find(({ spec }) => spec.names.kind === kind)!.spec.versions[0]!;

/** The schema at a path such as `.spec.ingress.port`, where it stops at the first filter. */
function at(schema: Schema, path: string): Schema | undefined {
  const names = path.replace(/\[.*$/, '').split('.').filter(Boolean);
  return names.reduce<Schema | undefined>((node, name) => node?.properties?.[name], schema);
}

function* undescribed(schema: Schema, place: string): Generator<string> {
  if (schema.description === undefined && !/^\.(apiVersion|kind|metadata)$/.test(place)) yield place;
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* undescribed(member, `${place}.${name}`);
  if (schema.items) yield* undescribed(schema.items, `${place}[]`);
  if (schema.additionalProperties) yield* undescribed(schema.additionalProperties, `${place}.*`);
}

describe('crds/', () => {
  test('holds what the schemas say and nothing else', () => {
    const found = readdirSync(join(root, 'crds')).map((name) => `crds/${name}`);
    expect(found.toSorted()).toEqual(files.map(([path]) => path).toSorted());
    for (const [path, text] of files) {
      // Mended by: node -C source tools/crds/main.ts
      expect([path, readFileSync(join(root, path), 'utf8') === text]).toEqual([path, true]);
    }
  });

  test.each(crds.map((crd) => [crd.spec.names.kind, crd] as const))(
    '%s: kubectl explain has a sentence for every field; columns and selectors name fields that exist',
    (_, { spec }) => {
      expect(spec.names.categories).toEqual(['rankguard']);
      for (const { schema, additionalPrinterColumns, selectableFields = [] } of spec.versions) {
        expect([...undescribed(schema.openAPIV3Schema, '')]).toEqual([]);
        const paths = [...additionalPrinterColumns, ...selectableFields].map(({ jsonPath }) => jsonPath);
        const unknown = paths.filter(
          (path) => path !== '.metadata.creationTimestamp' && !at(schema.openAPIV3Schema, path),
        );
        expect(unknown).toEqual([]);
      }
    },
  );

  test('what a pod was captured by cannot change under it', () => {
    const schema = schemaOf('RerankConnection');
    for (const path of ['.spec.selector', '.spec.ingress.port', '.spec.ingress.capture'])
      expect(at(schema, path)?.['x-kubernetes-validations']?.map(({ rule }) => rule)).toEqual([
        'self == oldSelf',
      ]);
  });
});
