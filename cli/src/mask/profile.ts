import { readFile } from 'node:fs/promises';
import { DEFAULT_MASKING, resolveMasking } from '@rankguard/compiler';
import type { ResolvedMasking, SecretRef } from '@rankguard/contract';
import { type ReadResource, readResources, secretValues } from '@rankguard/contract/resources';
import { EXIT, Exit } from '../io.ts';
import { problemLines } from '../problems.ts';

/** A profile made ready, with the key of its tokens. */
export interface LoadedProfile {
  readonly masking: ResolvedMasking;
  readonly tokenKey: Uint8Array | null;
}

/** Reads the one profile of a file; without a file every detector and the default fields apply. Throws Exit. */
export async function readProfile(file: string | undefined): Promise<LoadedProfile> {
  if (file === undefined) return { masking: DEFAULT_MASKING, tokenKey: null };
  const resources = await readFrom(file);
  const [profile, second] = resources.filter(isProfile);
  if (profile === undefined || second !== undefined) {
    throw new Exit(EXIT.data, `${file} must hold one MaskingProfile or ClusterMaskingProfile`);
  }
  const resolved = resolveMasking(profile, resources);
  if (!resolved.ok) throw new Exit(EXIT.data, problemLines(resolved.problems).trimEnd());
  const { masking } = resolved;
  return { masking, tokenKey: masking.tokenKey === null ? null : keyOf(resources, masking.tokenKey) };
}

type ReadProfileResource = Extract<ReadResource, { kind: 'MaskingProfile' | 'ClusterMaskingProfile' }>;

function isProfile(resource: ReadResource): resource is ReadProfileResource {
  return resource.kind === 'MaskingProfile' || resource.kind === 'ClusterMaskingProfile';
}

async function readFrom(file: string): Promise<readonly ReadResource[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const { resources, problems } = readResources([{ file, text }]);
  if (problems.length > 0) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  return resources;
}

function keyOf(resources: readonly ReadResource[], { name, key }: SecretRef): Uint8Array | null {
  const secret = resources.find((resource) => resource.kind === 'Secret' && resource.name === name);
  return secret?.kind === 'Secret' ? (secretValues(secret.object).get(key) ?? null) : null;
}
