import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function read(folder: string, name: string) {
  const text = (what: string) =>
    readFileSync(join(import.meta.dirname, folder, `${name}-${what}.pem`), 'utf8');
  return { 'tls.crt': text('cert'), 'tls.key': text('key') };
}

/** Two certificates for localhost and 127.0.0.1 that sign themselves, as the values of kubernetes.io/tls Secrets. */
export const LOCALHOST = read('../identity/testdata', 'localhost');
export const NEXT = read('testdata', 'next');
