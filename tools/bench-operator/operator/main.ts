import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { runOperator } from '@rankguard/operator/run';
import { readSettings } from '@rankguard/operator/settings';
import { pino } from 'pino';

/** The operator as its main.ts runs it, on ports that the bench has chosen. */
const environment = process.env;
const read = readSettings(environment);
if (!read.ok) throw new Error(read.problems.join('\n'));
const kubeconfig = new KubeConfig();
kubeconfig.loadFromDefault();
await runOperator({
  settings: read.settings,
  kubeconfig,
  logger: pino({ level: read.settings.logLevel }),
  cacheDir: join(tmpdir(), 'policies'),
  host: '127.0.0.1',
  ports: JSON.parse(environment['RANKGUARD_BENCH_PORTS'] ?? '{}'),
});
