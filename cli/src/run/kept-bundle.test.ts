import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Bundle } from '@rankguard/contract';
import { createKeptBundle } from './kept-bundle.ts';

const KEPT = {
  bundle: { format: 1, revision: 7, digest: 'd', policies: [] } as unknown as Bundle,
  warnings: [],
};
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kept-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('gives back what was made of the same files by the same build', async () => {
  await createKeptBundle(directory, 'build').write('files', KEPT);
  expect(await createKeptBundle(directory, 'build').read('files')).toMatchObject(KEPT);
});

test.each([
  ['other files', 'build', 'changed'],
  ['another build', 'newer', 'files'],
])('gives nothing for %s', async (_, build, digest) => {
  await createKeptBundle(directory, 'build').write('files', KEPT);
  expect(await createKeptBundle(directory, build).read(digest)).toBeUndefined();
});

test('gives nothing when a byte was changed or the file was cut short', async () => {
  const kept = createKeptBundle(directory, 'build');
  await kept.write('files', KEPT);
  const path = join(directory, 'bundle.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('"revision":7', '"revision":8'));
  expect(await kept.read('files')).toBeUndefined();
  await writeFile(path, text.slice(0, -5));
  expect(await kept.read('files')).toBeUndefined();
});

test('keeps nothing without a directory or for code that runs from its sources', async () => {
  for (const kept of [createKeptBundle(undefined, 'build'), createKeptBundle(directory, null)]) {
    await kept.write('files', KEPT);
    expect(await kept.read('files')).toBeUndefined();
  }
});

test('a directory that cannot be written is no failure', async () => {
  const kept = createKeptBundle(join(directory, 'missing'), 'build');
  await kept.write('files', KEPT);
  expect(await kept.read('files')).toBeUndefined();
});
