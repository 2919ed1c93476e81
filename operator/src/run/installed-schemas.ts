import { type JsonSchema, KINDS } from '@rankguard/contract/resources';
import type { InstalledSchema } from '../compile/index.ts';
import { type Kube, type KubeObject, RESOURCES, type ReflectorLog } from '../kube/index.ts';

interface Definition extends KubeObject {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
    }[];
  };
}

const FRESH_MS = 60_000;

/** Schemas as the CustomResourceDefinitions have them. Asked only when a resource has a field that we do not know. */
export function createInstalledSchemas(kube: Pick<Kube, 'get'>, log: ReflectorLog): InstalledSchema {
  const kept = new Map<string, { readonly schema: Promise<JsonSchema | undefined>; readonly at: number }>();
  return async (kind) => {
    const { plural, apiVersion } = KINDS[kind];
    const [group = '', version = ''] = apiVersion.split('/');
    const known = kept.get(kind);
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return await known.schema;
    const name = `${plural}.${group}`;
    const schema = kube.get<Definition>(RESOURCES.definitions, { name }).then(
      ({ spec }) => spec.versions.find((one) => one.name === version)?.schema?.openAPIV3Schema,
      (error) => {
        kept.delete(kind);
        log('warn', 'the schema of a kind cannot be read', { kind, error: String(error) });
        return undefined;
      },
    );
    kept.set(kind, { schema, at: performance.now() });
    return await schema;
  };
}
