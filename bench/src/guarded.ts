import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Process, startNode } from './processes.ts';

const root = new URL('../../', import.meta.url);
const config = fileURLToPath(new URL('examples/support-search/config/', root));
const cli = fileURLToPath(new URL('cli/bin/rankguard.js', root));
export const ticketsFile = new URL('examples/support-search/data/tickets.json', root);

export interface Issuer {
  readonly url: string;
  readonly token: string;
  close(): void;
}

/** An issuer that publishes one ES256 key: enough for a sidecar, which only ever fetches keys. */
export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256', use: 'sig' };
  let url = '';
  const server: Server = createServer((request, response) => {
    const discovery = { issuer: url, jwks_uri: `${url}/jwks` };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/jwks' ? { keys: [jwk] } : discovery));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const token = await new SignJWT({ groups: ['search-readers', 'billing'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'at+jwt' })
    .setIssuer(url)
    .setAudience('rerank')
    .setSubject('bench')
    .setIssuedAt()
    .setExpirationTime('4h')
    .sign(privateKey);
  return { url, token, close: () => server.close() };
}

/** The flags that the CLI gives its own Node, from its first line. */
function ownFlags(): string[] {
  const [first = ''] = readFileSync(cli, 'utf8').split('\n');
  return first.split(' ').filter((word) => word.startsWith('--'));
}

export interface Guarded {
  readonly process: Process;
  readonly origin: string;
  /** From the start of the process to its ready line, milliseconds. */
  readonly startMs: number;
}

export interface Sandbox {
  readonly directory: string;
  start(upstream: string, options: { core: number | null; nodeArgs?: readonly string[] }): Promise<Guarded>;
  remove(): void;
}

/** The example's own resources, with the bench's issuer; compiled policies are kept between starts. */
export function createSandbox(issuer: Issuer, opa: string): Sandbox {
  const directory = mkdtempSync(join(tmpdir(), 'rankguard-bench-'));
  const folder = join(directory, 'config');
  cpSync(config, folder, { recursive: true });
  const connection = join(folder, 'connection.yaml');
  const text = readFileSync(connection, 'utf8').replace(
    /issuer: http:\/\/127\.0\.0\.1:\d+/,
    `issuer: ${issuer.url}`,
  );
  writeFileSync(connection, text);
  return {
    directory,
    async start(upstream, { core, nodeArgs = [] }) {
      const startedAt = performance.now();
      const args = [
        ...nodeArgs,
        ...ownFlags(),
        cli,
        'run',
        '-f',
        folder,
        '--listen',
        '127.0.0.1:0',
        '--upstream',
        upstream,
      ];
      args.push('--admin', '127.0.0.1:0', '--state', join(directory, 'state'));
      const process = startNode(args, { core, env: { RANKGUARD_OPA: opa } });
      const line = await process.line('listen');
      return {
        process,
        origin: `http://${line['listen'] as string}`,
        startMs: performance.now() - startedAt,
      };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
