import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerAnswers } from '../../tools/cluster/kind.ts';
import { layoutOf } from '../../tools/cluster/node/layout.ts';
import { reasonAgainstNode } from '../../tools/cluster/requirements.ts';

/**
 * Runs the end-to-end suite: on the cluster that KUBECONFIG names, else on a node made for it and removed afterwards
 * (KEEP=1 leaves it). Where neither is possible it says why, and counts as one skipped test.
 * Arguments are Jest's.
 */
const root = join(import.meta.dirname, '../..');
/** Jest's own option. */
const OUTPUT = '--outputFile=';
const cluster = ['-C', 'source', 'tools/cluster/main.ts'];

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function must(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<void> {
  const code = await start(command, args, env);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}`);
}

/** Makes a node and puts the images into it. */
async function makeNode(folder: string): Promise<void> {
  const env = { RANKGUARD_CLUSTER: folder };
  await must(process.execPath, [...cluster, 'up'], env);
  const archives = mkdtempSync(join(tmpdir(), 'rankguard-images-'));
  await must(process.execPath, ['-C', 'source', 'tools/images/main.ts', '--archives', archives]);
  const files = readdirSync(archives).map((file) => join(archives, file));
  await must(process.execPath, [...cluster, 'load', ...files], env);
  rmSync(archives, { recursive: true, force: true });
}

function jest(kubeconfig: string, args: readonly string[]): Promise<number> {
  const words = ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules'];
  const program = 'node_modules/jest/bin/jest.js';
  const config = ['--config', 'test/cluster/jest.config.json', '--runInBand'];
  return start(process.execPath, [...words, program, ...config, ...args], { KUBECONFIG: kubeconfig });
}

async function main(args: readonly string[]): Promise<number> {
  const given = process.env['KUBECONFIG'];
  if (given !== undefined && given !== '') return jest(given, args);
  const reason = (await dockerAnswers()) ? null : await reasonAgainstNode();
  if (reason !== null) {
    process.stderr.write(`cluster: the end-to-end suite is skipped: ${reason}\n`);
    const output = args.find((word) => word.startsWith(OUTPUT))?.slice(OUTPUT.length);
    if (output !== undefined) writeFileSync(output, JSON.stringify({ numPendingTests: 1 }));
    return 0;
  }
  const folder = join(root, 'tools/.cache/cluster-test');
  try {
    await makeNode(folder);
    return await jest(layoutOf(folder).kubeconfig, args);
  } finally {
    if (process.env['KEEP'] !== '1')
      await must(process.execPath, [...cluster, 'down'], { RANKGUARD_CLUSTER: folder });
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`cluster: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
