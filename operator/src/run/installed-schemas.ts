import { type JsonSchema, KINDS } from '@rankguard/contract/resources';
import type { InstalledSchema } from '../compile/index.ts';
import { createFreshReads, type Kube, type KubeObject, RESOURCES, type ReflectorLog } from '../kube/index.ts';

interface Definition extends KubeObject {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
    }[];
  };
}

/** Schemas as the CustomResourceDefinitions have them. Asked only when a resource has a field that we do not know. */
export function createInstalledSchemas(kube: Pick<Kube, 'get'>, log: ReflectorLog): InstalledSchema {
  const definitions = createFreshReads(async (name) => {
    try {
      return await kube.get<Definition>(RESOURCES.definitions, { name });
    } catch (error) {
      log('warn', 'the schema of a kind cannot be read', { definition: name, error: String(error) });
      throw error;
    }
  });
  return async (kind) => {
    const { plural, apiVersion } = KINDS[kind];
    const [group = '', version = ''] = apiVersion.split('/');
    const definition = await definitions.get(`${plural}.${group}`).catch(() => undefined);
    return definition?.spec.versions.find(({ name }) => name === version)?.schema?.openAPIV3Schema;
  };
}
