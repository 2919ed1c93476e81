import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createGate, waitFor } from '../../../test/support/wait.ts';
import { type Watcher, watchDirectory } from './watch.ts';

const NEVER = { lookAnywayMs: 1_000_000 };
let folder: string;
let outside: string;
let watcher: Watcher | undefined;
let looks: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rankguard-watch-'));
  outside = mkdtempSync(join(tmpdir(), 'rankguard-watch-'));
  looks = 0;
});
afterEach(() => {
  watcher?.close();
  for (const path of [folder, outside]) rmSync(path, { recursive: true, force: true });
});

async function look(): Promise<void> {
  looks++;
}

/** Waits until somebody has looked after `change`. */
async function seen(what: string, change: () => void): Promise<void> {
  const before = looks;
  change();
  await waitFor(() => looks > before, `a look after ${what}`);
}

function put(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

/** As editors, Git and Kubernetes write: a new file takes the name. */
function replace(path: string, text: string): void {
  const draft = join(outside, 'draft');
  writeFileSync(draft, text);
  renameSync(draft, join(folder, path));
}

test('a file that is replaced by a rename is seen each time, and so is a write into the new one', async () => {
  put('a.yaml', '0');
  mkdirSync(join(folder, 'inside'));
  put('inside/b.yaml', '0');
  watcher = watchDirectory(folder, look, NEVER);
  for (const path of ['a.yaml', 'inside/b.yaml']) {
    for (const text of ['1', '2', '3']) await seen(`rename ${text} of ${path}`, () => replace(path, text));
    await seen(`a write into ${path}`, () => put(path, '4'));
  }
});

test('folders that come later are watched, and may go again', async () => {
  watcher = watchDirectory(folder, look, NEVER);
  await seen('a new folder', () => mkdirSync(join(folder, 'new')));
  await seen('a file in it', () => put('new/a.yaml', '1'));
  await seen('a change of it', () => put('new/a.yaml', '2'));
  await seen('the end of the folder', () => rmSync(join(folder, 'new'), { recursive: true }));
  await seen('a file beside it', () => put('a.yaml', '1'));
});

test('a link that is set anew is seen, as Kubernetes updates mounted ConfigMaps', async () => {
  for (const version of ['..1', '..2']) {
    mkdirSync(join(folder, version));
    put(`${version}/a.yaml`, version);
  }
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync('..data/a.yaml', join(folder, 'a.yaml'));
  watcher = watchDirectory(folder, look, NEVER);
  await seen('the new link', () => {
    symlinkSync('..2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  });
});

test('it is never looked twice at once, and what changes meanwhile is looked at again', async () => {
  const gate = createGate();
  let now = 0;
  let most = 0;
  watcher = watchDirectory(
    folder,
    async () => {
      most = Math.max(most, ++now);
      looks++;
      if (looks === 1) await gate.opened;
      now--;
    },
    { lookAnywayMs: 5 },
  );
  put('a.yaml', '1');
  await waitFor(() => looks === 1, 'the first look');
  put('a.yaml', '2');
  gate.open();
  await waitFor(() => looks > 2, 'more looks');
  expect(most).toBe(1);
});

test('where no change is told, it is looked anyway', async () => {
  watcher = watchDirectory(join(folder, 'not there yet'), look, { lookAnywayMs: 5 });
  await waitFor(() => looks > 1, 'looks');
});

test('after close nobody looks', async () => {
  watcher = watchDirectory(folder, look, { lookAnywayMs: 5 });
  await waitFor(() => looks > 0, 'a look');
  watcher.close();
  const gate = createGate();
  const other = watchDirectory(folder, async () => gate.open(), NEVER);
  const before = looks;
  put('a.yaml', '1');
  await gate.opened;
  other.close();
  expect(looks).toBeLessThanOrEqual(before + 1);
});
