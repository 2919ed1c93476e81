import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { runOperator } from './run/index.ts';
import { readSettings } from './settings/index.ts';

const read = readSettings(process.env);
if (!read.ok) {
  for (const problem of read.problems) process.stderr.write(`rankguard-operator: ${problem}\n`);
  process.exit(78);
}
const { settings } = read;
const logger = pino({ level: settings.logLevel, base: { pod: settings.podName } });
process.on('unhandledRejection', (error) => {
  logger.fatal({ error: String(error), stack: (error as Error)?.stack }, 'a promise was forgotten');
  process.exit(70);
});
const kubeconfig = new KubeConfig();
kubeconfig.loadFromDefault();
const operator = await runOperator({
  settings,
  kubeconfig,
  logger,
  cacheDir: join(tmpdir(), 'rankguard-policies'),
});
logger.info({ ports: operator.ports }, 'serving');
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    logger.info({ signal }, 'ending');
    void operator.stop().then(() => process.exit(0));
  });
}
