import type { Bundle, CompiledPolicy, ResolvedConnection, ResolvedMasking } from '@rankguard/contract';
import { digestOf } from './digest.ts';

export interface BundleParts {
  readonly connection: ResolvedConnection;
  readonly masking: ResolvedMasking;
  readonly policies: readonly CompiledPolicy[];
  /** Monotonic per connection. */
  readonly revision: number;
  /** unix seconds; null: never. */
  readonly expires: number | null;
}

/** What a sidecar runs. The digest is over what it does, so equal digests behave alike whatever their revision. */
export function buildBundle({ connection, masking, policies, revision, expires }: BundleParts): Bundle {
  const content = { expires, connection, policies, masking };
  return { format: 1, revision, digest: digestOf(content), ...content };
}
