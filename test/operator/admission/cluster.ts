import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Express } from 'express';
import { parse } from 'yaml';
import { type ApiServer, startApiServer } from '../../../tools/cluster/api-server.ts';
import { type BinaryStore, createBinaryStore } from '../../../tools/cluster/binaries.ts';

const ROOT = join(import.meta.dirname, '../../..');

export const store: BinaryStore = createBinaryStore({
  cache: join(ROOT, 'tools/.cache'),
  say: () => undefined,
});

/** What kubectl said. */
export interface Said {
  readonly code: number;
  readonly text: string;
}

/** A real API server with Rankguard's CRDs, and kubectl as different people. */
export interface TestCluster {
  readonly server: ApiServer;
  /** Runs kubectl as cluster admin, or with another kubeconfig; `input` goes to standard input as JSON. */
  kubectl(args: readonly string[], input?: unknown, kubeconfig?: string): Promise<Said>;
  /** `kubectl apply`, which must work. */
  apply(...objects: readonly unknown[]): Promise<void>;
  /** Serves webhooks on loopback, with a certificate that the cluster's authority signed. */
  serve(app: Express): Promise<string>;
  close(): Promise<void>;
}

export async function startTestCluster(): Promise<TestCluster> {
  const server = await startApiServer(store);
  const servers: Server[] = [];
  const kubectl: TestCluster['kubectl'] = (args, input, kubeconfig = server.kubeconfig) =>
    new Promise((resolve) => {
      const child = execFile(server.kubectl, ['--kubeconfig', kubeconfig, ...args], (error, out, err) => {
        resolve({ code: error === null ? 0 : 1, text: `${out}${err}` });
      });
      child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
    });
  const apply = async (...objects: readonly unknown[]): Promise<void> => {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const said = await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
    if (said.code !== 0) throw new Error(said.text);
  };
  const crds = readdirSync(join(ROOT, 'crds')).map((name) =>
    parse(readFileSync(join(ROOT, 'crds', name), 'utf8')),
  );
  await apply(...crds);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  return {
    server,
    kubectl,
    apply,
    async serve(app) {
      const pair = await server.authority.issue('webhook', '/CN=webhook', 'IP:127.0.0.1');
      const [cert, key] = [readFileSync(pair.certificate), readFileSync(pair.key)];
      const https = createServer({ cert, key }, app);
      servers.push(https);
      await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
      return `https://127.0.0.1:${(https.address() as AddressInfo).port}`;
    },
    async close() {
      for (const https of servers) {
        https.closeAllConnections();
        https.close();
      }
      await server.close();
    },
  };
}

/** Tries until it says yes: the API server takes up webhooks and policies a moment after they are stored. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 45_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 45 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
