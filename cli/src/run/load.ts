import { buildBundle, type Compiler, resolve } from '@rankguard/compiler';
import {
  type Bundle,
  CodedError,
  type CompiledPolicy,
  type Problem,
  type SecretRef,
} from '@rankguard/contract';
import { readResources, readSecrets, type SourceFile } from '@rankguard/contract/resources';

export interface Loaded {
  readonly bundle: Bundle;
  readonly warnings: readonly Problem[];
}

export type LoadResult =
  | { readonly ok: true; readonly loaded: Loaded }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Makes a bundle of a folder's YAML: read, resolve, compile and test every policy, or say all that is wrong. */
export async function loadBundle(
  files: readonly SourceFile[],
  compiler: Compiler,
  options: { readonly connection: string | undefined; readonly revision: number },
): Promise<LoadResult> {
  const read = readResources(files);
  const errors = read.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { ok: false, problems: read.problems };
  const { connection: wanted } = options;
  const resolved = resolve(read.resources, wanted === undefined ? {} : { connection: wanted });
  if (!resolved.ok) return { ok: false, problems: resolved.problems };
  const { connection, masking } = resolved;
  const compiled = await Promise.all(resolved.policies.map((source) => compiler.release(source)));
  const problems = compiled.flatMap((result) => (result.ok ? [] : result.problems));
  if (problems.length > 0) return { ok: false, problems };
  const policies: CompiledPolicy[] = compiled.flatMap((result) => (result.ok ? [result.policy] : []));
  const bundle = buildBundle({ connection, masking, policies, revision: options.revision, expires: null });
  const warnings = compiled.flatMap((result) => (result.ok ? result.warnings : []));
  return {
    ok: true,
    loaded: {
      bundle,
      warnings: [...read.problems, ...resolved.notices, ...warnings],
    },
  };
}

export type ReadSecret = (reference: SecretRef) => Uint8Array;

/** Looks up the Secrets of a namespace in files that were read without a problem. */
export function secretReader(files: readonly SourceFile[], namespace: string): ReadSecret {
  const secrets = readSecrets(
    files.map(({ text }) => text),
    namespace,
  );
  return ({ name, key }) => {
    const value = secrets.get(name)?.get(key);
    if (value !== undefined) return value;
    throw new CodedError(
      'CONFIG_INVALID',
      `Secret ${namespace}/${name} with the key ${key} is not in the folder`,
    );
  };
}
