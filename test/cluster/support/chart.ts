import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../tools/cluster/run.ts';
import { clusterPrograms } from '../../support/api-server.ts';
import { IMAGES, RELEASE, SYSTEM } from './settings.ts';

const built = clusterPrograms.path('helm');
/** Path of Helm, or its name on PATH. */
export const helmProgram = existsSync(built) ? built : 'helm';
const chart = join(import.meta.dirname, '../../../charts/rankguard');

export function helm(...args: readonly string[]): Promise<string> {
  return run(helmProgram, ['--kubeconfig', process.env['KUBECONFIG'] ?? '', '-n', SYSTEM, ...args]);
}

/** Installs or upgrades the chart with the images under test, and waits until it is ready. */
export function install(...values: readonly string[]): Promise<string> {
  const all = [
    `operator.image.repository=${IMAGES.operator.repository}`,
    `operator.image.tag=${IMAGES.operator.tag}`,
    `operator.image.pullPolicy=${IMAGES.pullPolicy}`,
    `sidecar.image.repository=${IMAGES.sidecar.repository}`,
    `sidecar.image.tag=${IMAGES.sidecar.tag}`,
    `sidecar.image.pullPolicy=${IMAGES.pullPolicy}`,
    // One node of two cores has to run everything.
    'operator.resources.requests.cpu=50m',
    'sidecar.resources.requests.cpu=20m',
    ...values,
  ];
  const sets = all.flatMap((value) => ['--set', value]);
  return helm(
    'upgrade',
    '--install',
    RELEASE,
    chart,
    '--create-namespace',
    '--wait',
    '--timeout',
    '240s',
    ...sets,
  );
}

export function uninstall(): Promise<string> {
  return helm('uninstall', RELEASE, '--wait', '--timeout', '120s');
}
