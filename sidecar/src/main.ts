import process from 'node:process';
import { codeOf } from '@rankguard/contract';
import { REDIRECT_ARGUMENT } from '@rankguard/contract/pod';
import {
  createPod,
  drainSocket,
  readPodConfig,
  readRedirectRules,
  redirect,
  requestDrain,
} from './pod/index.ts';
import { createLog, type Log } from './record/index.ts';

/** After SIGTERM; the app has gone by then, so that no call can still be answered well. */
const GRACE_MS = 10_000;

async function runSidecar(log: Log): Promise<void> {
  const pod = createPod({ config: readPodConfig(process.env), log, now: Date.now });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await pod.start();
  log.logger.info('started');
  await stopped;
  await pod.drain(GRACE_MS);
}

async function runRedirect(log: Log): Promise<void> {
  const rules = readRedirectRules(process.env);
  const program = await redirect(rules);
  log.logger.info({ rules, program }, 'redirected');
}

async function main(argument: string | undefined, log: Log): Promise<void> {
  if (argument === undefined) return runSidecar(log);
  if (argument === REDIRECT_ARGUMENT) return runRedirect(log);
  if (argument === 'drain') return requestDrain(drainSocket());
  throw new Error(`unknown argument; known are ${REDIRECT_ARGUMENT} and drain`);
}

const log = createLog({ fd: 1, level: 'info' });
try {
  await main(process.argv[2], log);
  log.flush();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  log.logger.fatal({ code: codeOf(error) ?? 'INTERNAL' }, message);
  log.flush();
  // Timers and sockets of what did start would keep the process.
  process.exit(1);
}
