import { type CaRing, createServingCertificates } from '@rankguard/operator/tls';
import { apply, get, kubectl } from './kubectl.ts';
import { startOperators, stopOperators } from './operators.ts';
import { scriptPod } from './serving.ts';
import { RELEASE, SYSTEM } from './settings.ts';

/**
 * Somebody in the operator's place: behind its Service, with a certificate of its own authority, and without the keys
 * that sign bundles. It gives each answer once, in order, and hears what sidecars say.
 */
export interface FalseOperator {
  /** Bundles for polls to come. */
  answer(bundles: readonly unknown[]): Promise<void>;
  /** Bodies of what was posted, a line each with its path in front. */
  heard(): Promise<string>;
  /** Ends it, and brings the operator back. */
  end(): Promise<void>;
}

const NAME = 'false-operator';
const LABELS = {
  'app.kubernetes.io/name': 'rankguard',
  'app.kubernetes.io/instance': RELEASE,
  'app.kubernetes.io/component': 'operator',
};

const SCRIPT = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
const file = '/tmp/answers.json';
const tls = { cert: readFileSync('/files/server.crt'), key: readFileSync('/files/server.key'), minVersion: 'TLSv1.3' };
let given = 0;
let polls = 0;
createServer(tls, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    if (request.method === 'POST') {
      appendFileSync('/tmp/heard', request.url + ' ' + Buffer.concat(parts) + '\\n');
      return response.writeHead(204).end();
    }
    const { path, bundles } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { bundles: [] };
    const isTurn = request.url === path && polls++ % 2 === 1;
    const next = isTurn ? bundles[given] : undefined;
    // No news in between: a sidecar waits longer after each failure. An answer at once would be asked for again at once.
    if (next === undefined) return void setTimeout(() => response.writeHead(304).end(), 200);
    given += 1;
    response.writeHead(200, { 'content-type': 'application/json', etag: '"given-' + given + '"' }).end(JSON.stringify(next));
  });
}).listen(8443);
`;

/** Puts every operator out of service, and takes its place. `path`: of the bundle that its answers are for. */
export async function takeTheOperatorsPlace(path: string): Promise<FalseOperator> {
  const { data } = await get<{ data: Record<string, string> }>('secret', `${RELEASE}-ca`, '-n', SYSTEM);
  const ring = JSON.parse(Buffer.from(data['document.json'] ?? '', 'base64').toString()) as CaRing;
  const names = [`${RELEASE}.${SYSTEM}.svc`];
  const ca = { read: async () => ring, update: async () => ring };
  const certificates = createServingCertificates({ ca, names, now: Date.now });
  await certificates.refresh({ rotate: false });

  async function end(): Promise<void> {
    await startOperators();
    await kubectl(['-n', SYSTEM, 'delete', 'pod,secret', NAME, '--ignore-not-found', '--timeout=60s']);
  }
  try {
    const port = { name: 'control', containerPort: 8443 };
    const served = certificates.serving();
    await apply(
      ...scriptPod({ namespace: SYSTEM, name: NAME, labels: LABELS, script: SCRIPT, served, port }),
    );
    await kubectl(['-n', SYSTEM, 'wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=60s']);
    // Only then: a sidecar that finds nobody waits ever longer.
    await stopOperators(NAME);
  } catch (error) {
    await end();
    throw error;
  }
  const node = (script: string, input?: string) => {
    const words = ['exec', ...(input === undefined ? [] : ['-i']), '-n', SYSTEM, NAME, '--'];
    return kubectl([...words, '/nodejs/bin/node', '--input-type=module', '-e', script], input);
  };

  return {
    async answer(bundles) {
      const script = `import { readFileSync, renameSync, writeFileSync } from 'node:fs';
        writeFileSync('/tmp/answers.new', readFileSync(0)); renameSync('/tmp/answers.new', '/tmp/answers.json');`;
      await node(script, JSON.stringify({ path, bundles }));
    },
    heard: () =>
      node(`import { existsSync, readFileSync } from 'node:fs';
        process.stdout.write(existsSync('/tmp/heard') ? readFileSync('/tmp/heard') : '');`),
    end,
  };
}
