import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../examples/support-search/src/demo/processes.ts';
import { followPage } from '../../tools/docs/testing/follow.ts';
import { readPages } from '../../tools/docs/testing/pages.ts';
import { createShell, type Shell } from '../../tools/docs/testing/shell.ts';
import { helm, helmProgram, install, uninstall } from './support/chart.ts';
import { kubectl, kubectlProgram } from './support/kubectl.ts';
import { IMAGES, RELEASE } from './support/settings.ts';

const root = join(import.meta.dirname, '../..');
/** As a reader would go on: from nothing to a guarded reranker, and back. */
const ORDER = [
  'docs/how-to/install.md',
  'docs/tutorial/guard-a-reranker-in-kubernetes.md',
  'docs/how-to/operate-in-a-cluster.md',
  'docs/how-to/upgrade-and-uninstall.md',
  'README.md',
];
/** What the runner of this suite did, or whoever gave it a KUBECONFIG. */
const ELSEWHERE = { 'make images ARGS="--tag 0.1.0"': 'make test-cluster builds the images' };
/** Where the tutorial forwards the Service to. */
const PORT = '9500';

const pages = readPages(root);
let folder: string;
let port: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rankguard-programs-'));
  symlinkSync(kubectlProgram, join(folder, 'kubectl'));
  symlinkSync(helmProgram, join(folder, 'helm'));
  port = String(await freePort());
  const releases = JSON.parse(await helm('list', '--output', 'json')) as { name: string }[];
  if (releases.some(({ name }) => name === RELEASE)) await uninstall();
  await kubectl(['delete', 'namespace', 'support', '--ignore-not-found', '--timeout=90s']);
}, 240_000);
afterAll(async () => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  await kubectl(['delete', 'namespace', 'support', '--ignore-not-found', '--timeout=90s']);
  await install();
}, 300_000);

test('every page with commands for a cluster is followed', () => {
  const shown = pages.filter(({ fences }) => fences.some(({ info }) => info.includes('cluster')));
  expect(shown.map(({ path }) => path)).toEqual(ORDER.toSorted());
});

function startShell(): Shell {
  const { PATH = '', KUBECONFIG } = process.env;
  const images = { REGISTRY: IMAGES.registry, TAG: IMAGES.sidecar.tag };
  const env = { ...process.env, PATH: `${folder}:${PATH}`, KUBECONFIG, ...images };
  return createShell({ root, env, longestMs: 180_000 });
}

test.each(ORDER)(
  '%s does what it shows',
  async (path) => {
    const shell = startShell();
    try {
      const mistake = await followPage(
        {
          shell,
          follows: ({ info }) => info.includes('cluster'),
          rewrite: (text) => text.replaceAll(PORT, port),
          elsewhere: ELSEWHERE,
          soonMs: 60_000,
        },
        pages.find((page) => page.path === path)!,
      );
      expect(mistake).toBeNull();
    } finally {
      await shell.close();
    }
  },
  400_000,
);
