import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { createCompiler } from '@rankguard/compiler';
import { type CallRecord, formatProblem } from '@rankguard/contract';
import type { Log } from '@rankguard/sidecar/record';
import { createSidecar } from '@rankguard/sidecar/server';
import { pino } from 'pino';
import { loadBundle, secretReader } from '../../cli/src/run/load.ts';
import { type ConnectionOptions, resourcesYaml } from './resources.ts';
import { waitFor } from './wait.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** Shared by every suite and run: a policy is compiled once for as long as it and the compiler stay the same. */
export const compiler = createCompiler({
  opa: async () => (await run(join(root, 'tools/opa.sh'))).stdout.trim(),
  cacheDir: join(tmpdir(), 'rankguard-test-policies'),
});

export interface GuardOptions extends ConnectionOptions {
  /** Origin of the reranker. */
  readonly upstream: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Start before any bundle is in force. */
  readonly withoutBundle?: boolean;
}

/** The real sidecar in this process, on a port of its own, with its log in memory. */
export interface Guard {
  readonly port: number;
  readonly adminPort: number;
  /** Records of finished calls, in order. */
  readonly calls: readonly CallRecord[];
  /** Everything that was logged, as text. */
  logText(): string;
  /** The record of a call; waits until it is written. */
  callOf(requestId: string): Promise<CallRecord>;
  /** The value of a metric without labels, as the admin port shows it. */
  metric(name: string): Promise<number>;
  /** Waits until the keys of an issuer were fetched. */
  keysOf(issuer: string): Promise<unknown>;
  close(): Promise<void>;
}

export async function startGuard(options: GuardOptions): Promise<Guard> {
  const { log, calls, logText } = createMemoryLog();
  const sidecar = createSidecar({
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    upstreamUrl: options.upstream,
    log,
    now: options.now ?? Date.now,
  });
  if (options.withoutBundle !== true) {
    const files = [{ file: 'e2e.yaml', text: resourcesYaml(options) }];
    const result = await loadBundle(files, compiler, { connection: undefined, revision: 1 });
    if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
    const { bundle } = result.loaded;
    sidecar.activate(bundle, secretReader(files, bundle.connection.namespace));
  }
  const bound = await sidecar.start();
  const metrics = async () => (await fetch(`http://127.0.0.1:${bound.admin?.port}/metrics`)).text();
  return {
    port: bound.listen.port,
    adminPort: bound.admin?.port ?? 0,
    calls,
    logText,
    callOf: (id) => waitFor(() => calls.find((call) => call.id === id), `the record of call ${id}`),
    async metric(name) {
      return Number(new RegExp(`^${name} (.+)$`, 'm').exec(await metrics())?.[1]);
    },
    keysOf: (issuer) =>
      waitFor(
        async () => (await metrics()).includes(`rankguard_key_set_age_seconds{issuer="${issuer}"}`),
        `the keys of ${issuer}`,
      ),
    close: () => sidecar.drain(0),
  };
}

/** The log as the sidecar writes it, lines and all, kept in memory. */
export function createMemoryLog(): { log: Log; calls: CallRecord[]; logText: () => string } {
  const lines: string[] = [];
  const calls: CallRecord[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = pino({ level: 'debug' }, stream);
  const log: Log = {
    logger,
    call(record) {
      calls.push(record);
      logger.info(record, 'call');
    },
    flush: () => {},
    lost: () => 0,
  };
  return { log, calls, logText: () => lines.join('') };
}
