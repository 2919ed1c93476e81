import type { SecretRef } from '@rankguard/contract';
import { type ReadResource, secretValues } from '@rankguard/contract/resources';
import { ofKind, type Report } from './report.ts';

/** A reference as a resource writes it, and where. */
export interface SecretUse {
  readonly resource: ReadResource;
  /** Path of the object that holds `secretKeyRef`. */
  readonly path: string;
  readonly reference: SecretRef;
  /** What is wrong with a value, or undefined. Must not quote it. */
  readonly check?: (value: Uint8Array) => string | undefined;
}

/** Looks Secrets up in the namespace of the connection; what is missing or unfit is a problem where it is named. */
export function createSecretCheck(resources: readonly ReadResource[], namespace: string, report: Report) {
  function find(resource: ReadResource, path: string, name: string) {
    const secrets = ofKind(resources, 'Secret').filter((secret) => secret.name === name);
    const found = secrets.find((secret) => secret.namespace === namespace);
    if (found === undefined) {
      const [other] = secrets;
      const hint = other === undefined ? '' : `; there is one in namespace ${other.namespace}`;
      report.error(resource, path, `no Secret ${namespace}/${name} in the files${hint}`);
    }
    return found;
  }

  return {
    key({ resource, path, reference, check }: SecretUse): SecretRef {
      const secret = find(resource, `${path}.secretKeyRef.name`, reference.name);
      if (secret === undefined) return reference;
      const value = secretValues(secret.object).get(reference.key);
      const wrong = value === undefined ? 'has no such key' : check?.(value);
      if (wrong !== undefined) {
        const key = `key ${reference.key} of Secret ${namespace}/${reference.name}`;
        const message =
          value === undefined ? `Secret ${namespace}/${reference.name} ${wrong}` : `${key} ${wrong}`;
        report.error(resource, `${path}.secretKeyRef.key`, message);
      }
      return reference;
    },
    /** A kubernetes.io/tls Secret. */
    tls(resource: ReadResource, path: string, name: string): string {
      const secret = find(resource, path, name);
      const keys = secret === undefined ? undefined : secretValues(secret.object);
      for (const key of ['tls.crt', 'tls.key']) {
        if (keys?.has(key) === false)
          report.error(resource, path, `Secret ${namespace}/${name} has no key ${key}`);
      }
      return name;
    },
  };
}

export type SecretCheck = ReturnType<typeof createSecretCheck>;

/** For a cluster, where only the sidecar can read Secrets: it refuses a bundle whose Secrets are missing or unfit. */
export const UNREAD_SECRETS: SecretCheck = {
  key: ({ reference }) => reference,
  tls: (_resource, _path, name) => name,
};

/** RFC 9110 section 5.5, without white space inside: the value is a credential. */
export function headerValue(value: Uint8Array): string | undefined {
  const text = Buffer.from(value).toString('utf8').trim();
  // A credential of AWS is a JSON object: it signs, and is never sent.
  return text.startsWith('{') || /^[\x21-\x7e]+$/.test(text)
    ? undefined
    : 'is no header value: expected printable ASCII without spaces';
}

/** A shorter key can be guessed, and with it every token's original. */
export function tokenKey(value: Uint8Array): string | undefined {
  return value.byteLength >= 16 ? undefined : 'is shorter than 16 bytes';
}
