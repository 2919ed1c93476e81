import { parseAllDocuments } from 'yaml';

/** The members of a Secret that hold its values. */
export interface SecretData {
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** The values of a Secret by key, decoded. */
export function secretValues(secret: SecretData): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(secret.data ?? {})) values.set(key, Buffer.from(value, 'base64'));
  for (const [key, value] of Object.entries(secret.stringData ?? {}))
    values.set(key, Buffer.from(value, 'utf8'));
  return values;
}

interface SecretDocument extends SecretData {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown };
}

/**
 * The Secrets of one namespace, by name, in files that `readResources` has found to be valid. Reads nothing else
 * in them: a sidecar that starts with a compiled bundle needs only these.
 */
export function readSecrets(
  texts: readonly string[],
  namespace: string,
): ReadonlyMap<string, ReadonlyMap<string, Uint8Array>> {
  const secrets = new Map<string, ReadonlyMap<string, Uint8Array>>();
  for (const text of texts) {
    if (!text.includes('Secret')) continue;
    for (const document of parseAllDocuments(text)) {
      const value = document.toJS() as SecretDocument | null;
      if (value?.kind !== 'Secret' || value.apiVersion !== 'v1') continue;
      if ((value.metadata?.namespace ?? 'default') !== namespace) continue;
      secrets.set(String(value.metadata?.name), secretValues(value));
    }
  }
  return secrets;
}
