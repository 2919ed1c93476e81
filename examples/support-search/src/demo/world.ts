import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { fetchToken, type JournalEntry, PEOPLE } from '../index.ts';
import { freePort, type Processes, waitFor } from './processes.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The issuer that the committed configuration names; the demo puts its own in that place. */
const COMMITTED_ISSUER = 'http://127.0.0.1:9400';

/** Everything that runs during the demo. */
export interface World {
  readonly sidecar: string;
  readonly admin: string;
  readonly reranker: string;
  readonly issuer: string;
  /** The copy of config/ that the sidecar watches. */
  readonly config: string;
  readonly processes: Processes;
  token(person: string, audience?: 'rerank' | 'other'): Promise<string>;
  /** What the reranker received so far. */
  journal(): readonly JournalEntry[];
  /** Sum of a metric's series by the values of the given labels. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  revision(): Promise<number>;
}

export interface WorldOptions {
  /** An empty folder for configuration, state, journal and logs. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts reranker, issuer and sidecar on free ports of loopback, and waits until calls can be made. */
export async function startWorld(options: WorldOptions, processes: Processes): Promise<World> {
  const { folder } = options;
  const config = join(folder, 'config');
  const journalFile = join(folder, 'reranker-journal.jsonl');
  cpSync(here('../../config'), config, { recursive: true });
  mkdirSync(join(folder, 'state'));
  writeFileSync(journalFile, '');

  const [reranker, issuer] = await Promise.all([
    processes.start({
      name: 'reranker',
      file: here('../reranker/main.ts'),
      args: [
        ...['--port', '0', '--hostname', '127.0.0.1'],
        ...['--api-key', upstreamKey(config), '--journal', journalFile],
      ],
    }).url,
    processes.start({ name: 'issuer', file: here('../issuer/main.ts'), args: ['--port', '0'] }).url,
  ]);
  for (const name of readdirSync(config)) {
    const file = join(config, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(COMMITTED_ISSUER, issuer));
  }
  const { sidecar, admin } = await startSidecar({ folder, config, reranker, processes });
  return {
    sidecar,
    admin,
    reranker,
    issuer,
    config,
    processes,
    token: (clientId, audience = 'rerank') =>
      fetchToken({ url: issuer, clientId, secret: secretOf(clientId), audience }),
    journal: () =>
      readFileSync(journalFile, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as JournalEntry),
    metrics: async () => readMetrics(await fetchText(`${admin}/metrics`)),
    revision: async () => readRevision(JSON.parse(await fetchText(`${admin}/config`))),
  };
}

interface SidecarOptions {
  readonly folder: string;
  readonly config: string;
  readonly reranker: string;
  readonly processes: Processes;
}

async function startSidecar({ folder, config, reranker, processes }: SidecarOptions) {
  const listen = `127.0.0.1:${await freePort()}`;
  const adminAt = `127.0.0.1:${await freePort()}`;
  const admin = `http://${adminAt}`;
  const running = processes.start({
    name: 'rankguard',
    file: here('../../../../cli/src/main.ts'),
    args: [
      ...['run', '-f', config, '--listen', listen, '--upstream', reranker],
      ...['--admin', adminAt, '--state', join(folder, 'state')],
    ],
  });
  const isReady = async () => ((await fetch(`${admin}/readyz`)).status === 200 ? true : undefined);
  await waitFor(isReady, { what: `200 from ${admin}/readyz`, seconds: 120, ended: running.ended });
  return { sidecar: `http://${listen}`, admin };
}

function secretOf(clientId: string): string {
  return PEOPLE.find((one) => one.clientId === clientId)?.secret ?? '';
}

/** The key between sidecar and reranker, from the Secret of the configuration. */
function upstreamKey(config: string): string {
  const secret = parse(readFileSync(join(config, 'secret.yaml'), 'utf8')) as { stringData: { key: string } };
  return secret.stringData.key;
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}

function readRevision(config: { revision?: number }): number {
  if (typeof config.revision !== 'number') throw new Error('/config names no revision');
  return config.revision;
}

/** Series of the Prometheus text format, by name and labels as written. */
export function readMetrics(text: string): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][^\s{]*(?:\{.*\})?) (\S+)$/.exec(line);
    if (found) series.set(found[1]!, Number(found[2]));
  }
  return series;
}
