import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../../../tools/cluster/certificates.ts';
import type { Manifest } from './kubectl.ts';
import { IMAGES } from './settings.ts';

export interface Served {
  /** PEM certificate and PKCS #8 key. */
  readonly cert: string;
  readonly key: string;
}

/** An authority of the test's own, and a certificate of it for one DNS name. */
export async function certificateFor(name: string): Promise<Served & { readonly ca: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'rankguard-tls-'));
  try {
    const authority = await createAuthority(folder);
    const pair = await authority.issue('server', `/CN=${name}`, `DNS:${name}`);
    const read = (path: string) => readFileSync(path, 'utf8');
    return { ca: read(authority.certificate), cert: read(pair.certificate), key: read(pair.key) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface ScriptShape {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** An ES module; it finds `server.crt` and `server.key` in `/files`, and serves on {@link ScriptShape.port}. */
  readonly script: string;
  readonly served: Served;
  readonly port: { readonly name: string; readonly containerPort: number };
}

/** A pod whose Node runs a script over TLS, with what it reads. */
export function scriptPod({ namespace, name, labels, script, served, port }: ScriptShape): Manifest[] {
  const metadata = { name, namespace };
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { 'server.crt': served.cert, 'server.key': served.key, 'main.mjs': script },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, labels },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'script',
            image: IMAGES.example,
            imagePullPolicy: IMAGES.pullPolicy,
            command: ['/nodejs/bin/node', '/files/main.mjs'],
            ports: [port],
            readinessProbe: { tcpSocket: { port: port.containerPort }, periodSeconds: 1 },
            volumeMounts: [{ name: 'files', mountPath: '/files' }],
          },
        ],
        volumes: [{ name: 'files', secret: { secretName: name } }],
      },
    },
  ];
}
