import { join } from 'node:path';
import { createCompiler } from '@rankguard/compiler';
import { createLog } from '@rankguard/sidecar/record';
import { type Address, createSidecar, formatAddress } from '@rankguard/sidecar/server';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, Exit, type Io } from '../io.ts';
import { createKeptBundle } from './kept-bundle.ts';
import { startReloading } from './reload.ts';
import { openState } from './state.ts';

interface RunOptions {
  readonly file: string;
  readonly listen: Address;
  readonly upstream: string;
  readonly admin?: Address;
  readonly state?: string;
  readonly connection?: string;
  readonly logLevel: string;
  readonly drainSeconds: number;
}

const EXAMPLES = `
Examples:
  Guard a reranker on port 8080 with the resources of a folder:
    $ rankguard run -f ./config --listen 127.0.0.1:8787 --upstream http://127.0.0.1:8080

  The same with health, metrics and what is in force on a port of its own, and state that outlives a restart:
    $ rankguard run -f ./config --upstream http://127.0.0.1:8080 --admin 127.0.0.1:9090 --state ./state

Edit a file in the folder: the change is checked, compiled and in force within a second, or refused with the
reason in the log while the last good one stays.`;

/** `host:port`, `[v6]:port` or `:port`. */
function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new InvalidArgumentError('expected HOST:PORT, e.g. 127.0.0.1:8787');
  return { host: match[1] ?? (match[2] === '' ? '::' : (match[2] ?? '')), port };
}

function parseUpstream(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/';
  if (!plain || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new InvalidArgumentError('expected an origin without a path, e.g. http://127.0.0.1:8080');
  }
  return url.origin;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new InvalidArgumentError('expected a number of seconds');
  return seconds;
}

export function runCommand(io: Io): Command {
  return new Command('run')
    .description('Guard one reranker without Kubernetes, with the resources of a folder.')
    .requiredOption('-f, --file <dir>', 'folder with the YAML resources (RerankConnection, RerankPolicy, …)')
    .addOption(
      new Option('--listen <addr>', 'where callers connect')
        .argParser(parseAddress)
        .default({ host: '127.0.0.1', port: 8787 }, '127.0.0.1:8787'),
    )
    .addOption(new Option('--upstream <url>', 'the reranker').argParser(parseUpstream).makeOptionMandatory())
    .addOption(
      new Option('--admin <addr>', 'serve /healthz, /readyz, /metrics and /config here').argParser(
        parseAddress,
      ),
    )
    .option('--state <dir>', 'keep compiled policies and the revision here')
    .option('--connection <namespace/name>', 'which connection, when the folder has several')
    .addOption(
      new Option('--log-level <level>', 'what is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      new Option('--drain-seconds <n>', 'how long calls in flight may take when it stops')
        .argParser(parseSeconds)
        .default(30),
    )
    .addHelpText('after', EXAMPLES)
    .action((options: RunOptions) => run(io, options));
}

async function run(io: Io, options: RunOptions): Promise<void> {
  const log = createLog({ fd: 1, level: options.logLevel });
  const sidecar = createSidecar({
    listen: options.listen,
    admin: options.admin,
    upstreamUrl: options.upstream,
    log,
    now: Date.now,
  });
  const cacheDir = options.state === undefined ? undefined : join(options.state, 'policies');
  const compiler = createCompiler({ opa: io.findOpa, ...(cacheDir === undefined ? {} : { cacheDir }) });
  const state = await openState(options.state, Date.now);
  if (state.damaged !== null) log.logger.warn({}, `${state.damaged}; revisions go on from the clock`);
  const reloading = await startReloading({
    directory: options.file,
    connection: options.connection,
    compiler,
    sidecar,
    state,
    kept: createKeptBundle(options.state, io.build),
    logger: log.logger,
  });
  try {
    const bound = await startSidecar(sidecar);
    log.logger.info(
      {
        listen: formatAddress(bound.listen),
        ...(bound.admin === undefined ? {} : { admin: formatAddress(bound.admin) }),
        upstream: options.upstream,
      },
      'ready',
    );
    await stopped(io.stop);
    log.logger.info({ seconds: options.drainSeconds }, 'draining');
  } finally {
    reloading.close();
    await sidecar.drain(options.drainSeconds * 1000);
  }
}

async function startSidecar(sidecar: ReturnType<typeof createSidecar>) {
  try {
    return await sidecar.start();
  } catch (cause) {
    throw new Exit(EXIT.unavailable, `cannot listen: ${(cause as Error).message}`, { cause });
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
