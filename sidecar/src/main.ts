import process from 'node:process';
import { codeOf } from '@rankguard/contract';
import { REDIRECT_ARGUMENT } from '@rankguard/contract/pod';
import { drainSocket, requestDrain } from './pod/drain.ts';

/** After SIGTERM; the app has gone by then, so that no call can still be answered well. */
const GRACE_MS = 10_000;

/**
 * Loaded when they are needed: the preStop hook's process runs beside the sidecar, within the memory limit of its
 * container.
 */
const [loadPod, loadRecord] = [() => import('./pod/index.ts'), () => import('./record/index.ts')];

async function runSidecar(): Promise<void> {
  const [{ createPod, readPodConfig }, { createLog }] = await Promise.all([loadPod(), loadRecord()]);
  const log = createLog({ fd: 1, level: 'info' });
  const pod = createPod({ config: readPodConfig(process.env), log, now: Date.now });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await pod.start();
  log.logger.info('started');
  await stopped;
  await pod.drain(GRACE_MS);
}

async function runRedirect(): Promise<void> {
  const { readRedirectRules, redirect } = await loadPod();
  const rules = readRedirectRules(process.env);
  say('info', { rules, program: await redirect(rules), msg: 'redirected' });
}

async function main(argument: string | undefined): Promise<void> {
  if (argument === undefined) return runSidecar();
  if (argument === REDIRECT_ARGUMENT) return runRedirect();
  if (argument === 'drain') return requestDrain(drainSocket());
  throw new Error(`unknown argument; known are ${REDIRECT_ARGUMENT} and drain`);
}

/** A line as the log writes it. */
function say(level: 'info' | 'fatal', fields: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ level, ...fields })}\n`);
}

try {
  await main(process.argv[2]);
} catch (error) {
  say('fatal', {
    code: codeOf(error) ?? 'INTERNAL',
    msg: error instanceof Error ? error.message : String(error),
  });
  // Timers and sockets of what did start would keep the process.
  process.exit(1);
}
