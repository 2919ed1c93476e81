import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

/** Paths of a certificate and its private key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** The authority of one test cluster. Everything it issues is good for 30 days and lives in its folder. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
  /** Subject as openssl writes it, `/O=system:masters/CN=admin`; names as `DNS:a,IP:1.2.3.4`. */
  issue(name: string, subject: string, alternativeNames?: string): Promise<KeyPair>;
  /** The pair with which ServiceAccount tokens are signed and verified. */
  serviceAccountKeys(): Promise<{ readonly privateKey: string; readonly publicKey: string }>;
}

const DAYS = '30';
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export async function createAuthority(folder: string): Promise<Authority> {
  mkdirSync(folder, { recursive: true });
  const at = (file: string) => join(folder, file);
  const [certificate, key] = [at('ca.crt'), at('ca.key')];
  const root = ['-x509', '-subj', '/CN=rankguard-test-cluster', '-days', DAYS];
  await run('openssl', ['req', ...root, ...EC, '-keyout', key, '-out', certificate]);

  return {
    certificate,
    key,
    async issue(name, subject, alternativeNames = 'DNS:localhost') {
      const pair = { certificate: at(`${name}.crt`), key: at(`${name}.key`) };
      const request = at(`${name}.csr`);
      const extensions = at(`${name}.ext`);
      writeFileSync(
        extensions,
        `extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=${alternativeNames}\n`,
      );
      await run('openssl', ['req', ...EC, '-subj', subject, '-keyout', pair.key, '-out', request]);
      const signer = ['-CA', certificate, '-CAkey', key, '-CAcreateserial', '-days', DAYS];
      await run('openssl', [
        'x509',
        '-req',
        '-in',
        request,
        ...signer,
        '-extfile',
        extensions,
        '-out',
        pair.certificate,
      ]);
      return pair;
    },
    async serviceAccountKeys() {
      const [privateKey, publicKey] = [at('sa.key'), at('sa.pub')];
      await run('openssl', ['genrsa', '-out', privateKey, '2048']);
      await run('openssl', ['rsa', '-in', privateKey, '-pubout', '-out', publicKey]);
      return { privateKey, publicKey };
    },
  };
}

export interface KubeconfigOptions {
  readonly file: string;
  readonly server: string;
  readonly authority: string;
  readonly user: KeyPair;
}

/** Writes a kubeconfig of one user; returns its path. */
export function writeKubeconfig({ file, server, authority, user }: KubeconfigOptions): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: 'user', user: { 'client-certificate': user.certificate, 'client-key': user.key } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user' } }],
    'current-context': 'test',
  };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return file;
}
