import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@rankguard/contract';
import type { ReadSecret } from '../runtime/index.ts';

/** Reads Secrets where the kubelet mounts them: a folder for each, a file for each key. */
export function createSecretReader(directory: string): ReadSecret {
  return ({ name, key }) => {
    try {
      return readFileSync(join(directory, name, key));
    } catch (cause) {
      const why = (cause as { code?: string }).code ?? 'unreadable';
      throw new CodedError(
        'CONFIG_INVALID',
        `key ${key} of Secret ${name} is not mounted into this pod (${why}); pods made before it was named must be replaced`,
        { cause },
      );
    }
  };
}
